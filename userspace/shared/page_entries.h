/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_entries.h - page table entries, as our module page_table reads them
 */
#ifndef PAGE_ENTRIES_H
#define PAGE_ENTRIES_H

#include <stdint.h>

#include "page_table.h"

#define PAGE_TABLE "/dev/page_table"

/* Loads the module if need be; -1 if it is not there. */
int open_page_table(void);

/* The entry that maps an address, of this process or of the kernel; there must be one. */
struct page_table_entry entry_of(int fd, uint64_t addr);

/* What new entries around an address of this process begin with: no frame is in it. */
struct page_table_entry vma_of(int fd, uint64_t addr);

#endif /* PAGE_ENTRIES_H */
