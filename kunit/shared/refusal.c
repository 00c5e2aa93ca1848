// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: mappings that are refused
 */
#include <linux/mm.h>
#include <linux/mman.h>

#include "suite.h"

static const unsigned long READ_WRITE = PROT_READ | PROT_WRITE;

static void expect_refused(struct kunit *test, unsigned long pgoff,
			   unsigned long pages)
{
	long err = kmaplab_try_map(kmaplab_case_of(test)->file, pgoff,
				   pages << PAGE_SHIFT, READ_WRITE,
				   MAP_SHARED);

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, err, "%lu pages at page %lu", pages,
			    pgoff);
}

void mapping_past_the_end_is_refused(struct kunit *test)
{
	unsigned long pages = kmaplab_lab_of(test)->size >> PAGE_SHIFT;

	expect_refused(test, 0, pages + 1);
	expect_refused(test, 1, pages);
	expect_refused(test, pages - 1, 2);
	expect_refused(test, pages, 1);
	expect_refused(test, pages + 1, 1);
	expect_refused(test, pages, pages);
}

/*
 * mmap() counts in pages, so an offset in bytes can wrap around in a driver that
 * shifts it. vm_mmap() refuses offsets whose end would wrap by itself, so the
 * largest that reach the driver end just below the top.
 */
void mapping_at_an_offset_that_wraps_is_refused(struct kunit *test)
{
	const unsigned long top = ULONG_MAX >> PAGE_SHIFT;

	expect_refused(test, top - 1, 1);
	expect_refused(test, top - 2, 2);
	expect_refused(test, top / 2, 1);
	expect_refused(test, top / 2 + 1, 1);
	expect_refused(test, 1ul << (BITS_PER_LONG - 2 * PAGE_SHIFT), 1);
}

void private_mapping_is_refused(struct kunit *test)
{
	struct file *file = kmaplab_case_of(test)->file;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			kmaplab_try_map(file, 0, PAGE_SIZE, READ_WRITE,
					MAP_PRIVATE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			kmaplab_try_map(file, 0, PAGE_SIZE, PROT_READ,
					MAP_PRIVATE));
}

void executable_mapping_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EPERM,
			kmaplab_try_map(kmaplab_case_of(test)->file, 0,
					PAGE_SIZE, PROT_READ | PROT_EXEC,
					MAP_SHARED));
}

void mapping_of_a_read_only_file_stays_read_only(struct kunit *test)
{
	struct file *file;
	unsigned long addr;

	/* Skips where there can be no mapping. */
	kmaplab_map(test, 0, 1);
	file = kmaplab_open(kmaplab_case_of(test)->name, O_RDONLY);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, -EACCES,
			kmaplab_try_map(file, 0, PAGE_SIZE, READ_WRITE,
					MAP_SHARED));
	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	if (!IS_ERR_VALUE(addr)) {
		KUNIT_EXPECT_FALSE(test, kmaplab_vm_flags(test, addr) &
					 (VM_WRITE | VM_MAYWRITE));
		vm_munmap(addr, PAGE_SIZE);
	}
	kmaplab_close(file);
}

KMAPLAB_REFUSAL_CASES(KMAPLAB_EXPORT)
