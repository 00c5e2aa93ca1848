// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_reserved: a claimed region, reached through accessors only
 *
 * The region is emulated: emulation/iomem.c records every access to it, from the
 * lab's ioremap() on. So this suite checks not only that the right bytes are there,
 * but also how the lab wrote them.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "emulation/iomem.h"
#include "shared/suite.h"
#include "lab_pattern.h"

static int reserved_init(struct kunit *test)
{
	u32 fresh;

	int err;

	if (!IS_ENABLED(CONFIG_UML_IOMEM_EMULATION))
		kunit_skip(test, "needs emulated I/O memory");
	memcpy(&fresh, LAB_RESERVED_FRESH_TEXT, sizeof(fresh));
	err = kmaplab_init(test, "lab_reserved", fresh);
	if (err)
		return err;
	/* request_mem_region() returns NULL, whatever has gone wrong. */
	kmaplab_case_of(test)->load_error = -EBUSY;
	return 0;
}

/* Where the lab's memory begins, as its translate() says. */
static resource_size_t start_of(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page first = {};

	lab->translate(lab, 0, &first);
	return PFN_PHYS(first.pfn);
}

static struct kmaplab_iomem *region_of(struct kunit *test)
{
	struct kmaplab_iomem *iomem = kmaplab_iomem_at(start_of(test));

	KUNIT_ASSERT_NOT_NULL_MSG(test, iomem,
				  "the lab has a region that is not emulated");
	return iomem;
}

static struct resource *claim_in(struct kunit *test, struct kmaplab_iomem *iomem)
{
	KUNIT_ASSERT_NOT_NULL_MSG(test, iomem->res.child,
				  "nobody claimed the region");
	return iomem->res.child;
}

/* Expect the record to begin with these accesses, each behind the one before. */
static void expect_ascending(struct kunit *test, struct kmaplab_iomem *iomem,
			     enum iomem_kind kind, unsigned int width,
			     size_t first, size_t count)
{
	size_t start = start_of(test) - iomem->res.start + first;
	size_t i;

	if (count > IOMEM_RECORDED)
		kunit_skip(test, "this needs a record of %zu accesses, not %d",
			   count, IOMEM_RECORDED);
	KUNIT_ASSERT_GE(test, iomem->accesses, count);
	for (i = 0; i < count; i++) {
		const struct iomem_access *access = &iomem->record[i];

		KUNIT_ASSERT_EQ_MSG(test, access->kind, kind, "access %zu", i);
		KUNIT_ASSERT_EQ_MSG(test, access->width, width, "access %zu", i);
		KUNIT_ASSERT_EQ_MSG(test, access->offset, start + i * width,
				    "access %zu", i);
		KUNIT_ASSERT_FALSE_MSG(test, access->outside, "access %zu", i);
	}
}

/*
 * Get
 */

/* Expect the record to be of stores, however wide, each behind the one before. */
static void expect_stored(struct kunit *test, struct kmaplab_iomem *iomem, size_t size)
{
	size_t start = start_of(test) - iomem->res.start;
	size_t i, done = 0;

	for (i = 0; done < size && i < iomem->accesses; i++) {
		const struct iomem_access *access = &iomem->record[i];

		if (i == IOMEM_RECORDED)
			kunit_skip(test, "the record ends before the region");
		KUNIT_ASSERT_NE_MSG(test, access->kind, IOMEM_READ, "access %zu", i);
		KUNIT_ASSERT_NE_MSG(test, access->kind, IOMEM_COPY_FROM, "access %zu", i);
		KUNIT_ASSERT_EQ_MSG(test, access->offset, start + done, "access %zu", i);
		KUNIT_ASSERT_FALSE_MSG(test, access->outside, "access %zu", i);
		done += access->width;
	}
	KUNIT_EXPECT_EQ(test, done, size);
}

/*
 * This must be the first case: until another one clears it, the record begins when
 * the lab was loaded. It accesses nothing, so fresh_memory_is_as_documented can
 * compare afterwards what the recorded accesses wrote.
 */
static void fresh_text_was_written_by_accessors_from_first_to_last(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);

	expect_stored(test, region_of(test), lab->size);
}

/*
 * If the lab reads by a plain load, that crashes this kernel. So this case comes
 * before all others that read, and it writes nothing.
 */
static void fresh_text_is_read_by_accessors(struct kunit *test)
{
	struct lab_check check = { .seed = kmaplab_next_seed() };
	struct kmaplab_iomem *iomem = region_of(test);

	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, 0);
	expect_ascending(test, iomem, IOMEM_READ, 4, 0, 1);
	KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
}

static void view_is_an_uncached_ioremap_cookie(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page first = {};

	lab->translate(lab, 0, &first);
	KUNIT_EXPECT_TRUE(test, lab->view.is_iomem);
	KUNIT_EXPECT_EQ(test, lab->flags, LAB_INFO_CONTIGUOUS |
			LAB_INFO_IOMEM | LAB_INFO_UNCACHED);
	KUNIT_EXPECT_EQ(test, first.kernel_addr,
			(__force unsigned long)lab->view.vaddr_iomem);
	KUNIT_EXPECT_FALSE(test, virt_addr_valid((void *)(unsigned long)first.kernel_addr));
}

