// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_fault: what its fault handler answers, and what it holds
 *
 * mmap() makes no VMA that reaches past the end of the memory, so no program gets
 * the handler to see such a page. Here the handler is called as the kernel would.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>

#include "07_fault/huge_fault.h"
#include "shared/suite.h"

static int fault_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_fault", 0);
}

static u64 faults(struct kunit *test)
{
	struct lab_faults faults = {};

	KUNIT_ASSERT_EQ(test, 0,
			kmaplab_request(test, kmaplab_case_of(test)->file,
					LAB_IOC_FAULTS, &faults,
					sizeof(faults)));
	return faults.count;
}

/*
 * The handler's answer for a page of the device, at an address of one of its VMAs. What
 * it hands out, locked or not, is given back.
 */
static vm_fault_t answer_to(unsigned long addr, unsigned long pgoff)
{
	struct mm_struct *mm = current->mm;
	vm_fault_t answer = VM_FAULT_SIGSEGV;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && vma->vm_ops && vma->vm_ops->fault) {
		struct vm_fault vmf = {
			.vma = vma,
			.gfp_mask = GFP_KERNEL,
			.pgoff = pgoff,
			.address = addr,
			.flags = FAULT_FLAG_USER,
		};

		answer = vma->vm_ops->fault(&vmf);
		if (answer & VM_FAULT_LOCKED)
			unlock_page(vmf.page);
		if (!(answer & VM_FAULT_ERROR) && vmf.page)
			put_page(vmf.page);
	}
	mmap_read_unlock(mm);
	return answer;
}

static void fault_beyond_the_memory_is_a_bus_error(struct kunit *test)
{
	unsigned long pages = kmaplab_lab_of(test)->size >> PAGE_SHIFT;
	const unsigned long beyond[] = {
		pages, pages + 1, 2 * pages, ULONG_MAX >> PAGE_SHIFT,
		BIT(BITS_PER_LONG - PAGE_SHIFT), ULONG_MAX,
	};
	unsigned long addr = kmaplab_map(test, 0, pages);
	u64 before = faults(test);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++)
		KUNIT_EXPECT_TRUE_MSG(test, answer_to(addr, beyond[i]) ==
				      VM_FAULT_SIGBUS, "page 0x%lx of %lu",
				      beyond[i], pages);
	KUNIT_EXPECT_EQ(test, faults(test), before);
	KUNIT_EXPECT_FALSE(test, answer_to(addr, pages - 1) & VM_FAULT_ERROR);
	KUNIT_EXPECT_EQ(test, faults(test), before + 1);
}

/* An entry with a struct page holds a reference to it, one with a PFN does not. */
static void each_entry_holds_a_reference_if_it_has_a_struct_page(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long pages = lab->size >> PAGE_SHIFT;
	unsigned long first = kmaplab_map(test, 0, pages);
	unsigned long second = kmaplab_map(test, 0, pages);
	int each = kmaplab_vm_flags(test, first) & VM_PFNMAP ? 0 : 1;
	unsigned long last = (pages - 1) * PAGE_SIZE;
	int before = kmaplab_references(test, pages - 1);

	KUNIT_ASSERT_GT_MSG(test, before, 0,
			    "the lab has no reference of its own");
	kmaplab_touch(test, first + last);
	KUNIT_EXPECT_EQ(test, kmaplab_references(test, pages - 1), before + each);
	kmaplab_touch(test, first + last);
	KUNIT_EXPECT_EQ(test, kmaplab_references(test, pages - 1), before + each);
	kmaplab_touch(test, second + last);
	KUNIT_EXPECT_EQ(test, kmaplab_references(test, pages - 1), before + 2 * each);
	kmaplab_unmap(test, first, pages);
	KUNIT_EXPECT_EQ(test, kmaplab_references(test, pages - 1), before + each);
	kmaplab_unmap(test, second, pages);
	KUNIT_EXPECT_EQ(test, kmaplab_references(test, pages - 1), before);
}

