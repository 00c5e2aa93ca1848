// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_pages: the linear map, there and back
 */
#include <linux/io.h>
#include <linux/module.h>

#include "shared/suite.h"

static int pages_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_pages", 0);
}

static void linear_map_leads_there_and_back(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	size_t offset;

	for (offset = 0; offset < lab->size; offset += 64) {
		void *addr = lab->view.vaddr + offset;

		KUNIT_ASSERT_PTR_EQ(test, addr,
				    phys_to_virt(virt_to_phys(addr)));
	}
}

static void distance_to_the_physical_address_is_constant(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
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
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long whole = PAGE_SIZE << get_order(lab->size);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(virt_to_phys(lab->view.vaddr), whole));
}

#define PAGES_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(linear_map_leads_there_and_back)				\
	CASE(distance_to_the_physical_address_is_constant)		\
	CASE(memory_is_aligned_to_its_order)				\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_pages, PAGES_CASES, pages_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_pages");
MODULE_LICENSE("GPL");
