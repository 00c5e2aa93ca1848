// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of labs that have struct pages and count their mappings
 */
#include <linux/mm.h>
#include <linux/mman.h>

#include "suite.h"

void struct_page_leads_to_address_and_frame(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
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

static u64 mappings(struct kunit *test)
{
	struct lab_info info = {};

	KUNIT_ASSERT_EQ(test, 0,
			kmaplab_request(test, kmaplab_case_of(test)->file,
					LAB_IOC_INFO, &info, sizeof(info)));
	return info.mappings;
}

/* munmap() of the middle splits a VMA into two, and both are counted. */
void each_mapping_is_counted_until_it_is_gone(struct kunit *test)
{
	unsigned long pages = kmaplab_lab_of(test)->size >> PAGE_SHIFT;
	unsigned long first, second;

	if (pages < 3)
		kunit_skip(test, "a VMA of %lu pages has no middle", pages);
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
	first = kmaplab_map(test, 0, pages);
	KUNIT_EXPECT_EQ(test, 1, mappings(test));
	second = kmaplab_map(test, 1, 1);
	KUNIT_EXPECT_EQ(test, 2, mappings(test));

	kmaplab_unmap(test, first + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, 3, mappings(test));
	kmaplab_unmap(test, first, 1);
	KUNIT_EXPECT_EQ(test, 2, mappings(test));
	kmaplab_unmap(test, first + 2 * PAGE_SIZE, pages - 2);
	KUNIT_EXPECT_EQ(test, 1, mappings(test));
	kmaplab_unmap(test, second, 1);
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
}

void refused_mapping_is_not_counted(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	KUNIT_EXPECT_NE(test, 0,
			kmaplab_try_map(this->file, 0,
					this->lab->size + PAGE_SIZE,
					PROT_READ, MAP_SHARED));
	KUNIT_EXPECT_NE(test, 0,
			kmaplab_try_map(this->file, 0, PAGE_SIZE, PROT_READ,
					MAP_PRIVATE));
	KUNIT_EXPECT_EQ(test, 0, mappings(test));
}

KMAPLAB_COUNTED_CASES(KMAPLAB_EXPORT)
