/* SPDX-License-Identifier: GPL-2.0 */
/*
 * case.h - the open file, the lab and the user memory of each case
 *
 * A suite sees a lab as a program does: it opens the device. Behind the open file
 * it finds the lab's own struct lab. So a suite needs a lab only to be loaded, and
 * no lab contains anything for the suites.
 *
 * Each case has an address space of its own with some user memory in it. Through
 * these the lab's real mmap(), read() and ioctl() are called, from within the
 * kernel.
 */
#ifndef KMAPLAB_CASE_H
#define KMAPLAB_CASE_H

#include <kunit/test.h>
#include <linux/fs.h>

#include "lab_core.h"

/* User memory of a case, so that a transfer can cross the end of a page. */
#define KMAPLAB_SCRATCH (2 * PAGE_SIZE)

/**
 * struct kmaplab_case - the objects that a case works with, in test->priv
 * @name: the name of the device and of the module
 * @fresh: the value of every 32-bit word of the memory when the module is loaded
 * @request: the only one of a lab whose device has no memory
 * @load_error: an error besides -ENOMEM that a load may fail with, or 0
 * @file: the device, open for reading and writing
 * @lab: the lab behind it
 * @scratch: KMAPLAB_SCRATCH bytes of user memory in the case's own address space
 * @mm: that address space
 */
struct kmaplab_case {
	const char *name;
	u32 fresh;
	unsigned int request;
	int load_error;
	struct file *file;
	struct lab *lab;
	void __user *scratch;
	struct mm_struct *mm;
};

static inline struct kmaplab_case *kmaplab_case_of(struct kunit *test)
{
	return test->priv;
}

static inline struct lab *kmaplab_lab_of(struct kunit *test)
{
	return kmaplab_case_of(test)->lab;
}

/* For kunit_suite; kmaplab_init() is called by a function of the suite. */
int kmaplab_suite_init(struct kunit_suite *suite);
void kmaplab_suite_exit(struct kunit_suite *suite);
int kmaplab_init(struct kunit *test, const char *name, u32 fresh);
void kmaplab_exit(struct kunit *test);

void kmaplab_begin(struct kunit *test);

void kmaplab_choose_seed(void);
u64 kmaplab_next_seed(void);

#endif /* KMAPLAB_CASE_H */