static void region_is_mapped_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, region_of(test)->mappings);
}

static void region_was_kept_from_the_kernel(struct kunit *test)
{
	struct kmaplab_iomem *iomem = region_of(test);

	KUNIT_EXPECT_EQ(test, iomem->res.desc, IORES_DESC_RESERVED);
	KUNIT_EXPECT_EQ(test, REGION_DISJOINT,
			region_intersects(iomem->res.start,
					  resource_size(&iomem->res),
					  IORESOURCE_SYSTEM_RAM,
					  IORES_DESC_NONE));
}

/* As /proc/iomem shows it: inside the reserved range, with the lab's name. */
static void region_is_claimed_in_the_name_of_the_lab(struct kunit *test)
{
	struct kmaplab_iomem *iomem = region_of(test);
	struct resource *claim = claim_in(test, iomem);

	KUNIT_EXPECT_STREQ(test, claim->name, "lab_reserved");
	KUNIT_EXPECT_TRUE(test, claim->flags & IORESOURCE_BUSY);
	KUNIT_EXPECT_PTR_EQ(test, claim->parent, &iomem->res);
	KUNIT_EXPECT_NULL(test, claim->sibling);
	KUNIT_EXPECT_NULL(test, claim->child);
}

static void claim_is_whole_mebibytes_that_hold_the_memory(struct kunit *test)
{
	struct resource *claim = claim_in(test, region_of(test));

	KUNIT_EXPECT_EQ(test, claim->start, start_of(test));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(claim->start, SZ_1M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(resource_size(claim), SZ_1M));
	KUNIT_EXPECT_GE(test, resource_size(claim),
			kmaplab_lab_of(test)->size);
}

static void claimed_region_is_refused_to_others(struct kunit *test)
{
	struct resource *claim = claim_in(test, region_of(test));
	const resource_size_t pages[] = {
		claim->start, claim->end + 1 - PAGE_SIZE,
	};
	struct resource *taken;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		taken = request_mem_region(pages[i], PAGE_SIZE, "kmaplab_kunit");
		KUNIT_EXPECT_NULL(test, taken);
		if (taken)
			release_mem_region(pages[i], PAGE_SIZE);
	}
}

/*
 * Translate
 */

static void translate_follows_the_claimed_region(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct resource *claim = claim_in(test, region_of(test));
	struct lab_page page = {};
	unsigned long i;

	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, PFN_PHYS(page.pfn),
				claim->start + i * PAGE_SIZE);
	}
}

/* The page i of the lab must be the one at that physical address. */
static void each_page_is_at_the_address_that_translate_says(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct kmaplab_iomem *iomem = region_of(test);
	u64 seed = kmaplab_next_seed();
	struct lab_page page = {};
	size_t i, j;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		const __le32 *words;

		lab->translate(lab, i, &page);
		words = (const __le32 *)(iomem->bytes + PFN_PHYS(page.pfn) -
					 iomem->res.start);
		for (j = 0; j < PAGE_SIZE / 4; j++)
			KUNIT_ASSERT_EQ_MSG(test, le32_to_cpu(words[j]),
					    lab_pattern_word(seed, i * PAGE_SIZE / 4 + j),
					    "word %zu of page %zu", j, i);
	}
}

static void addresses_are_reported_without_touching_the_region(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct kmaplab_iomem *iomem = region_of(test);
	struct lab_info info = {};
	struct lab_page page = {};

	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, this->file,
						 LAB_IOC_INFO, &info,
						 sizeof(info)));
	KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, this->file,
						 LAB_IOC_PAGE, &page,
						 sizeof(page)));
	KUNIT_EXPECT_EQ(test, 0, iomem->accesses);
}

/*
 * Fill and check, read and write: each makes the right accesses, and no others
 */

static void fill_writes_32_bits_at_a_time_from_first_to_last(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct kmaplab_iomem *iomem = region_of(test);

	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, kmaplab_next_seed()));
	expect_ascending(test, iomem, IOMEM_WRITE, 4, 0, lab->size / 4);
	KUNIT_EXPECT_EQ(test, iomem->accesses, lab->size / 4);
}

static void check_reads_32_bits_at_a_time_from_first_to_last(struct kunit *test)
{
	struct lab_check check = { .seed = kmaplab_next_seed() };
	struct lab *lab = kmaplab_lab_of(test);
	struct kmaplab_iomem *iomem = region_of(test);

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, check.seed));
	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	expect_ascending(test, iomem, IOMEM_READ, 4, 0, lab->size / 4);
	KUNIT_EXPECT_EQ(test, iomem->accesses, lab->size / 4);
}

