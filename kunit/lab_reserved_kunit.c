// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_reserved: a claimed region, reached through accessors only
 *
 * The region is lab_iomem's. Whatever the lab does to it is in a record, from the
 * moment of its ioremap() on; so this suite sees not only that the right bytes
 * are there but how they got there.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "lab_iomem.h"
#include "lab_kunit.h"
#include "lab_pattern.h"

#define FRESH_LEN (sizeof(LAB_RESERVED_FRESH_TEXT) - 1)

static int reserved_init(struct kunit *test)
{
	u32 fresh;

	memcpy(&fresh, LAB_RESERVED_FRESH_TEXT, sizeof(fresh));
	return lab_kunit_init(test, "lab_reserved", fresh);
}

/* Where the lab's memory begins, as it says itself. */
static resource_size_t start_of(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_page first = {};

	lab->translate(lab, 0, &first);
	return PFN_PHYS(first.pfn);
}

static struct lab_iomem *region_of(struct kunit *test)
{
	struct lab_iomem *iomem = lab_iomem_at(start_of(test));

	KUNIT_ASSERT_NOT_NULL_MSG(test, iomem,
				  "the lab has a region that is not emulated");
	return iomem;
}

static struct resource *claim_in(struct kunit *test, struct lab_iomem *iomem)
{
	KUNIT_ASSERT_NOT_NULL_MSG(test, iomem->res.child,
				  "nobody claimed the region");
	return iomem->res.child;
}

/* Does the record begin with just these accesses, one behind the other? */
static void expect_ascending(struct kunit *test, struct lab_iomem *iomem,
			     enum lab_iomem_kind kind, unsigned int width,
			     size_t first, size_t count)
{
	size_t start = start_of(test) - iomem->res.start + first;
	size_t i;

	if (count > LAB_IOMEM_RECORDED)
		kunit_skip(test, "this needs a record of %zu accesses, not %d",
			   count, LAB_IOMEM_RECORDED);
	KUNIT_ASSERT_GE(test, iomem->accesses, count);
	for (i = 0; i < count; i++) {
		const struct lab_iomem_access *access = &iomem->record[i];

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

/*
 * The first case of all: until another one clears it, the record begins where the
 * lab was loaded. This one touches nothing, so fresh_memory_is_as_documented can
 * compare afterwards what these accesses left.
 */
static void fresh_text_was_written_by_accessors_from_first_to_last(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;

	expect_ascending(test, region_of(test), LAB_IOMEM_COPY_TO, FRESH_LEN, 0,
			 lab->size / FRESH_LEN);
}

/*
 * A plain load ends the kernel here. So this one comes before all others that read,
 * and it writes nothing.
 */
static void fresh_text_is_read_by_accessors(struct kunit *test)
{
	struct lab_check check = { .seed = lab_kunit_seed(test) };
	struct lab_iomem *iomem = region_of(test);

	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, 0);
	expect_ascending(test, iomem, LAB_IOMEM_READ, 4, 0, 1);
	KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
}

static void view_is_an_uncached_ioremap_cookie(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
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
	struct lab_iomem *iomem = region_of(test);

	KUNIT_EXPECT_EQ(test, iomem->res.desc, IORES_DESC_RESERVED);
	KUNIT_EXPECT_EQ(test, REGION_DISJOINT,
			region_intersects(iomem->res.start,
					  resource_size(&iomem->res),
					  IORESOURCE_SYSTEM_RAM,
					  IORES_DESC_NONE));
}

/* As /proc/iomem shows it: below what was kept, in the lab's name. */
static void region_is_claimed_in_the_name_of_the_lab(struct kunit *test)
{
	struct lab_iomem *iomem = region_of(test);
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
			lab_kunit_of(test)->lab->size);
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
		taken = request_mem_region(pages[i], PAGE_SIZE, "lab_kunit");
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
	struct lab *lab = lab_kunit_of(test)->lab;
	struct resource *claim = claim_in(test, region_of(test));
	struct lab_page page = {};
	unsigned long i;

	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, PFN_PHYS(page.pfn),
				claim->start + i * PAGE_SIZE);
	}
}

