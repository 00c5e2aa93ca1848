// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.9: a page that arrives by fault does so with its first touch, once
 *
 * Two look on: the page table, and the lab's own count of faults. The fixture has
 * mapped the memory, and nobody has accessed it yet.
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/blocks.h"
#include "shared/checks.h"

static volatile uint32_t *page_of(volatile uint32_t *map, uint64_t page)
{
	return map + page * lab.page_words;
}

static void read_all(volatile uint32_t *map)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		(void)*page_of(map, i);
}

static void write_all(volatile uint32_t *map)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		*page_of(map, i) = 0;
}

/*
 * The first touch
 */

/* A page that came with another is there when it is its turn: no entry goes meanwhile. */
START_TEST(no_page_arrives_before_its_first_touch)
{
	struct blocks blocks = blocks_of(lab.map);
	uint64_t before = count_faults();
	uint64_t arrived = 0;
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		bool is_there = i && share_an_entry(&blocks, i - 1, i);

		assert_faults(before, arrived, "a touch of some pages");
		ck_assert_msg(has_entry(mapped_page(i)) == is_there,
			      "page %" PRIu64 " is %s; touched are %" PRIu64
			      " pages before it", i,
			      is_there ? "not mapped" : "mapped", i);
		(void)*mapped_page(i);
		ck_assert_msg(has_entry(mapped_page(i)), "page %" PRIu64
			      " was touched, and is not mapped", i);
		arrived += !is_there;
	}
	assert_faults(before, count_entries(lab.map), "a touch of each page");
}
END_TEST

START_TEST(one_touch_is_one_fault)
{
	uint64_t before = count_faults();
	volatile uint32_t *second;

	write_pattern(lab.map);
	assert_faults(before, count_entries(lab.map),
		      "reads of each page, then writes");
	read_all(lab.map);
	kernel_checks();
	assert_faults(before, count_entries(lab.map), "reads after that");

	before = count_faults();
	second = must_map(lab.fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	assert_faults(before, 0, "a second mapping");
	write_all(second);
	assert_faults(before, count_entries(second),
		      "writes to a second mapping");
	read_all(second);
	write_all(lab.map);
	assert_faults(before, count_entries(second),
		      "reads and writes after that");
	must_unmap(second, lab.info.size);
}
END_TEST

static bool write_to_page_0(void)
{
	*lab.map = 1;
	return true;
}

/* The kernel's own mapping is always there, and what is forbidden is no touch. */
START_TEST(nothing_but_a_touch_is_a_fault)
{
	uint64_t before = count_faults();
	uint32_t word = 0;

	kernel_fills();
	kernel_checks();
	ck_assert_int_eq(pread(lab.fd, &word, sizeof(word), 0), sizeof(word));
	ck_assert_int_eq(pwrite(lab.fd, &word, sizeof(word), 0), sizeof(word));
	assert_faults(before, 0, "fill, check, read() and write()");

	ck_assert(!mprotect((void *)lab.map, lab.info.size, PROT_READ));
	assert_killed(write_to_page_0, SIGSEGV, "a store to a read-only page");
	assert_faults(before, 0, "a store that is forbidden");
	ck_assert(!has_entry(lab.map));
}
END_TEST

#define HIDDEN UINT64_MAX

/*
 * Documentation/admin-guide/mm/pagemap.rst. In user-mode Linux the file ends before RAM
 * does: HIDDEN is what it says of a frame behind its end.
 */
static uint64_t count_in_page(uint64_t page)
{
	off_t offset = (off_t)(kernel_page(page).pfn * sizeof(uint64_t));
	int fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	uint64_t count = 0;
	ssize_t size;

	if (fd < 0)
		skip("/proc/kpagecount: %s", strerror(errno));
	size = pread(fd, &count, sizeof(count), offset);
	close(fd);
	if (!size)
		return HIDDEN;
	ck_assert_int_eq(size, sizeof(count));
	return count;
}

/*
 * Contract 4.1: what makes it resident memory. Each page is touched, also where no count
 * can be seen: a driver that fails at a touch must not pass by chance.
 */
START_TEST(entries_are_counted_in_their_struct_pages_or_not)
{
	uint64_t each = mapping_kind()->in_rss ? 1 : 0;
	uint64_t hidden = 0;
	uint64_t before;
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		before = count_in_page(i);
		(void)*mapped_page(i);
		if (before == HIDDEN) {
			hidden++;
			continue;
		}
		ck_assert_uint_eq(before, 0);
		ck_assert_uint_eq(count_in_page(i), each);
	}
	if (hidden == lab.info.pages)
		skip("/proc/kpagecount ends before the lab's frames");
}
END_TEST

