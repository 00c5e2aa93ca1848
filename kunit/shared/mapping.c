// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: both sides, from within the kernel
 *
 * The case's own address space is the user's side. What is read there, by
 * copy_from_user() through the page tables that the lab's mmap() filled in, must
 * be what the kernel finds through its own mapping, and the other way round.
 */
#include <linux/iosys-map.h>
#include <linux/mm.h>

#include "lab_pattern.h"
#include "suite.h"
#include "words.h"

void user_reads_every_word_that_the_kernel_filled(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long addr = kmaplab_map(test, 0, lab->size >> PAGE_SHIFT);
	u64 seed = kmaplab_next_seed();

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	kmaplab_expect_user_pattern(test, addr, seed, 0, lab->size / 4);
}

void kernel_finds_every_word_that_the_user_wrote(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long addr = kmaplab_map(test, 0, lab->size >> PAGE_SHIFT);
	struct iosys_map view = lab->view;
	u64 seed = kmaplab_next_seed();
	size_t i;

	kmaplab_write_user_pattern(test, addr, seed, lab->size / 4);
	for (i = 0; i < lab->size / 4; i++)
		KUNIT_ASSERT_EQ_MSG(test, iosys_map_rd(&view, 4 * i, u32),
				    lab_pattern_word(seed, i), "word %zu", i);
	kmaplab_expect_kernel_pattern(test, seed);
}

void offset_k_shows_the_memory_from_page_k_on(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long pages = lab->size >> PAGE_SHIFT;
	u64 seed = kmaplab_next_seed();
	unsigned long k, addr;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	for (k = 0; k < pages; k++) {
		addr = kmaplab_map(test, k, pages - k);
		kmaplab_expect_user_pattern(test, addr, seed, k * PAGE_SIZE / 4,
					    (pages - k) * PAGE_SIZE / 4);
		kmaplab_unmap(test, addr, pages - k);
	}
}

void two_mappings_show_the_same(struct kunit *test)
{
	unsigned long pages = kmaplab_lab_of(test)->size >> PAGE_SHIFT;
	unsigned long words = pages * PAGE_SIZE / 4;
	unsigned long first = kmaplab_map(test, 0, pages);
	unsigned long second = kmaplab_map(test, 0, pages);
	u64 seed = kmaplab_next_seed();

	KUNIT_ASSERT_NE(test, first, second);
	kmaplab_write_user_pattern(test, first, seed, words);
	kmaplab_expect_user_pattern(test, second, seed, 0, words);
	kmaplab_write_user_pattern(test, second, ~seed, words);
	kmaplab_expect_user_pattern(test, first, ~seed, 0, words);
}

void page_table_names_the_frames_that_translate_does(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	unsigned long pages = this->lab->size >> PAGE_SHIFT;
	unsigned long addr = kmaplab_map(test, 0, pages);
	struct lab_user_page user;
	struct lab_page page;
	unsigned long i;

	for (i = 0; i < pages; i++) {
		/* Some pages are in the page table only after a touch. */
		kmaplab_touch(test, addr + i * PAGE_SIZE);
		user = (struct lab_user_page){ .user_addr = addr + i * PAGE_SIZE };
		KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, this->file,
							 LAB_IOC_USER_PAGE,
							 &user,
							 sizeof(user)));
		this->lab->translate(this->lab, i, &page);
		KUNIT_EXPECT_EQ_MSG(test, user.pfn, page.pfn, "page %lu", i);
	}
}

void user_page_request_refuses_other_memory(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	unsigned long addr = kmaplab_map(test, 0, 1);
	const u64 outside[] = {
		(unsigned long)this->scratch, PAGE_SIZE, U64_MAX,
		(unsigned long)this,
	};
	struct lab_user_page user;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		user = (struct lab_user_page){ .user_addr = outside[i] };
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    kmaplab_request(test, this->file,
						    LAB_IOC_USER_PAGE, &user,
						    sizeof(user)),
				    "address 0x%llx", outside[i]);
		KUNIT_EXPECT_EQ(test, 0, user.pfn);
	}
	user = (struct lab_user_page){ .user_addr = addr };
	kmaplab_unmap(test, addr, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			kmaplab_request(test, this->file, LAB_IOC_USER_PAGE,
					&user, sizeof(user)));
}

/*
 * Never larger, not in a core dump, never code; and VM_PFNMAP goes with VM_IO. Only
 * what a fault handler hands out as ordinary pages needs neither of the two kinds.
 */
void mapping_has_the_flags_that_such_memory_needs(struct kunit *test)
{
	unsigned long addr = kmaplab_map(test, 0, 1);
	unsigned long flags = kmaplab_vm_flags(test, addr);

	KUNIT_EXPECT_TRUE(test, flags & VM_DONTEXPAND);
	KUNIT_EXPECT_TRUE(test, flags & VM_DONTDUMP);
	KUNIT_EXPECT_TRUE(test, flags & VM_SHARED);
	KUNIT_EXPECT_TRUE(test, flags & VM_MAYWRITE);
	KUNIT_EXPECT_FALSE(test, flags & VM_MAYEXEC);
	KUNIT_EXPECT_TRUE(test, flags & (VM_PFNMAP | VM_MIXEDMAP) ||
			  kmaplab_has_fault_handler(test, addr));
	KUNIT_EXPECT_EQ(test, !!(flags & VM_PFNMAP), !!(flags & VM_IO));
}

KMAPLAB_MAPPING_CASES(KMAPLAB_EXPORT)
