/* SPDX-License-Identifier: GPL-2.0 */
/*
 * calls.h - the kinds of random calls
 *
 * Each draws its arguments, notes the call, makes it, compares what it returned
 * with what the model predicts, and returns whether the call succeeded.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>

/* vma_calls.c */
bool random_mmap(void);
bool random_munmap(void);
bool random_mprotect(void);
bool random_mremap(void);
bool random_madvise(void);
bool random_msync(void);

/* access_calls.c: the kernel reads and writes mapped memory, then we do */
bool random_peek(void);
bool random_poke(void);

/* Compares the page table entry of an address, and a word there. */
void look_at(unsigned long addr);

/* data_calls.c */
bool random_lseek(void);
bool random_read(void);
bool random_pread(void);
bool random_write(void);
bool random_pwrite(void);

/* request_calls.c */
bool random_ioctl(void);

/* Compares the whole memory and the number of mappings, and has a byte found. */
void compare_all(void);

#endif /* CALLS_H */
