// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of /dev/null, which fail in all ways that the runner must cope with
 */
#include "shared/checks.h"

#include <signal.h>

static bool assert_in_child(void)
{
	ck_abort_msg("said by the child");
	return true;
}

START_TEST(child_asserts)
{
	ck_assert_msg(run_in_child(assert_in_child), "said of the child");
}
END_TEST

START_TEST(child_asserts_and_nobody_asks)
{
	status_of(start_child(assert_in_child));
}
END_TEST

START_TEST(text_looks_like_other_lines)
{
	ck_abort_msg("seed 0x5, call 7: lseek\nreport of it\nrunning on");
}
END_TEST

static bool store_to_nothing(void)
{
	*(volatile int *)8 = 0;
	return true;
}

START_TEST(signal_is_awaited)
{
	assert_killed(store_to_nothing, SIGSEGV, "a store");
}
END_TEST

START_TEST(another_signal_is_awaited)
{
	assert_killed(store_to_nothing, SIGBUS, "a store");
}
END_TEST

static const struct check null_checks[] = {
	CHECK(child_asserts, 0),
	CHECK(child_asserts_and_nobody_asks, 0),
	CHECK(text_looks_like_other_lines, 0),
	CHECK(signal_is_awaited, 0),
	CHECK(another_signal_is_awaited, 0),
	{ .name = NULL },
};

static const struct program null_program = {
	.lab = "null",
	.mapping = &no_mapping,
	.fresh = expect_zero,
	.checks = null_checks,
};

REGISTER_PROGRAM(null_program);