static void each_page_handed_out_is_counted(struct kunit *test)
{
	unsigned long pages = kmaplab_lab_of(test)->size >> PAGE_SHIFT;
	unsigned long addr = kmaplab_map(test, 0, pages);
	u64 before = faults(test);
	unsigned long i;

	KUNIT_EXPECT_EQ_MSG(test, before, faults(test), "nothing was touched");
	for (i = 0; i < pages; i++)
		kmaplab_touch(test, addr + i * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, faults(test), before + pages);
}

/* So far from all else that the entry needs page tables of its own. */
#define FAR_AWAY BIT(31)

static long map_and_touch(struct kunit *test)
{
	struct file *file = kmaplab_case_of(test)->file;
	unsigned long addr = vm_mmap(file, FAR_AWAY, PAGE_SIZE, PROT_READ,
				     MAP_SHARED, 0);
	vm_fault_t answer;

	if (IS_ERR_VALUE(addr))
		return (long)addr;
	answer = answer_to(addr, 0);
	/* It allocates too, and the case may have made that fail. */
	if (vm_munmap(addr, PAGE_SIZE))
		vm_munmap(addr, PAGE_SIZE);
	flush_delayed_fput();
	if (answer & VM_FAULT_OOM)
		return -ENOMEM;
	return answer & VM_FAULT_ERROR ? -EIO : 0;
}

static u64 answered;

/* Fault injection would meet LAB_IOC_FAULTS as well: so it is asked afterwards. */
static long map_and_count(struct kunit *test)
{
	long err = map_and_touch(test);

	answered += !err;
	return err;
}

static void fault_that_fails_is_not_counted(struct kunit *test)
{
	u64 before = faults(test);

	answered = 0;
	kmaplab_fail_each(test, map_and_count);
	KUNIT_EXPECT_EQ(test, faults(test), before + answered);
}

/* A block that fits; then with each bound moved by as little as it takes. */
static void block_is_mapped_only_if_all_of_it_may_be_seen(struct kunit *test)
{
	const unsigned long start = 4 * PMD_SIZE, pages = PMD_SIZE / PAGE_SIZE;
	struct vm_area_struct whole = {
		.vm_start = start, .vm_end = start + PMD_SIZE,
	};
	struct vm_area_struct larger = {
		.vm_start = start - PAGE_SIZE, .vm_end = whole.vm_end + PAGE_SIZE,
	};
	struct vm_area_struct late = {
		.vm_start = start + PAGE_SIZE, .vm_end = larger.vm_end,
	};
	struct vm_area_struct early = {
		.vm_start = larger.vm_start, .vm_end = whole.vm_end - PAGE_SIZE,
	};
	const size_t size = PMD_SIZE;

	KUNIT_EXPECT_TRUE(test, huge_fault_fits(&whole, start, 0, 0, size));
	KUNIT_EXPECT_TRUE(test, huge_fault_fits(&larger, start, 0, pages, size));
	KUNIT_EXPECT_TRUE(test, huge_fault_fits(&whole, start, 1, 8 * pages,
						size + PAGE_SIZE));

	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&late, start, 0, 0, size));
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&early, start, 0, 0, size));
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&whole, start, 0, 0,
						 size - PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&whole, start, 1, 0, size));
	/* The page that was touched is in the memory, the block's first is not. */
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&whole, start, -1, 0, size));
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&whole, start, 0, 1, size));
	KUNIT_EXPECT_FALSE(test, huge_fault_fits(&whole, start, 0, pages / 2,
						 size));
}

/* A wrong reference crashes the kernel soon: so it is looked for before all is mapped. */
#define FAULT_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(each_entry_holds_a_reference_if_it_has_a_struct_page)	\
	KMAPLAB_MAPPED_CASES(CASE)					\
	CASE(fault_beyond_the_memory_is_a_bus_error)			\
	CASE(block_is_mapped_only_if_all_of_it_may_be_seen)		\
	CASE(each_page_handed_out_is_counted)				\
	KMAPLAB_FAILURE_CASES(CASE)					\
	CASE(fault_that_fails_is_not_counted)

KMAPLAB_SUITE(lab_fault, FAULT_CASES, fault_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_fault");
MODULE_LICENSE("GPL");
