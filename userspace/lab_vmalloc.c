// SPDX-License-Identifier: GPL-2.0
/*
 * lab_vmalloc: neighbours for the kernel, scattered in RAM
 */
#include "lab_test.h"

#include <string.h>

/* Does /proc/self/smaps list this flag for the area that begins at addr? */
static bool area_has_flag(const volatile void *addr, const char *flag)
{
	char flags[256];

	lab_vm_flags(addr, flags, sizeof(flags));
	return strstr(flags, flag);
}

START_TEST(area_is_of_the_kind_that_was_asked_for)
{
	bool by_page = lab_parameter_is("how", "page");

	ck_assert_msg(area_has_flag(lab.map, " pf ") == by_page,
		      "remap_pfn_range() makes a VM_PFNMAP area, and only it");
	ck_assert_msg(area_has_flag(lab.map, " mm ") == !by_page,
		      "remap_vmalloc_range() makes a VM_MIXEDMAP area, and only it");
}
END_TEST

/*
 * vmalloc() makes no promise either way: now and then the allocator has a run of
 * frames at hand. What must never be is that the lab promises it.
 */
START_TEST(frames_need_not_be_neighbours)
{
	ck_assert_msg(!(lab.info.flags & LAB_INFO_CONTIGUOUS),
		      "the lab promises neighbours, vmalloc() does not");
	if (lab.info.pages == 1)
		lab_skip("one page has no neighbours: load with pages=2 or more");
	if (lab_frames_are_neighbours())
		lab_skip("by chance all frames are neighbours: load it again");
}
END_TEST

static const struct lab_test tests[] = {
	LAB_TEST(area_is_of_the_kind_that_was_asked_for),
	LAB_TEST(frames_need_not_be_neighbours),
	{ .name = NULL },
};

const struct lab_program lab_vmalloc = {
	.device = "lab_vmalloc",
	.mapping = MIXEDMAP,
	.with = "how=page",
	.mapping_with = PFNMAP,
	.operations = CAN_USUAL,
	.in_kcore = true,
	.fresh = lab_fresh_zero,
	.tests = tests,
};
