// SPDX-License-Identifier: GPL-2.0
/*
 * lab_exact: in the linear map, translation is one addition
 */
#include <inttypes.h>

#include "shared/checks.h"

START_TEST(virtual_minus_physical_is_constant)
{
	uint64_t distance = lab.info.kernel_addr - lab.info.phys_addr;
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		struct lab_page page = kernel_page(i);
		uint64_t phys = page.pfn * lab.info.page_size;

		ck_assert_msg(page.kernel_addr - phys == distance,
			      "page %" PRIu64 " is not where the first one says", i);
	}
}
END_TEST

static const struct check checks[] = {
	CHECK(virtual_minus_physical_is_constant, CAN_INFO | CAN_PAGE),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_exact",
	.mapping = &pfnmap,
	.operations = USUAL_OPERATIONS,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
