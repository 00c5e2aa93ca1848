// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_pages: the linear map, there and back
 */
#include <linux/io.h>
#include <linux/module.h>

#include "lab_kunit.h"

static int pages_init(struct kunit *test)
{
	return lab_kunit_init(test, "lab_pages", 0);
}

static void linear_map_leads_there_and_back(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	size_t offset;

	for (offset = 0; offset < lab->size; offset += 64) {
		void *addr = lab->view.vaddr + offset;

		KUNIT_ASSERT_PTR_EQ(test, addr,
				    phys_to_virt(virt_to_phys(addr)));
	}
}

static void distance_to_the_physical_address_is_constant(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_page page = {};
	unsigned long i, first;

	lab->translate(lab, 0, &page);
	first = page.kernel_addr - PFN_PHYS(page.pfn);
	KUNIT_EXPECT_EQ(test, first, PAGE_OFFSET - virt_to_phys((void *)PAGE_OFFSET));
	for (i = 1; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, first,
				page.kernel_addr - PFN_PHYS(page.pfn));
	}
}

/* 2^order pages begin at a multiple of their size. */
static void memory_is_aligned_to_its_order(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	unsigned long whole = PAGE_SIZE << get_order(lab->size);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(virt_to_phys(lab->view.vaddr), whole));
}

static struct kunit_case pages_cases[] = {
	LAB_KUNIT_CONTENT_CASES,
	KUNIT_CASE(linear_map_leads_there_and_back),
	KUNIT_CASE(distance_to_the_physical_address_is_constant),
	KUNIT_CASE(memory_is_aligned_to_its_order),
	LAB_KUNIT_MAPPING_CASES,
	LAB_KUNIT_FAILURE_CASES,
	{}
};

static struct kunit_suite pages_suite = {
	.name = "lab_pages",
	.suite_init = lab_kunit_suite_init,
	.init = pages_init,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = pages_cases,
};

kunit_test_suite(pages_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_pages");
MODULE_LICENSE("GPL");
