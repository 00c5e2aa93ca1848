/* SPDX-License-Identifier: GPL-2.0 */
/*
 * user_side.h - the memory as this process has mapped it
 */
#ifndef USER_SIDE_H
#define USER_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define READ_WRITE (PROT_READ | PROT_WRITE)

/* These fail the check if the system call fails; open() with O_RDWR or another. */
int open_device(int mode);
int must_open(int mode);
void *must_map(int fd, size_t length, int prot, int flags, uint64_t offset);
void must_unmap(volatile void *map, size_t length);

/*
 * A copy of some bytes, behind which nothing is mapped: of a request that has more, the kernel
 * gets a part only.
 */
void *before_a_hole(const void *bytes, size_t count);

/*
 * mmap() as the kernel has it, with an offset in bytes: the C library refuses some
 * calls itself. Returns an address, or -1 with errno.
 */
long raw_mmap(unsigned long addr, unsigned long length, int prot, int flags,
	      int fd, unsigned long offset);

/* Takes what mmap() or mremap() returned, and errno, and fails if it worked. */
void assert_refused(void *map, int expected_errno, const char *what);

/* Where a page of lab.map begins; a page that is mapped, without an access. */
volatile uint32_t *mapped_page(uint64_t page);
bool is_mapped(volatile void *page);

/* An address from which so many bytes are free. */
void *find_room(size_t length);

/*
 * Write the whole pattern of lab.seed to a mapping of the device, after a look
 * whether the page frames there are the lab's; unguarded: to any memory, without
 * a look.
 */
void write_pattern(volatile uint32_t *words);
void write_unguarded(volatile uint32_t *words);

/* The page frame that the page table entry of an address in lab.map holds. */
uint64_t mapped_pfn(const volatile uint32_t *addr);

/* Whether an address in a mapping has its page table entry; no access to it. */
bool has_entry(const volatile uint32_t *addr);

/* These pages of lab.map show the pattern, and lie in the lab's frames. */
void assert_pages(uint64_t first, uint64_t count, const char *which);

/* A line of /proc/self/smaps: what follows a key, for the VMA around an address. */
void read_smaps(const volatile void *addr, const char *key, char *text,
		size_t size);

/* Of VmFlags, which are two letters and a blank each. */
bool has_vm_flag(const char *flags, const char *flag);

#endif /* USER_SIDE_H */
