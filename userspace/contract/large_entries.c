// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.9: where pages may arrive together, one entry maps all of them
 *
 * Two look on: the lab's own count of faults, and our module page_table, which says how
 * much the entry of an address maps.
 */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/blocks.h"
#include "shared/checks.h"
#include "shared/page_entries.h"

/* Entries for pages of a mapping of all the memory, by whole blocks or page by page. */
static void assert_sizes(int fd, const volatile uint32_t *map, uint64_t first,
			 uint64_t end, bool divided)
{
	struct blocks blocks = blocks_of(map);
	uint64_t i;

	for (i = first; fd >= 0 && i < end; i++) {
		size_t expected = divided ? lab.info.page_size :
					    entry_size(&blocks, i);
		uint64_t addr = (uintptr_t)(map + i * lab.page_words);
		uint64_t found = entry_of(fd, addr).size;

		ck_assert_msg(found == expected, "page %" PRIu64
			      ": expected an entry for 0x%zx bytes, found one for 0x%"
			      PRIx64, i, expected, found);
	}
}

/* Whoever asks for no address gets one where the frames fit. */
static void assert_frames_fit(const volatile uint32_t *map)
{
	struct blocks blocks = blocks_of(map);

	ck_assert_msg(lab.info.size < blocks.size || frames_fit(&blocks),
		      "mmap() chose 0x%" PRIxPTR ", and the memory is at 0x%"
		      PRIx64 ": no entry for 0x%zx bytes fits to both",
		      (uintptr_t)map, (uint64_t)lab.info.phys_addr,
		      blocks.size);
}

/* From the last page to the first: whichever page is touched brings its block. */
static void touch_backwards(volatile uint32_t *map)
{
	uint64_t i;

	for (i = lab.info.pages; i > 0; i--)
		(void)map[(i - 1) * lab.page_words];
}

START_TEST(entries_are_as_large_as_they_can_be)
{
	uint64_t before = count_faults();
	int fd = open_page_table();
	volatile uint32_t *second;

	assert_frames_fit(lab.map);
	touch_backwards(lab.map);
	assert_faults(before, count_entries(lab.map), "a touch of each page");
	assert_sizes(fd, lab.map, 0, lab.info.pages, false);

	second = must_map(lab.fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	assert_frames_fit(second);
	touch_backwards(second);
	assert_sizes(fd, second, 0, lab.info.pages, false);
	must_unmap(second, lab.info.size);
	close(fd);
}
END_TEST

/* One page too low: the block of addresses that is in the mapping is none of frames. */
START_TEST(block_that_does_not_fit_arrives_page_by_page)
{
	uint64_t before = count_faults();
	int fd = open_page_table();
	volatile uint32_t *map;

	if (pages_of_first_block() == lab.info.pages)
		skip("no page besides the block: load with pages=513 or more");
	map = mmap(find_room_like(lab.map, 1), lab.info.size, READ_WRITE,
		   MAP_SHARED | MAP_FIXED, lab.fd, 0);
	ck_assert_msg(map != MAP_FAILED, "mmap: %s", strerror(errno));
	write_pattern(map);
	assert_faults(before, lab.info.pages, "a touch of each page");
	assert_sizes(fd, map, 0, lab.info.pages, true);
	kernel_checks();
	must_unmap(map, lab.info.size);
	close(fd);
}
END_TEST

/*
 * What happens to a part of a block takes its entry away. The rest arrives again by
 * faults, a page each, for no block is whole any more; other blocks stay.
 */
START_TEST(block_that_mprotect_divides_arrives_again_page_by_page)
{
	uint64_t block = pages_of_first_block();
	int fd = open_page_table();
	uint64_t before;

	write_pattern(lab.map);
	before = count_faults();
	ck_assert(!mprotect((void *)mapped_page(block / 2), lab.info.page_size,
			    PROT_READ));
	assert_faults(before, 0, "mprotect() of one page");
	assert_pages(0, lab.info.pages, "with a page that is read-only");
	assert_faults(before, block, "a touch of each page after mprotect()");
	assert_sizes(fd, lab.map, 0, block, true);
	assert_sizes(fd, lab.map, block, lab.info.pages, false);
	kernel_checks();
	close(fd);
}
END_TEST

START_TEST(block_that_munmap_divides_arrives_again_page_by_page)
{
	uint64_t block = pages_of_first_block();
	uint64_t hole = block / 2;
	int fd = open_page_table();
	uint64_t before;

	write_pattern(lab.map);
	before = count_faults();
	must_unmap(mapped_page(hole), lab.info.page_size);
	assert_faults(before, 0, "munmap() of one page");
	assert_pages(0, hole, "before a hole");
	assert_pages(hole + 1, lab.info.pages - hole - 1, "behind a hole");
	assert_faults(before, block - 1, "a touch of each page after munmap()");
	ck_assert_msg(!is_mapped(mapped_page(hole)), "the hole is mapped");
	assert_sizes(fd, lab.map, 0, hole, true);
	assert_sizes(fd, lab.map, hole + 1, block, true);
	assert_sizes(fd, lab.map, block, lab.info.pages, false);
	kernel_checks();
	close(fd);
}
END_TEST

#define COUNTS_FAULTS (WRITES | CAN_FAULTS)

const struct check large_entries_checks[] = {
	CHECK(entries_are_as_large_as_they_can_be, COUNTS_FAULTS),
	THOROUGH_CHECK(block_that_does_not_fit_arrives_page_by_page,
		       COUNTS_FAULTS | CAN_CHECK),
	THOROUGH_CHECK(block_that_mprotect_divides_arrives_again_page_by_page,
		       COUNTS_FAULTS | CAN_CHECK),
	THOROUGH_CHECK(block_that_munmap_divides_arrives_again_page_by_page,
		       COUNTS_FAULTS | CAN_CHECK),
	{ .name = NULL },
};
