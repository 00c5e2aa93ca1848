// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_prepare: the same memory as in lab_remap, described and not done
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "lab_kunit.h"

static int prepare_init(struct kunit *test)
{
	return lab_kunit_init(test, "lab_prepare", 0);
}

static struct kunit_case prepare_cases[] = {
	LAB_KUNIT_CONTENT_CASES,
	LAB_KUNIT_CASE(struct_page_leads_to_address_and_frame),
	LAB_KUNIT_MAPPING_CASES,
	LAB_KUNIT_CASE(each_mapping_is_counted_until_it_is_gone),
	LAB_KUNIT_CASE(refused_mapping_is_not_counted),
	LAB_KUNIT_FAILURE_CASES,
	{}
};

static struct kunit_suite prepare_suite = {
	.name = "lab_prepare",
	.suite_init = lab_kunit_suite_init,
	.init = prepare_init,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = prepare_cases,
};

kunit_test_suite(prepare_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_prepare");
MODULE_LICENSE("GPL");