/* What the lab calls page i must be what lies at that physical address. */
static void each_page_is_at_the_address_that_translate_says(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_iomem *iomem = region_of(test);
	u64 seed = lab_kunit_seed(test);
	struct lab_page page = {};
	size_t i, j;

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, seed));
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

static void addresses_are_told_without_touching_the_region(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	struct lab_iomem *iomem = region_of(test);
	struct lab_info info = {};
	struct lab_page page = {};

	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_request(test, this->file,
						   LAB_IOC_INFO, &info,
						   sizeof(info)));
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_request(test, this->file,
						   LAB_IOC_PAGE, &page,
						   sizeof(page)));
	KUNIT_EXPECT_EQ(test, 0, iomem->accesses);
}

/*
 * Fill and check, read and write: what each does to the region, and all it does
 */

static void fill_writes_32_bits_at_a_time_from_first_to_last(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_iomem *iomem = region_of(test);

	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, lab_kunit_seed(test)));
	expect_ascending(test, iomem, LAB_IOMEM_WRITE, 4, 0, lab->size / 4);
	KUNIT_EXPECT_EQ(test, iomem->accesses, lab->size / 4);
}

static void check_reads_32_bits_at_a_time_from_first_to_last(struct kunit *test)
{
	struct lab_check check = { .seed = lab_kunit_seed(test) };
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_iomem *iomem = region_of(test);

	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, check.seed));
	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_check(test, &check));
	expect_ascending(test, iomem, LAB_IOMEM_READ, 4, 0, lab->size / 4);
	KUNIT_EXPECT_EQ(test, iomem->accesses, lab->size / 4);
}

/* Reading once more to report the word could find another one there. */
static void check_reads_the_word_that_differs_once_and_none_behind(struct kunit *test)
{
	struct lab_check check = { .seed = lab_kunit_seed(test) };
	const size_t word = PAGE_SIZE / 4 + 7;
	struct lab_iomem *iomem = region_of(test);
	struct iosys_map view = lab_kunit_of(test)->lab->view;

	if (lab_kunit_of(test)->lab->size <= PAGE_SIZE)
		kunit_skip(test, "one page is too few");
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_fill(test, check.seed));
	iosys_map_wr(&view, 4 * word, u32, ~lab_pattern_word(check.seed, word));
	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 0, lab_kunit_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, 4 * word);
	expect_ascending(test, iomem, LAB_IOMEM_READ, 4, 0, word + 1);
	KUNIT_EXPECT_EQ(test, iomem->accesses, word + 1);
}

static void read_copies_the_bytes_asked_for_and_no_others(struct kunit *test)
{
	static const size_t starts[] = { 0, 1, 3, PAGE_SIZE - 2 };
	struct lab_iomem *iomem = region_of(test);
	u8 bytes[5];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		lab_iomem_forget(iomem);
		KUNIT_ASSERT_EQ(test, sizeof(bytes),
				lab_kunit_read(test, bytes, sizeof(bytes),
					       starts[i]));
		expect_ascending(test, iomem, LAB_IOMEM_COPY_FROM,
				 sizeof(bytes), starts[i], 1);
		KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
	}
}

static void write_copies_the_bytes_asked_for_and_no_others(struct kunit *test)
{
	static const size_t starts[] = { 0, 1, 3, PAGE_SIZE - 2 };
	struct lab_iomem *iomem = region_of(test);
	static const u8 bytes[5] = { 1, 2, 3, 4, 5 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		lab_iomem_forget(iomem);
		KUNIT_ASSERT_EQ(test, sizeof(bytes),
				lab_kunit_write(test, bytes, sizeof(bytes),
						starts[i]));
		expect_ascending(test, iomem, LAB_IOMEM_COPY_TO, sizeof(bytes),
				 starts[i], 1);
		KUNIT_EXPECT_EQ(test, 1, iomem->accesses);
	}
}

