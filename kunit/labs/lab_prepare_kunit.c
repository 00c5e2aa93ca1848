// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_prepare: mmap_prepare(), and a count of the mappings
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "shared/suite.h"

static int prepare_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_prepare", 0);
}

#define PREPARE_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_COUNTED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_prepare, PREPARE_CASES, prepare_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_prepare");
MODULE_LICENSE("GPL");
