// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_remap: the struct page, and a count of the mappings
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>

#include "lab_kunit.h"

static int remap_init(struct kunit *test)
{
	return lab_kunit_init(test, "lab_remap", LAB_REMAP_FRESH_WORD);
}

static struct kunit_case remap_cases[] = {
	LAB_KUNIT_CONTENT_CASES,
	LAB_KUNIT_CASE(struct_page_leads_to_address_and_frame),
	LAB_KUNIT_MAPPING_CASES,
	LAB_KUNIT_CASE(each_mapping_is_counted_until_it_is_gone),
	LAB_KUNIT_CASE(refused_mapping_is_not_counted),
	LAB_KUNIT_FAILURE_CASES,
	{}
};

static struct kunit_suite remap_suite = {
	.name = "lab_remap",
	.suite_init = lab_kunit_suite_init,
	.init = remap_init,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = remap_cases,
};

kunit_test_suite(remap_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_remap");
MODULE_LICENSE("GPL");
