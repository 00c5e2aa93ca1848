// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_kmalloc: slab memory, the linear map, and small objects
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "shared/suite.h"

static int kmalloc_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_kmalloc", 0);
}

static void memory_is_one_object_of_whole_frames(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);

	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(lab->view.vaddr));
	KUNIT_EXPECT_GE(test, ksize(lab->view.vaddr), lab->size);
}

/* The struct page of slab memory belongs to the allocator: so PFNs are mapped. */
static void address_lies_in_the_linear_map(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page page = {};
	unsigned long i;

	KUNIT_EXPECT_TRUE(test, virt_addr_valid(lab->view.vaddr));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(lab->view.vaddr));
	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, page.kernel_addr,
				(unsigned long)phys_to_virt(PFN_PHYS(page.pfn)));
		KUNIT_EXPECT_EQ(test, page.pfn,
				page_to_pfn(virt_to_page((void *)(unsigned long)page.kernel_addr)));
	}
}

static long small_request(struct kunit *test, struct lab_small *small)
{
	return kmaplab_request(test, kmaplab_case_of(test)->file, LAB_IOC_SMALL,
			       small, sizeof(*small));
}

static void small_object_shares_its_page(struct kunit *test)
{
	struct lab_small small = {};

	KUNIT_ASSERT_EQ(test, 0, small_request(test, &small));
	KUNIT_EXPECT_EQ(test, small.asked, 100);
	KUNIT_EXPECT_EQ(test, small.given, kmalloc_size_roundup(100));
	KUNIT_EXPECT_EQ(test, small.page_offset,
			offset_in_page(small.kernel_addr));
	KUNIT_EXPECT_LE(test, small.page_offset + small.given, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, small.per_page, PAGE_SIZE / small.given);
	KUNIT_EXPECT_GT(test, small.per_page, 1);
}

/* The answer has a kernel address in it. */
static void small_object_is_hidden_without_cap_sys_admin(struct kunit *test)
{
	struct cred *without = prepare_creds();
	struct lab_small small = {};
	const struct cred *before;
	long err;

	KUNIT_ASSERT_NOT_NULL(test, without);
	cap_lower(without->cap_effective, CAP_SYS_ADMIN);
	before = override_creds(without);
	err = small_request(test, &small);
	revert_creds(before);
	put_cred(without);
	KUNIT_EXPECT_EQ(test, -EPERM, err);
	KUNIT_EXPECT_EQ(test, 0, small.kernel_addr);
}

static long ask_for_a_small_object(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	return this->file->f_op->unlocked_ioctl(this->file, LAB_IOC_SMALL,
						(unsigned long)this->scratch);
}

static void small_request_survives_every_failed_allocation(struct kunit *test)
{
	int i;

	/*
	 * Often: the allocator keeps arrays of freed objects, and a pointer that is
	 * left in one hides a leak from kmemleak.
	 */
	for (i = 0; i < 100; i++)
		kmaplab_fail_each(test, ask_for_a_small_object);
}

#define KMALLOC_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(memory_is_one_object_of_whole_frames)			\
	CASE(address_lies_in_the_linear_map)				\
	CASE(small_object_shares_its_page)				\
	CASE(small_object_is_hidden_without_cap_sys_admin)		\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)					\
	CASE(small_request_survives_every_failed_allocation)

KMAPLAB_SUITE(lab_kmalloc, KMALLOC_CASES, kmalloc_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_kmalloc");
MODULE_LICENSE("GPL");
