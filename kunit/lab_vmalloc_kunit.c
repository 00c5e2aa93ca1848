// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_vmalloc: one address range, frames from anywhere
 */
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "lab_kunit.h"

static int lab_vmalloc_open(struct kunit *test)
{
	return lab_kunit_init(test, "lab_vmalloc", 0);
}

static void address_lies_in_the_vmalloc_area(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(lab->view.vaddr));
	KUNIT_EXPECT_FALSE(test, virt_addr_valid(lab->view.vaddr));
	KUNIT_EXPECT_FALSE(test, lab->flags & LAB_INFO_CONTIGUOUS);
}

/* The linear map is the other way to a frame: both must show the same bytes. */
static void each_frame_holds_its_page_of_the_memory(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_page page = {};
	unsigned long i;

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, lab_kunit_seed(test)));
	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		void *addr = lab->view.vaddr + i * PAGE_SIZE;

		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, page.pfn, vmalloc_to_pfn(addr));
		KUNIT_EXPECT_EQ(test, 0, memcmp(addr,
						page_address(pfn_to_page(page.pfn)),
						PAGE_SIZE));
	}
}

static void every_page_has_a_frame_of_its_own(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_page one = {}, other = {};
	unsigned long i, j;

	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &one);
		for (j = 0; j < i; j++) {
			lab->translate(lab, j, &other);
			KUNIT_EXPECT_NE(test, one.pfn, other.pfn);
		}
	}
}

/* The frame is asked for as a page then, and nobody may look at that one. */
static void user_page_request_refuses_a_page_that_cannot_be_read(struct kunit *test)
{
	struct file *file = lab_kunit_of(test)->file;
	struct lab_user_page user = {};
	unsigned long addr;
	bool pfnmap;

	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	mmap_read_lock(current->mm);
	pfnmap = vma_lookup(current->mm, addr)->vm_flags & VM_PFNMAP;
	mmap_read_unlock(current->mm);
	user.user_addr = addr;
	KUNIT_EXPECT_EQ(test, pfnmap ? 0 : -EINVAL,
			lab_kunit_request(test, file, LAB_IOC_USER_PAGE, &user,
					  sizeof(user)));
	lab_kunit_unmap(test, addr, 1);
}

static struct kunit_case vmalloc_cases[] = {
	LAB_KUNIT_CONTENT_CASES,
	KUNIT_CASE(address_lies_in_the_vmalloc_area),
	KUNIT_CASE(each_frame_holds_its_page_of_the_memory),
	KUNIT_CASE(every_page_has_a_frame_of_its_own),
	KUNIT_CASE(user_page_request_refuses_a_page_that_cannot_be_read),
	LAB_KUNIT_MAPPING_CASES,
	LAB_KUNIT_FAILURE_CASES,
	{}
};

static struct kunit_suite vmalloc_suite = {
	.name = "lab_vmalloc",
	.suite_init = lab_kunit_suite_init,
	.init = lab_vmalloc_open,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = vmalloc_cases,
};

kunit_test_suite(vmalloc_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_vmalloc");
MODULE_LICENSE("GPL");
