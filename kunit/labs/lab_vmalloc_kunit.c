// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_vmalloc: virtually contiguous, physically scattered
 */
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "shared/suite.h"

static int lab_vmalloc_open(struct kunit *test)
{
	return kmaplab_init(test, "lab_vmalloc", 0);
}

static void address_lies_in_the_vmalloc_space(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(lab->view.vaddr));
	KUNIT_EXPECT_FALSE(test, virt_addr_valid(lab->view.vaddr));
	KUNIT_EXPECT_FALSE(test, lab->flags & LAB_INFO_CONTIGUOUS);
}

/* The page frame is in the linear map, too: both must show the same bytes. */
static void each_frame_holds_its_page_of_the_memory(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page page = {};
	unsigned long i;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, kmaplab_next_seed()));
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
	struct lab *lab = kmaplab_lab_of(test);
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

/* In a VM_MIXEDMAP mapping get_user_pages() looks it up, and needs read access. */
static void user_page_request_refuses_a_page_that_cannot_be_read(struct kunit *test)
{
	struct file *file = kmaplab_case_of(test)->file;
	struct lab_user_page user = {};
	unsigned long addr;
	bool pfnmap;

	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_NONE, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	pfnmap = kmaplab_vm_flags(test, addr) & VM_PFNMAP;
	user.user_addr = addr;
	KUNIT_EXPECT_EQ(test, pfnmap ? 0 : -EINVAL,
			kmaplab_request(test, file, LAB_IOC_USER_PAGE, &user,
					sizeof(user)));
	kmaplab_unmap(test, addr, 1);
}

#define VMALLOC_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(address_lies_in_the_vmalloc_space)				\
	CASE(each_frame_holds_its_page_of_the_memory)			\
	CASE(every_page_has_a_frame_of_its_own)				\
	CASE(user_page_request_refuses_a_page_that_cannot_be_read)	\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_vmalloc, VMALLOC_CASES, lab_vmalloc_open, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_vmalloc");
MODULE_LICENSE("GPL");
