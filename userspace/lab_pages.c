// SPDX-License-Identifier: GPL-2.0
/*
 * lab_pages: in the linear map, translation is one addition
 */
#include "lab_test.h"

#include <inttypes.h>

START_TEST(virtual_minus_physical_is_constant)
{
	uint64_t distance = lab.info.kernel_addr - lab.info.phys_addr;
	uint64_t i;

	ck_assert_msg(lab.info.flags & LAB_INFO_CONTIGUOUS,
		      "a block of frames is one run of them");
	for (i = 0; i < lab.info.pages; i++) {
		struct lab_page page = lab_page_at(i);
		uint64_t phys = page.pfn * lab.info.page_size;

		ck_assert_msg(page.kernel_addr - phys == distance,
			      "page %" PRIu64 ": 0x%" PRIx64 " - 0x%" PRIx64
			      " is not 0x%" PRIx64, i,
			      (uint64_t)page.kernel_addr, phys, distance);
	}
}
END_TEST

static const struct lab_test tests[] = {
	LAB_TEST(virtual_minus_physical_is_constant),
	{ .name = NULL },
};

const struct lab_program lab_pages = {
	.device = "lab_pages",
	.mapping = PFNMAP,
	.operations = CAN_USUAL,
	.in_kcore = true,
	.fresh = lab_fresh_zero,
	.tests = tests,
};
