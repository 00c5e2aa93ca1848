// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.10 and 7.3: sizes that can be, and sizes that cannot
 *
 * A check leaves the module loaded as it found it.
 */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/refusals.h"

/*
 * 1.10: one page; a number that is no power of two; more than one page table maps; none given
 */

/* Pages of a lab if pages= is not given. */
#define DEFAULT_PAGES 4

static void assert_nothing_is_mapped_behind(void)
{
	size_t page = lab.info.page_size;

	assert_refused(mmap(NULL, lab.info.size + page, READ_WRITE, MAP_SHARED,
			    lab.fd, 0), EINVAL, "one page too long");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)lab.info.size), EINVAL,
		       "the page after the last");
}

static void assert_nothing_behind(uint64_t pages)
{
	struct lab_page behind = { .index = pages };

	/* Of another node than the lab's the lab's own checks know the regions. */
	if (can(CAN_MMAP))
		assert_nothing_is_mapped_behind();
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PAGE, &behind), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(lseek(lab.fd, 0, SEEK_END), lab.info.size);
}

/* All that a buffer of any size must do, once. */
static void use_the_size(uint64_t pages)
{
	assert_words(lab.map, lab.words, 0, expect_fresh,
		     "user reads a fresh buffer");
	kernel_fills();
	assert_pages(0, pages, "user reads what the kernel filled");
	lab.seed++;
	write_unguarded(lab.map);
	kernel_checks();
	assert_nothing_behind(pages);
	if (pages > 1) {
		must_unmap(mapped_page(pages - 1), lab.info.page_size);
		assert_words(lab.map, lab.words - lab.page_words, 0,
			     expect_pattern, "without the last page");
	}
}

START_TEST(every_size_is_as_it_was_asked_for)
{
	/* The fourth is another one in each run. */
	const uint64_t most = many_pages();
	const uint64_t sizes[] = { 1, 5, most, 6 + lab.seed % (most - 7) };
	uint64_t usual = lab.info.pages;
	size_t i;

	read_module();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		must_reload_with_pages(sizes[i]);
		use_the_size(sizes[i]);
	}
	must_reload_without_pages(DEFAULT_PAGES);
	use_the_size(DEFAULT_PAGES);
	must_reload_with_pages(usual);
}
END_TEST

/*
 * 7.3: numbers that are no size of any memory
 *
 * Some become a small size where they are cut off, or multiplied: 2^32 + 1 in 32 bits,
 * 2^52 + 1 when it is counted in bytes.
 */

static const struct refusal no_sizes[] = {
	REFUSAL("pages=0", EINVAL),
	REFUSAL("pages=-1", EINVAL),
	REFUSAL("pages=-4294967295", EINVAL),
	REFUSAL("pages=-9223372036854775808", EINVAL),
	{ "pages=4294967296", EINVAL, ENOMEM },
	{ "pages=4294967297", EINVAL, ENOMEM },
	{ "pages=4503599627370497", EINVAL, ENOMEM },
	{ "pages=9223372036854775807", EINVAL, ENOMEM },
	{ "pages=18446744073709551615", EINVAL, ENOMEM },
	REFUSAL("pages=18446744073709551617", EINVAL),
	REFUSAL("pages=many", EINVAL),
	REFUSAL("pages=4many", EINVAL),
	REFUSAL("pages=", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_with_a_wrong_size_is_refused)
{
	assert_refusals(no_sizes);
}
END_TEST

const struct check sizes_checks[] = {
	THOROUGH_CHECK(every_size_is_as_it_was_asked_for,
		       WRITES | CAN_LLSEEK | CAN_FILL | CAN_CHECK | ANY_NODE),
	THOROUGH_CHECK(load_with_a_wrong_size_is_refused, CAN_INFO),
	{ .name = NULL },
};
