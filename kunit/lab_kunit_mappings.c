// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: both sides, from within the kernel
 *
 * The case's own address space is the user's side. What is read there, by
 * copy_from_user() through the page tables that the lab's mmap() filled in, must
 * be what the kernel finds through its own mapping, and the other way round.
 */
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "lab_kunit.h"
#include "lab_pattern.h"

static u32 user_word(struct kunit *test, unsigned long addr)
{
	u32 word = 0;

	KUNIT_ASSERT_EQ_MSG(test, 0, get_user(word, (u32 __user *)addr),
			    "the user cannot read at 0x%lx", addr);
	return word;
}

static void set_user_word(struct kunit *test, unsigned long addr, u32 word)
{
	KUNIT_ASSERT_EQ_MSG(test, 0, put_user(word, (u32 __user *)addr),
			    "the user cannot write at 0x%lx", addr);
}

/* The user's words from addr on must be the pattern's from first on. */
static void expect_user_pattern(struct kunit *test, unsigned long addr,
				u64 seed, size_t first, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		KUNIT_ASSERT_EQ_MSG(test, user_word(test, addr + 4 * i),
				    lab_pattern_word(seed, first + i),
				    "word %zu of the mapping", i);
}

static void write_user_pattern(struct kunit *test, unsigned long addr,
			       u64 seed, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		set_user_word(test, addr + 4 * i, lab_pattern_word(seed, i));
}

static void expect_kernel_pattern(struct kunit *test, u64 seed)
{
	struct lab_check check = { .seed = seed };

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, LAB_NO_DIFFERENCE);
}

void lab_kunit_user_reads_every_word_that_the_kernel_filled(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	unsigned long addr = lab_kunit_map(test, 0, lab->size >> PAGE_SHIFT);
	u64 seed = lab_kunit_seed(test);

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, seed));
	expect_user_pattern(test, addr, seed, 0, lab->size / 4);
}
EXPORT_SYMBOL_GPL(lab_kunit_user_reads_every_word_that_the_kernel_filled);

void lab_kunit_kernel_finds_every_word_that_the_user_wrote(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	unsigned long addr = lab_kunit_map(test, 0, lab->size >> PAGE_SHIFT);
	struct iosys_map view = lab->view;
	u64 seed = lab_kunit_seed(test);
	size_t i;

	write_user_pattern(test, addr, seed, lab->size / 4);
	for (i = 0; i < lab->size / 4; i++)
		KUNIT_ASSERT_EQ_MSG(test, iosys_map_rd(&view, 4 * i, u32),
				    lab_pattern_word(seed, i), "word %zu", i);
	expect_kernel_pattern(test, seed);
}
EXPORT_SYMBOL_GPL(lab_kunit_kernel_finds_every_word_that_the_user_wrote);

void lab_kunit_offset_k_shows_the_memory_from_page_k_on(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	unsigned long pages = lab->size >> PAGE_SHIFT;
	u64 seed = lab_kunit_seed(test);
	unsigned long k, addr;

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, seed));
	for (k = 0; k < pages; k++) {
		addr = lab_kunit_map(test, k, pages - k);
		expect_user_pattern(test, addr, seed, k * PAGE_SIZE / 4,
				    (pages - k) * PAGE_SIZE / 4);
		lab_kunit_unmap(test, addr, pages - k);
	}
}
EXPORT_SYMBOL_GPL(lab_kunit_offset_k_shows_the_memory_from_page_k_on);

void lab_kunit_two_mappings_show_the_same(struct kunit *test)
{
	unsigned long pages = lab_kunit_of(test)->lab->size >> PAGE_SHIFT;
	unsigned long words = pages * PAGE_SIZE / 4;
	unsigned long first = lab_kunit_map(test, 0, pages);
	unsigned long second = lab_kunit_map(test, 0, pages);
	u64 seed = lab_kunit_seed(test);

	KUNIT_ASSERT_NE(test, first, second);
	write_user_pattern(test, first, seed, words);
	expect_user_pattern(test, second, seed, 0, words);
	write_user_pattern(test, second, ~seed, words);
	expect_user_pattern(test, first, ~seed, 0, words);
}
EXPORT_SYMBOL_GPL(lab_kunit_two_mappings_show_the_same);

