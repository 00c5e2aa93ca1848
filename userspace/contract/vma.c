// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.1, 4.3 and 4.5: the VMA, whole and in parts
 */
#include "contract.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/checks.h"

/*
 * 4.1: flags, and resident memory
 */

/*
 * sd is soft-dirty tracking. ar has a meaning of its own on each architecture: x86
 * sets it where its list of memory types has the mapping.
 */
static bool is_of_no_concern(const char *flag)
{
	return has_vm_flag("sd ar ", flag);
}

START_TEST(vm_flags_are_the_documented_ones)
{
	const char *documented = mapping_kind()->vm_flags;
	char found[256], copy[256];
	char *rest = copy, *flag;
	size_t count = 0;

	read_smaps(lab.map, "VmFlags: ", found, sizeof(found));
	strcpy(copy, found);
	while ((flag = strsep(&rest, "\n "))) {
		if (!*flag || is_of_no_concern(flag))
			continue;
		ck_assert_msg(has_vm_flag(documented, flag),
			      "%s is not documented: found %sexpected %s",
			      flag, found, documented);
		count++;
	}
	ck_assert_msg(count == strlen(documented) / 3,
		      "some are missing: found %sexpected %s", found,
		      documented);
}
END_TEST

static uint64_t resident_bytes(void)
{
	char text[64];

	read_smaps(lab.map, "Rss:", text, sizeof(text));
	return strtoull(text, NULL, 10) * 1024;
}

/* The fixture has mapped the memory, and nobody has accessed it yet. */
START_TEST(mapping_is_resident_as_documented)
{
	const struct mapping_kind *kind = mapping_kind();
	uint64_t all = kind->in_rss ? lab.info.size : 0;

	ck_assert_uint_eq(resident_bytes(), kind->populated ? all : 0);
	write_pattern(lab.map);
	ck_assert_uint_eq(resident_bytes(), all);
}
END_TEST

/* Nobody has accessed it, so there is only what mmap() has mapped. */
START_TEST(every_page_is_mapped_by_mmap)
{
	uint64_t i;

	if (mapping_kind()->by_fault)
		skip("pages arrive by fault: 4.9 is about them");
	for (i = 0; i < lab.info.pages; i++) {
		ck_assert_msg(has_entry(mapped_page(i)),
			      "page %" PRIu64 " is not mapped when mmap() returns",
			      i);
		ck_assert_uint_eq(mapped_pfn(mapped_page(i)),
				  kernel_page(i).pfn);
	}
}
END_TEST

/*
 * 4.3 and 4.5: a part of the VMA
 */

START_TEST(munmap_in_the_middle_keeps_the_rest)
{
	uint64_t last = lab.info.pages - 1;

	needs_pages(3, "no middle");
	write_pattern(lab.map);
	must_unmap(mapped_page(1), lab.info.page_size);
	assert_words(lab.map, lab.page_words, 0, expect_pattern,
		     "before the hole");
	assert_words(mapped_page(last), lab.page_words,
		     last * lab.page_words, expect_pattern,
		     "behind the hole");
	kernel_checks();
}
END_TEST

START_TEST(munmap_at_either_end_keeps_the_rest)
{
	uint64_t last = lab.info.pages - 1;

	needs_pages(2, "one page has no ends");
	write_pattern(lab.map);
	must_unmap(mapped_page(0), lab.info.page_size);
	ck_assert(!is_mapped(mapped_page(0)));
	assert_pages(1, last, "behind the first page");
	kernel_finds_a_wrong_bit(lab.page_words);
	if (last > 1) {
		must_unmap(mapped_page(last), lab.info.page_size);
		ck_assert(!is_mapped(mapped_page(last)));
		assert_pages(1, last - 1, "between the ends");
		kernel_finds_a_wrong_bit(last * lab.page_words - 1);
	}
	kernel_checks();
}
END_TEST

static void must_protect(void *page, int prot)
{
	ck_assert_int_eq(mprotect(page, lab.info.page_size, prot), 0);
}

static bool write_to_page_1(void)
{
	*mapped_page(1) = 0;
	return true;
}

START_TEST(mprotect_in_the_middle_keeps_the_contents)
{
	void *page_1 = (void *)mapped_page(1);

	needs_pages(3, "no middle");
	write_pattern(lab.map);
	must_protect(page_1, PROT_READ);
	assert_killed(write_to_page_1, SIGSEGV, "a store to the page");
	assert_pages(0, lab.info.pages, "with a read-only page");
	kernel_finds_a_wrong_bit(lab.page_words - 1);
	kernel_finds_a_wrong_bit(2 * lab.page_words);

	must_protect(page_1, PROT_NONE);
	must_protect(page_1, READ_WRITE);
	assert_pages(0, lab.info.pages, "with the access of before");
	kernel_finds_a_wrong_bit(lab.page_words);
	kernel_checks();
}
END_TEST

const struct check vma_checks[] = {
	THOROUGH_CHECK(vm_flags_are_the_documented_ones, MAPS | ANY_DRIVER),
	THOROUGH_CHECK(every_page_is_mapped_by_mmap, WRITES | ANY_DRIVER),
	CHECK(mapping_is_resident_as_documented, WRITES | ANY_DRIVER),
	CHECK(munmap_in_the_middle_keeps_the_rest, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(munmap_at_either_end_keeps_the_rest,
		       WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(mprotect_in_the_middle_keeps_the_contents,
		       WRITES | CAN_CHECK | ANY_DRIVER),
	{ .name = NULL },
};
