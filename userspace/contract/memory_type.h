/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory_type.h - contract 6.1: all mappings of a page frame have the same memory type
 *
 * For labs whose memory is not the kernel's ordinary RAM.
 */
#ifndef MEMORY_TYPE_H
#define MEMORY_TYPE_H

#include <stdint.h>

/* The types in use, of I/O memory and reserved RAM; x86 only. */
#define PAT_LIST "/sys/kernel/debug/x86/pat_memtype_list"

enum memory_type { CACHED, COMBINED, UNCACHED };

/*
 * Fails the check if the kernel's mapping or one of ours has another type, and skips
 * it where nothing shows the types.
 */
void assert_memory_type(enum memory_type expected);

/*
 * Skips the check where nothing shows the types. For checks that map or load something, or
 * ask in a child, before the functions below would skip them.
 */
void need_memory_types(void);

/* The type by the entry that maps an address; skips the check where nothing shows it. */
unsigned int memory_type_at(uint64_t addr);

/* The one that new entries around a user address get; skips the check in the same way. */
unsigned int memory_type_of_vma(uint64_t addr);

#endif /* MEMORY_TYPE_H */
