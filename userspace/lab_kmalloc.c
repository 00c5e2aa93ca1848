// SPDX-License-Identifier: GPL-2.0
/*
 * lab_kmalloc: whole pages can be mapped, a small object cannot
 */
#include "lab_test.h"

#include <sys/ioctl.h>

START_TEST(small_object_shares_its_page)
{
	struct lab_small small;

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_SMALL, &small), 0);
	ck_assert_uint_eq(small.asked, 100);
	ck_assert_uint_ge(small.given, small.asked);
	ck_assert_uint_eq(small.page_offset,
			  small.kernel_addr % lab.info.page_size);
	ck_assert_uint_le(small.page_offset + small.given, lab.info.page_size);
	ck_assert_msg(small.per_page > 1,
		      "an object of 100 bytes has a page to itself");
}
END_TEST

static const struct lab_test tests[] = {
	LAB_TEST(small_object_shares_its_page),
	{ .name = NULL },
};

const struct lab_program lab_kmalloc = {
	.device = "lab_kmalloc",
	.mapping = PFNMAP,
	.operations = CAN_USUAL | CAN_SMALL,
	.in_kcore = true,
	.fresh = lab_fresh_zero,
	.tests = tests,
};
