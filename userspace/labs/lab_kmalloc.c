// SPDX-License-Identifier: GPL-2.0
/*
 * lab_kmalloc: whole pages can be mapped, a small object cannot
 */
#include "shared/checks.h"

START_TEST(small_object_shares_its_page)
{
	struct lab_small small;

	must_ioctl(LAB_IOC_SMALL, &small, "LAB_IOC_SMALL");
	ck_assert_uint_eq(small.asked, 100);
	ck_assert_uint_ge(small.given, small.asked);
	ck_assert_uint_eq(small.page_offset,
			  small.kernel_addr % lab.info.page_size);
	ck_assert_uint_le(small.page_offset + small.given, lab.info.page_size);
	ck_assert_msg(small.per_page > 1,
		      "an object of 100 bytes has a page to itself");
}
END_TEST

static const struct check checks[] = {
	CHECK(small_object_shares_its_page, CAN_INFO | CAN_SMALL),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_kmalloc",
	.mapping = &pfnmap,
	.operations = USUAL_OPERATIONS | CAN_SMALL,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