/* With the lock free in between, so that others have their turn. */
static void long_transfers_go_page_by_page(struct kunit *test)
{
	struct lab_iomem *iomem = region_of(test);
	u8 *bytes = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	if (lab_kunit_of(test)->lab->size < 2 * PAGE_SIZE)
		kunit_skip(test, "one page is too few");
	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 2 * PAGE_SIZE,
			lab_kunit_read(test, bytes, 2 * PAGE_SIZE, 0));
	expect_ascending(test, iomem, LAB_IOMEM_COPY_FROM, PAGE_SIZE, 0, 2);
	KUNIT_EXPECT_EQ(test, 2, iomem->accesses);

	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 2 * PAGE_SIZE,
			lab_kunit_write(test, bytes, 2 * PAGE_SIZE, 0));
	expect_ascending(test, iomem, LAB_IOMEM_COPY_TO, PAGE_SIZE, 0, 2);
	KUNIT_EXPECT_EQ(test, 2, iomem->accesses);
}

static void transfers_at_the_end_stay_inside_the_mapping(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;
	struct lab_iomem *iomem = region_of(test);
	u8 bytes[16] = {};

	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 5, lab_kunit_read(test, bytes, sizeof(bytes),
						lab->size - 5));
	expect_ascending(test, iomem, LAB_IOMEM_COPY_FROM, 5, lab->size - 5, 1);
	lab_iomem_forget(iomem);
	KUNIT_ASSERT_EQ(test, 5, lab_kunit_write(test, bytes, sizeof(bytes),
						 lab->size - 5));
	expect_ascending(test, iomem, LAB_IOMEM_COPY_TO, 5, lab->size - 5, 1);
	lab_iomem_forget(iomem);
	KUNIT_EXPECT_EQ(test, 0, lab_kunit_read(test, bytes, 1, lab->size));
	KUNIT_EXPECT_EQ(test, 0, iomem->accesses);
}

/* request_mem_region() has one answer to all that can go wrong. */
static void load_survives_every_failed_allocation(struct kunit *test)
{
	lab_kunit_expect_loads(test, -EBUSY);
}

static struct kunit_case reserved_cases[] = {
	KUNIT_CASE(fresh_text_was_written_by_accessors_from_first_to_last),
	KUNIT_CASE(fresh_text_is_read_by_accessors),
	LAB_KUNIT_CONTENT_CASES,
	KUNIT_CASE(view_is_an_uncached_ioremap_cookie),
	KUNIT_CASE(region_is_mapped_once),
	KUNIT_CASE(region_was_kept_from_the_kernel),
	KUNIT_CASE(region_is_claimed_in_the_name_of_the_lab),
	KUNIT_CASE(claim_is_whole_mebibytes_that_hold_the_memory),
	KUNIT_CASE(claimed_region_is_refused_to_others),
	KUNIT_CASE(translate_follows_the_claimed_region),
	KUNIT_CASE(each_page_is_at_the_address_that_translate_says),
	KUNIT_CASE(addresses_are_told_without_touching_the_region),
	KUNIT_CASE(fill_writes_32_bits_at_a_time_from_first_to_last),
	KUNIT_CASE(check_reads_32_bits_at_a_time_from_first_to_last),
	KUNIT_CASE(check_reads_the_word_that_differs_once_and_none_behind),
	KUNIT_CASE(read_copies_the_bytes_asked_for_and_no_others),
	KUNIT_CASE(write_copies_the_bytes_asked_for_and_no_others),
	KUNIT_CASE(long_transfers_go_page_by_page),
	KUNIT_CASE(transfers_at_the_end_stay_inside_the_mapping),
	LAB_KUNIT_MAPPING_CASES,
	/* LAB_KUNIT_FAILURE_CASES, but for the first. */
	KUNIT_CASE(load_survives_every_failed_allocation),
	LAB_KUNIT_CASE(open_survives_every_failed_allocation),
	LAB_KUNIT_CASE(mmap_survives_every_failed_allocation),
	LAB_KUNIT_CASE(read_survives_every_failed_allocation),
	LAB_KUNIT_CASE(write_survives_every_failed_allocation),
	LAB_KUNIT_CASE(requests_survive_every_failed_copy),
	{}
};

static struct kunit_suite reserved_suite = {
	.name = "lab_reserved",
	.suite_init = lab_kunit_suite_init,
	.init = reserved_init,
	.exit = lab_kunit_exit,
	.suite_exit = lab_kunit_suite_exit,
	.test_cases = reserved_cases,
};

kunit_test_suite(reserved_suite);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_reserved");
MODULE_LICENSE("GPL");
