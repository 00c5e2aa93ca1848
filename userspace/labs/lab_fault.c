// SPDX-License-Identifier: GPL-2.0
/*
 * lab_fault: what the driver sees of page faults
 */
#include <errno.h>

#include "shared/checks.h"
#include "shared/refusals.h"

/* Struct pages have a reference each, and an entry of 2 MiB would hold one. */
static const struct refusal wrong_blocks[] = {
	REFUSAL("how=page huge=1", EINVAL),
	REFUSAL("how=pfn huge=2", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_of_a_wrong_kind_is_refused)
{
	assert_refusals(wrong_kinds);
	assert_refusals(wrong_blocks);
}
END_TEST

static const struct check checks[] = {
	THOROUGH_CHECK(load_of_a_wrong_kind_is_refused, 0),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_fault",
	.mapping = &fault,
	.with = "how=pfn",
	.mapping_with = &fault_pfn,
	.operations = USUAL_OPERATIONS | CAN_FAULTS,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
