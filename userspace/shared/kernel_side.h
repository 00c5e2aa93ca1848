/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel_side.h - the memory as the kernel reads and writes it
 */
#ifndef KERNEL_SIDE_H
#define KERNEL_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"
#include "program.h"

/* Every request of lab.h, and the operation that a lab needs to have it. */
struct request {
	const char *name;
	unsigned long number;
	enum operation operation;
};

#define REQUESTS 15

extern const struct request requests[REQUESTS];

/* Fails the check if the ioctl fails; @name is for the message. */
void must_ioctl(unsigned long request, void *arg, const char *name);

/* Fails the check unless this request of the lab says EFAULT where no structure can be. */
void assert_bad_pointers_refused(unsigned long request);

/* Has the kernel write the pattern of lab.seed, or compare the memory with it. */
void kernel_fills(void);
void kernel_checks(void);

/* Inverts a bit of the pattern, has the kernel find it, and inverts it again. */
void kernel_finds_a_wrong_bit(size_t index);

/* The kernel's address and the page frame of a page. */
struct lab_page kernel_page(uint64_t index);
bool frames_are_contiguous(void);

/* User mappings of the lab, as the lab counts them. */
uint64_t count_mappings(void);

/* Page faults that the lab has answered, of all processes. */
uint64_t count_faults(void);

/* So many since the count was @before; @what comes first in the message. */
void assert_faults(uint64_t before, uint64_t expected, const char *what);

/* The release of the running kernel, 0x10000 * major + minor. */
unsigned int kernel_release(void);
bool kernel_is_since(unsigned int major, unsigned int minor);

#endif /* KERNEL_SIDE_H */
