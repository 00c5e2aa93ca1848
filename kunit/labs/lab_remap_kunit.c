// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_remap: the struct page, and a count of the mappings
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "shared/suite.h"

static int remap_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_remap", LAB_REMAP_FRESH_WORD);
}

#define REMAP_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_COUNTED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_remap, REMAP_CASES, remap_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_remap");
MODULE_LICENSE("GPL");
