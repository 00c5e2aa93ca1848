// SPDX-License-Identifier: GPL-2.0
/*
 * lab_vmalloc: virtually contiguous, physically scattered
 */

#include "shared/checks.h"
#include "shared/refusals.h"

START_TEST(vma_is_of_the_kind_that_was_asked_for)
{
	bool by_page = is_loaded_with("how=page");
	char flags[256];

	read_smaps(lab.map, "VmFlags: ", flags, sizeof(flags));
	ck_assert_msg(has_vm_flag(flags, "pf") == by_page,
		      "remap_pfn_range() sets VM_PFNMAP, remap_vmalloc_range() does not");
	ck_assert_msg(has_vm_flag(flags, "mm") == !by_page,
		      "remap_vmalloc_range() sets VM_MIXEDMAP, remap_pfn_range() does not");
}
END_TEST

/*
 * Now and then vmalloc() gets contiguous page frames, by chance. But the lab must
 * not say that they always are.
 */
START_TEST(frames_need_not_be_neighbours)
{
	ck_assert_msg(!(lab.info.flags & LAB_INFO_CONTIGUOUS),
		      "LAB_INFO_CONTIGUOUS is set, and vmalloc() is not contiguous");
	if (lab.info.pages == 1)
		skip("one page is always contiguous: load with pages=2 or more");
	if (frames_are_contiguous())
		skip("by chance all frames are contiguous: load it again");
}
END_TEST

START_TEST(load_of_a_wrong_kind_is_refused)
{
	assert_refusals(wrong_kinds);
}
END_TEST

static const struct check checks[] = {
	CHECK(vma_is_of_the_kind_that_was_asked_for, MAPS),
	CHECK(frames_need_not_be_neighbours, CAN_INFO | CAN_PAGE),
	THOROUGH_CHECK(load_of_a_wrong_kind_is_refused, 0),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_vmalloc",
	.mapping = &mixedmap,
	.with = "how=page",
	.mapping_with = &pfnmap,
	.operations = USUAL_OPERATIONS,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