void lab_kunit_page_table_names_the_frames_that_translate_does(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	unsigned long pages = this->lab->size >> PAGE_SHIFT;
	unsigned long addr = lab_kunit_map(test, 0, pages);
	struct lab_user_page user;
	struct lab_page page;
	unsigned long i;

	for (i = 0; i < pages; i++) {
		user = (struct lab_user_page){ .user_addr = addr + i * PAGE_SIZE };
		KUNIT_ASSERT_EQ(test, 0, lab_kunit_request(test, this->file,
							   LAB_IOC_USER_PAGE,
							   &user,
							   sizeof(user)));
		this->lab->translate(this->lab, i, &page);
		KUNIT_EXPECT_EQ_MSG(test, user.pfn, page.pfn, "page %lu", i);
	}
}
EXPORT_SYMBOL_GPL(lab_kunit_page_table_names_the_frames_that_translate_does);

void lab_kunit_user_page_request_refuses_other_memory(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	unsigned long addr = lab_kunit_map(test, 0, 1);
	const u64 outside[] = {
		(unsigned long)this->scratch, PAGE_SIZE, U64_MAX,
		(unsigned long)this,
	};
	struct lab_user_page user;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		user = (struct lab_user_page){ .user_addr = outside[i] };
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    lab_kunit_request(test, this->file,
						      LAB_IOC_USER_PAGE, &user,
						      sizeof(user)),
				    "address 0x%llx", outside[i]);
		KUNIT_EXPECT_EQ(test, 0, user.pfn);
	}
	user = (struct lab_user_page){ .user_addr = addr };
	lab_kunit_unmap(test, addr, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			lab_kunit_request(test, this->file, LAB_IOC_USER_PAGE,
					  &user, sizeof(user)));
}
EXPORT_SYMBOL_GPL(lab_kunit_user_page_request_refuses_other_memory);

static unsigned long flags_of(struct kunit *test, unsigned long addr)
{
	struct vm_area_struct *vma;
	unsigned long flags = 0;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		flags = vma->vm_flags;
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);
	return flags;
}

/* Not to grow, not in a core dump, never code; frames without struct page are I/O. */
void lab_kunit_mapping_has_the_flags_that_such_memory_needs(struct kunit *test)
{
	unsigned long flags = flags_of(test, lab_kunit_map(test, 0, 1));

	KUNIT_EXPECT_TRUE(test, flags & VM_DONTEXPAND);
	KUNIT_EXPECT_TRUE(test, flags & VM_DONTDUMP);
	KUNIT_EXPECT_TRUE(test, flags & VM_SHARED);
	KUNIT_EXPECT_TRUE(test, flags & VM_MAYWRITE);
	KUNIT_EXPECT_FALSE(test, flags & VM_MAYEXEC);
	KUNIT_EXPECT_TRUE(test, flags & (VM_PFNMAP | VM_MIXEDMAP));
	KUNIT_EXPECT_EQ(test, !!(flags & VM_PFNMAP), !!(flags & VM_IO));
}
EXPORT_SYMBOL_GPL(lab_kunit_mapping_has_the_flags_that_such_memory_needs);

/*
 * Refused
 */

static const unsigned long READ_WRITE = PROT_READ | PROT_WRITE;

static void expect_refused(struct kunit *test, unsigned long pgoff,
			   unsigned long pages)
{
	long err = lab_kunit_try_map(lab_kunit_of(test)->file, pgoff,
				     pages << PAGE_SHIFT, READ_WRITE,
				     MAP_SHARED);

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, err, "%lu pages at page %lu", pages,
			    pgoff);
}

void lab_kunit_mapping_past_the_end_is_refused(struct kunit *test)
{
	unsigned long pages = lab_kunit_of(test)->lab->size >> PAGE_SHIFT;

	expect_refused(test, 0, pages + 1);
	expect_refused(test, 1, pages);
	expect_refused(test, pages - 1, 2);
	expect_refused(test, pages, 1);
	expect_refused(test, pages + 1, 1);
	expect_refused(test, pages, pages);
}
EXPORT_SYMBOL_GPL(lab_kunit_mapping_past_the_end_is_refused);

/*
 * mmap() counts in pages, so an offset in bytes can wrap around in a driver that
 * shifts it. vm_mmap() refuses offsets whose end would wrap by itself, so the
 * largest that reach the driver end just below the top.
 */
void lab_kunit_mapping_at_an_offset_that_wraps_is_refused(struct kunit *test)
{
	const unsigned long top = ULONG_MAX >> PAGE_SHIFT;

	expect_refused(test, top - 1, 1);
	expect_refused(test, top - 2, 2);
	expect_refused(test, top / 2, 1);
	expect_refused(test, top / 2 + 1, 1);
	expect_refused(test, 1ul << (BITS_PER_LONG - 2 * PAGE_SHIFT), 1);
}
EXPORT_SYMBOL_GPL(lab_kunit_mapping_at_an_offset_that_wraps_is_refused);

