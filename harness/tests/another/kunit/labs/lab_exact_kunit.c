// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_exact: page frames that follow one another
 */
#include <linux/io.h>

#include "shared/suite.h"

static int exact_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_exact", 0);
}

static void frames_follow_one_another(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long i, first = PHYS_PFN(virt_to_phys(lab->view.vaddr));
	struct lab_page page = {};

	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, page.pfn, first + i);
	}
}

#define EXACT_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(frames_follow_one_another)					\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_exact, EXACT_CASES, exact_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_exact");
MODULE_LICENSE("GPL");