/* A second read, to report the word, could return another value. */
static void check_reads_the_word_that_differs_once_and_none_behind(struct kunit *test)
{
	struct lab_check check = { .seed = kmaplab_next_seed() };
	const size_t word = PAGE_SIZE / 4 + 7;
	struct kmaplab_iomem *iomem = region_of(test);
	struct iosys_map view = kmaplab_lab_of(test)->view;

	if (kmaplab_lab_of(test)->size <= PAGE_SIZE)
		kunit_skip(test, "one page is too few");
	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, check.seed));
	iosys_map_wr(&view, 4 * word, u32, ~lab_pattern_word(check.seed, word));
	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, 4 * word);
	expect_ascending(test, iomem, IOMEM_READ, 4, 0, word + 1);
	KUNIT_EXPECT_EQ(test, iomem->accesses, word + 1);
}

static void read_copies_the_bytes_asked_for_and_no_others(struct kunit *test)
{
	static const size_t starts[] = { 0, 1, 3, PAGE_SIZE - 2 };
	struct kmaplab_iomem *iomem = region_of(test);
	u8 bytes[5];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		kmaplab_iomem_forget(iomem);
		KUNIT_ASSERT_EQ(test, sizeof(bytes),
				kmaplab_read(test, bytes, sizeof(bytes),
					     starts[i]));
		expect_ascending(test, iomem, IOMEM_COPY_FROM,
				 sizeof(bytes), starts[i], 1);
		KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
	}
}

static void write_copies_the_bytes_asked_for_and_no_others(struct kunit *test)
{
	static const size_t starts[] = { 0, 1, 3, PAGE_SIZE - 2 };
	struct kmaplab_iomem *iomem = region_of(test);
	static const u8 bytes[5] = { 1, 2, 3, 4, 5 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		kmaplab_iomem_forget(iomem);
		KUNIT_ASSERT_EQ(test, sizeof(bytes),
				kmaplab_write(test, bytes, sizeof(bytes),
					      starts[i]));
		expect_ascending(test, iomem, IOMEM_COPY_TO, sizeof(bytes),
				 starts[i], 1);
		KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
	}
}

/* The lock is free in between, so that other threads can take it. */
static void long_transfers_go_page_by_page(struct kunit *test)
{
	struct kmaplab_iomem *iomem = region_of(test);
	u8 *bytes = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	if (kmaplab_lab_of(test)->size < 2 * PAGE_SIZE)
		kunit_skip(test, "one page is too few");
	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 2 * PAGE_SIZE,
			kmaplab_read(test, bytes, 2 * PAGE_SIZE, 0));
	expect_ascending(test, iomem, IOMEM_COPY_FROM, PAGE_SIZE, 0, 2);
	KUNIT_EXPECT_EQ(test, 2, iomem->accesses);

	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 2 * PAGE_SIZE,
			kmaplab_write(test, bytes, 2 * PAGE_SIZE, 0));
	expect_ascending(test, iomem, IOMEM_COPY_TO, PAGE_SIZE, 0, 2);
	KUNIT_EXPECT_EQ(test, 2, iomem->accesses);
}

static void transfers_at_the_end_stay_inside_the_mapping(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct kmaplab_iomem *iomem = region_of(test);
	u8 bytes[16] = {};

	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 5, kmaplab_read(test, bytes, sizeof(bytes),
					      lab->size - 5));
	expect_ascending(test, iomem, IOMEM_COPY_FROM, 5, lab->size - 5, 1);
	kmaplab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 5, kmaplab_write(test, bytes, sizeof(bytes),
					       lab->size - 5));
	expect_ascending(test, iomem, IOMEM_COPY_TO, 5, lab->size - 5, 1);
	kmaplab_iomem_forget(iomem);
	KUNIT_EXPECT_EQ(test, 0, kmaplab_read(test, bytes, 1, lab->size));
	KUNIT_EXPECT_EQ(test, 0, iomem->accesses);
}

#define RESERVED_CASES(CASE)						\
	CASE(fresh_text_was_written_by_accessors_from_first_to_last)	\
	CASE(fresh_text_is_read_by_accessors)				\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(view_is_an_uncached_ioremap_cookie)			\
	CASE(region_is_mapped_once)					\
	CASE(region_was_kept_from_the_kernel)				\
	CASE(region_is_claimed_in_the_name_of_the_lab)			\
	CASE(claim_is_whole_mebibytes_that_hold_the_memory)		\
	CASE(claimed_region_is_refused_to_others)			\
	CASE(translate_follows_the_claimed_region)			\
	CASE(each_page_is_at_the_address_that_translate_says)		\
	CASE(addresses_are_reported_without_touching_the_region)		\
	CASE(fill_writes_32_bits_at_a_time_from_first_to_last)		\
	CASE(check_reads_32_bits_at_a_time_from_first_to_last)		\
	CASE(check_reads_the_word_that_differs_once_and_none_behind)	\
	CASE(read_copies_the_bytes_asked_for_and_no_others)		\
	CASE(write_copies_the_bytes_asked_for_and_no_others)		\
	CASE(long_transfers_go_page_by_page)				\
	CASE(transfers_at_the_end_stay_inside_the_mapping)		\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_reserved, RESERVED_CASES, reserved_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_reserved");
MODULE_LICENSE("GPL");
