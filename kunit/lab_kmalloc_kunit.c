// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_kmalloc: slab memory, the linear map, and small objects
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "lab_kunit.h"

static int kmalloc_init(struct kunit *test)
{
	return lab_kunit_init(test, "lab_kmalloc", 0);
}

static void memory_is_one_object_of_whole_frames(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;

	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(lab->view.vaddr));
	KUNIT_EXPECT_GE(test, ksize(lab->view.vaddr), lab->size);
}

/* Slab pages have a struct page that is the allocator's: only frames can be mapped. */
static void address_lies_in_the_linear_map(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
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
	return lab_kunit_request(test, lab_kunit_of(test)->file, LAB_IOC_SMALL,
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

/* It tells a kernel address. */
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
	struct lab_kunit *this = lab_kunit_of(test);

	return this->file->f_op->unlocked_ioctl(this->file, LAB_IOC_SMALL,
						(unsigned long)this->scratch);
}

static void small_request_survives_every_failed_allocation(struct kunit *test)
{
	int i;

	/*
	 * Often: the allocator keeps arrays of what was freed, and a pointer that is
	 * left in one hides from kmemleak what was lost since.
	 */
	for (i = 0; i < 100; i++)
		lab_kunit_fail_each(test, ask_for_a_small_object);
}

static struct kunit_case kmalloc_cases[] = {
	LAB_KUNIT_CONTENT_CASES,
	KUNIT_CASE(memory_is_one_object_of_whole_frames),
	KUNIT_CASE(address_lies_in_the_linear_map),
	KUNIT_CASE(small_object_shares_its_page),
	KUNIT_CASE(small_object_is_hidden_without_cap_sys_admin),
	LAB_KUNIT_MAPPING_CASES,
	LAB_KUNIT_FAILURE_CASES,
	KUNIT_CASE(small_request_survives_every_failed_allocation),
	{}
};

static struct kunit_suite kmalloc_suite = {
	.name = "lab_kmalloc",
	.suite_init = lab_kunit_suite_init,
	.init = kmalloc_init,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = kmalloc_cases,
};

kunit_test_suite(kmalloc_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_kmalloc");
MODULE_LICENSE("GPL");
