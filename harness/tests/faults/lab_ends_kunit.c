// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate ends: a suite that never comes to its own
 *
 * The tests of the harness build this suite, and nothing else does. Which end it
 * is to be is a parameter of lab_ends, which is loaded first: 6.1 runs a module's
 * suites before it reads the module's own parameters.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/reboot.h>

#include "lab_ends.h"
#include "shared/case.h"

static int ends_init(struct kunit *test)
{
	kmaplab_begin(test);
	return 0;
}

static void case_before_is_well(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, true);
}

static void case_does_not_end(struct kunit *test)
{
	if (!strcmp(lab_ends_how, "crash"))
		WRITE_ONCE(*(int *)8, 1);
	if (!strcmp(lab_ends_how, "spin"))
		for (;;)
			cpu_relax();
	if (!strcmp(lab_ends_how, "sleep"))
		for (;;)
			msleep(1000);
	if (!strcmp(lab_ends_how, "off"))
		kernel_power_off();
	if (!strcmp(lab_ends_how, "fail"))
		KUNIT_EXPECT_EQ(test, 6 * 9, 42);
	if (!strcmp(lab_ends_how, "lie"))
		pr_info("    ok 2 case_does_not_end\n");
}

static void case_after_is_well(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, true);
}

static struct kunit_case ends_cases[] = {
	KUNIT_CASE(case_before_is_well),
	KUNIT_CASE(case_does_not_end),
	KUNIT_CASE(case_after_is_well),
	{}
};

static struct kunit_suite ends_suite = {
	.name = "lab_ends",
	.init = ends_init,
	.test_cases = ends_cases,
};

kunit_test_suite(ends_suite);

MODULE_DESCRIPTION("kmaplab: suites that crash, hang or are cut off");
MODULE_LICENSE("GPL");