void lab_kunit_private_mapping_is_refused(struct kunit *test)
{
	struct file *file = lab_kunit_of(test)->file;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			lab_kunit_try_map(file, 0, PAGE_SIZE, READ_WRITE,
					  MAP_PRIVATE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			lab_kunit_try_map(file, 0, PAGE_SIZE, PROT_READ,
					  MAP_PRIVATE));
}
EXPORT_SYMBOL_GPL(lab_kunit_private_mapping_is_refused);

void lab_kunit_executable_mapping_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EPERM,
			lab_kunit_try_map(lab_kunit_of(test)->file, 0,
					  PAGE_SIZE, PROT_READ | PROT_EXEC,
					  MAP_SHARED));
}
EXPORT_SYMBOL_GPL(lab_kunit_executable_mapping_is_refused);

void lab_kunit_mapping_of_a_read_only_file_stays_read_only(struct kunit *test)
{
	struct file *file;
	unsigned long addr;

	/* Skips where there can be no mapping. */
	lab_kunit_map(test, 0, 1);
	file = lab_kunit_open(lab_kunit_of(test)->name, O_RDONLY);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, -EACCES,
			lab_kunit_try_map(file, 0, PAGE_SIZE, READ_WRITE,
					  MAP_SHARED));
	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	if (!IS_ERR_VALUE(addr)) {
		KUNIT_EXPECT_FALSE(test, flags_of(test, addr) &
					 (VM_WRITE | VM_MAYWRITE));
		vm_munmap(addr, PAGE_SIZE);
	}
	lab_kunit_close(file);
}
EXPORT_SYMBOL_GPL(lab_kunit_mapping_of_a_read_only_file_stays_read_only);

/*
 * Life
 */

/* Another mapping, of a file of its own that is closed at once. */
static unsigned long map_and_close(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	struct file *file = lab_kunit_open(this->name, O_RDWR);
	unsigned long addr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	addr = vm_mmap(file, 0, this->lab->size, READ_WRITE, MAP_SHARED, 0);
	lab_kunit_close(file);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

void lab_kunit_mapping_outlives_the_descriptor(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	u64 seed = lab_kunit_seed(test);
	unsigned long addr;

	lab_kunit_map(test, 0, 1);
	addr = map_and_close(test);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, seed));
	expect_user_pattern(test, addr, seed, 0, lab->size / 4);
	write_user_pattern(test, addr, ~seed, lab->size / 4);
	expect_kernel_pattern(test, ~seed);
	lab_kunit_unmap(test, addr, lab->size >> PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(lab_kunit_mapping_outlives_the_descriptor);

void lab_kunit_descriptor_outlives_the_mapping(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	unsigned long pages = lab->size >> PAGE_SHIFT;
	unsigned long addr = lab_kunit_map(test, 0, pages);
	u64 seed = lab_kunit_seed(test);

	write_user_pattern(test, addr, seed, lab->size / 4);
	lab_kunit_unmap(test, addr, pages);
	KUNIT_EXPECT_NE(test, 0, clear_user((void __user *)addr, 4));
	expect_kernel_pattern(test, seed);
}
EXPORT_SYMBOL_GPL(lab_kunit_descriptor_outlives_the_mapping);

/* Not declared where no module can go. */
#ifndef CONFIG_MODULE_UNLOAD
#define module_refcount(module) 0
#endif

void lab_kunit_module_is_held_until_the_last_unmap(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	struct module *owner = this->file->f_op->owner;
	unsigned long pages = this->lab->size >> PAGE_SHIFT;
	unsigned long first, second;
	int before;

	if (!owner || !IS_ENABLED(CONFIG_MODULE_UNLOAD))
		kunit_skip(test, "the lab cannot be unloaded: there is no module to hold");

	lab_kunit_map(test, 0, 1);
	before = module_refcount(owner);
	first = map_and_close(test);
	second = map_and_close(test);
	KUNIT_EXPECT_EQ(test, before + 2, module_refcount(owner));

	/* In two steps: what is left of an area holds the file as well. */
	lab_kunit_unmap(test, first, 1);
	if (pages > 1) {
		KUNIT_EXPECT_EQ(test, before + 2, module_refcount(owner));
		lab_kunit_unmap(test, first + PAGE_SIZE, pages - 1);
	}
	KUNIT_EXPECT_EQ(test, before + 1, module_refcount(owner));
	lab_kunit_unmap(test, second, pages);
	KUNIT_EXPECT_EQ(test, before, module_refcount(owner));
}
EXPORT_SYMBOL_GPL(lab_kunit_module_is_held_until_the_last_unmap);
