// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of the labs that count their mappings: lab_remap and lab_prepare
 */
#include <linux/mm.h>
#include <linux/mman.h>

#include "lab_kunit.h"

void lab_kunit_struct_page_leads_to_address_and_frame(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct page *first = virt_to_page(lab->view.vaddr);
	struct lab_page page = {};
	unsigned long i;

	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, page.pfn, page_to_pfn(first + i));
		KUNIT_EXPECT_EQ(test, page.kernel_addr,
				(unsigned long)page_address(first + i));
	}
}
EXPORT_SYMBOL_GPL(lab_kunit_struct_page_leads_to_address_and_frame);

static u64 mappings(struct kunit *test)
{
	struct lab_info info = {};

	KUNIT_ASSERT_EQ(test, 0,
			lab_kunit_request(test, lab_kunit_of(test)->file,
					  LAB_IOC_INFO, &info, sizeof(info)));
	return info.mappings;
}

/* An unmap in the middle makes two areas of one, and both are counted. */
void lab_kunit_each_mapping_is_counted_until_it_is_gone(struct kunit *test)
{
	unsigned long pages = lab_kunit_of(test)->lab->size >> PAGE_SHIFT;
	unsigned long first, second;

	if (pages < 3)
		kunit_skip(test, "an area of %lu pages has no middle", pages);
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
	first = lab_kunit_map(test, 0, pages);
	KUNIT_EXPECT_EQ(test, 1, mappings(test));
	second = lab_kunit_map(test, 1, 1);
	KUNIT_EXPECT_EQ(test, 2, mappings(test));

	lab_kunit_unmap(test, first + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, 3, mappings(test));
	lab_kunit_unmap(test, first, 1);
	KUNIT_EXPECT_EQ(test, 2, mappings(test));
	lab_kunit_unmap(test, first + 2 * PAGE_SIZE, pages - 2);
	KUNIT_EXPECT_EQ(test, 1, mappings(test));
	lab_kunit_unmap(test, second, 1);
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
}
EXPORT_SYMBOL_GPL(lab_kunit_each_mapping_is_counted_until_it_is_gone);

void lab_kunit_refused_mapping_is_not_counted(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);

	KUNIT_EXPECT_NE(test, 0,
			lab_kunit_try_map(this->file, 0,
					  this->lab->size + PAGE_SIZE,
					  PROT_READ, MAP_SHARED));
	KUNIT_EXPECT_NE(test, 0,
			lab_kunit_try_map(this->file, 0, PAGE_SIZE, PROT_READ,
					  MAP_PRIVATE));
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
}
EXPORT_SYMBOL_GPL(lab_kunit_refused_mapping_is_not_counted);
