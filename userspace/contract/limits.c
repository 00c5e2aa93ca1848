// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 2.1 to 2.3: nothing is visible but the lab's own, fresh memory
 */
#include "contract.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

/*
 * 2.1 and 2.2: the first contents of a buffer
 */

static void needs_documented_contents(void)
{
	if (is_driver() && !driver.fresh_is_zero)
		not_for_driver("what fresh memory holds is not documented");
}

START_TEST(fresh_contents_are_as_documented)
{
	needs_documented_contents();
	lab.kernel_wrote = true;
	assert_words(lab.map, lab.words, 0, expect_fresh,
		     "user reads a fresh buffer");
}
END_TEST

/* In so many loads the allocator hands out some of the old frames again. */
#define REMAKES 8

START_TEST(remade_buffer_shows_nothing_of_the_old)
{
	int i;

	needs_documented_contents();
	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	read_module();
	for (i = 0; i < REMAKES; i++) {
		lab.seed += i;
		if (i % 2)
			kernel_fills();
		else
			write_pattern(lab.map);
		close_lab();
		must_unload();
		must_load();
		open_lab();
		assert_words(lab.map, lab.words, 0, expect_fresh,
			     "user reads a buffer that was allocated again");
	}
}
END_TEST

/*
 * 2.3: offsets and lengths
 */

START_TEST(mmap_past_the_end_is_refused)
{
	uint64_t page = lab.info.page_size;
	uint64_t size = lab.info.size;

	needs_an_end();
	assert_refused(mmap(NULL, size + page, READ_WRITE, MAP_SHARED,
			    lab.fd, 0),
		       EINVAL, "one page too long");
	assert_refused(mmap(NULL, size + 1, READ_WRITE, MAP_SHARED,
			    lab.fd, 0),
		       EINVAL, "one byte too long");
	assert_refused(mmap(NULL, size, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)page),
		       EINVAL, "the whole length from page 1");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)size),
		       EINVAL, "the page after the last");
	assert_refused(mmap(NULL, 2 * page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)(size - page)),
		       EINVAL, "two pages from the last");
}
END_TEST

START_TEST(mmap_of_no_length_is_refused)
{
	assert_refused(mmap(NULL, 0, READ_WRITE, MAP_SHARED, lab.fd, 0),
		       EINVAL, "no length");
}
END_TEST

/*
 * The kernel itself refuses a mapping that ends behind the last byte that an
 * offset can name. Offsets just below reach the driver, whose arithmetic must not
 * wrap around to a small number.
 */
START_TEST(mmap_near_the_top_of_the_range_is_refused)
{
	/* Offsets have the bits of a long; larger ones never reach a driver. */
	const uint64_t half = (uint64_t)LONG_MAX + 1;
	uint64_t page = lab.info.page_size;
	uint64_t top = half + (half - page);

	needs_an_end();
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)top),
		       EOVERFLOW, "the last page of all offsets");
	assert_refused(mmap(NULL, 2 * page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)top),
		       EOVERFLOW, "two pages from the last");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)(top - page)),
		       EINVAL, "the last page but one of all offsets");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)half),
		       EINVAL, "half of all offsets");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
			    (off_t)(1ull << 32)),
		       sizeof(long) == 4 ? EOVERFLOW : EINVAL, "offset 2^32");
}
END_TEST

START_TEST(mmap_at_an_odd_offset_is_refused)
{
	/* Not by the C library, which would refuse it itself. */
	long map = raw_mmap(0, lab.info.page_size, READ_WRITE, MAP_SHARED,
			    lab.fd, 1);

	assert_refused(map == -1 ? MAP_FAILED : (void *)map, EINVAL,
		       "offset 1");
}
END_TEST

const struct check limits_checks[] = {
	{ .name = "fresh_contents_are_as_documented",
	  .run = &fresh_contents_are_as_documented,
	  .needs = MAPS | ANY_DRIVER | ANY_NODE,
	  .time = FIRST },
	THOROUGH_CHECK(remade_buffer_shows_nothing_of_the_old,
		       WRITES | CAN_FILL | ANY_DRIVER | ANY_NODE),
	CHECK(mmap_past_the_end_is_refused, MAPS | ANY_DRIVER),
	CHECK(mmap_of_no_length_is_refused, MAPS | ANY_DRIVER),
	CHECK(mmap_near_the_top_of_the_range_is_refused, MAPS | ANY_DRIVER),
	CHECK(mmap_at_an_odd_offset_is_refused, MAPS | ANY_DRIVER),
	{ .name = NULL },
};