/*
 * What comes later
 */

START_TEST(entries_are_moved_and_protected_without_a_fault)
{
	void *room = find_room_like(lab.map, 0), *moved;
	uint64_t before = count_faults();

	write_pattern(lab.map);
	ck_assert(!mprotect((void *)lab.map, lab.info.size, PROT_NONE));
	ck_assert(!mprotect((void *)lab.map, lab.info.size, READ_WRITE));
	moved = mremap((void *)lab.map, lab.info.size, lab.info.size,
		       MREMAP_MAYMOVE | MREMAP_FIXED, room);
	ck_assert_msg(moved == room, "mremap failed: %s", strerror(errno));
	lab.map = moved;
	assert_pages(0, lab.info.pages, "after mremap()");
	assert_faults(before, count_entries(lab.map), "mprotect(), mremap()");
}
END_TEST

START_TEST(dropped_pages_arrive_again)
{
	const uint64_t last = lab.info.pages - 1;
	bool drops = mapping_kind()->can_drop;
	uint64_t before;
	int answer;

	write_pattern(lab.map);
	before = count_faults();
	answer = madvise((void *)mapped_page(last), lab.info.page_size,
			 MADV_DONTNEED);
	ck_assert_int_eq(answer, drops ? 0 : -1);
	ck_assert(has_entry(mapped_page(last)) == !drops);
	assert_faults(before, 0, "MADV_DONTNEED");
	assert_pages(0, lab.info.pages, "after MADV_DONTNEED");
	assert_faults(before, drops ? 1 : 0, "a touch after MADV_DONTNEED");
	kernel_checks();
}
END_TEST

static uint64_t counted_by_parent;

static bool child_sees_the_faults_of_its_kind(void)
{
	bool has_all = mapping_kind()->child_has_all;

	ck_assert(has_entry(lab.map) == has_all);
	assert_faults(counted_by_parent, 0, "fork()");
	assert_pages(0, lab.info.pages, "in the child");
	assert_faults(counted_by_parent, has_all ? 0 : count_entries(lab.map),
		      "a touch of each page by the child");
	return true;
}

START_TEST(child_has_entries_or_faults)
{
	write_pattern(lab.map);
	counted_by_parent = count_faults();
	ck_assert(run_in_child(child_sees_the_faults_of_its_kind));
}
END_TEST

/* get_user_pages() finds the pages for it, and finds none of a VM_PFNMAP mapping. */
START_TEST(map_populate_does_all_faults_or_none)
{
	bool all = mapping_kind()->get_user_pages;
	uint64_t before = count_faults();
	volatile uint32_t *map;

	map = must_map(lab.fd, lab.info.size, READ_WRITE,
		       MAP_SHARED | MAP_POPULATE, 0);
	assert_faults(before, all ? count_entries(map) : 0, "MAP_POPULATE");
	read_all(map);
	assert_faults(before, count_entries(map), "MAP_POPULATE, and a touch");
	must_unmap(map, lab.info.size);
}
END_TEST

#define COUNTS_FAULTS (WRITES | CAN_FAULTS)

const struct check arrivals_checks[] = {
	CHECK(no_page_arrives_before_its_first_touch, COUNTS_FAULTS),
	CHECK(one_touch_is_one_fault, COUNTS_FAULTS | CAN_CHECK),
	CHECK(entries_are_counted_in_their_struct_pages_or_not, COUNTS_FAULTS),
	CHECK(dropped_pages_arrive_again, COUNTS_FAULTS | CAN_CHECK),
	CHECK(child_has_entries_or_faults, COUNTS_FAULTS),
	THOROUGH_CHECK(nothing_but_a_touch_is_a_fault,
		       COUNTS_FAULTS | CAN_READ | CAN_WRITE | CAN_FILL |
		       CAN_CHECK),
	THOROUGH_CHECK(entries_are_moved_and_protected_without_a_fault,
		       COUNTS_FAULTS),
	THOROUGH_CHECK(map_populate_does_all_faults_or_none, COUNTS_FAULTS),
	{ .name = NULL },
};
