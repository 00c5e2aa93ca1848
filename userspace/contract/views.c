// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.4 to 1.6: all mappings and all processes see the same memory
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

/*
 * 1.4: several mappings
 */

START_TEST(second_mapping_sees_the_same)
{
	volatile uint32_t *second;

	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	second = must_map(lab.fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	assert_frames_are_shared();
	write_pattern(lab.map);
	assert_words(second, lab.words, 0, expect_pattern,
		     "the second mapping reads what the first wrote");
	lab.seed = ~lab.seed;
	write_pattern(second);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "the first mapping reads what the second wrote");
	must_unmap(second, lab.info.size);
}
END_TEST

START_TEST(second_descriptor_sees_the_same)
{
	volatile uint32_t *second;
	int fd;

	needs_shared_memory(SHARED_BY_ALL);
	fd = must_open(O_RDWR);
	second = must_map(fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	write_pattern(second);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "the first descriptor's mapping");
	must_unmap(second, lab.info.size);
	close(fd);
}
END_TEST

/*
 * 1.5: several processes
 */

static struct difference *child_found;

static bool child_reads_then_writes(void)
{
	*child_found = find_difference(lab.map, lab.words, 0, expect_pattern);
	lab.seed = ~lab.seed;
	write_pattern(lab.map);
	return !child_found->differ;
}

START_TEST(forked_child_sees_the_same)
{
	child_found = shared_memory(sizeof(*child_found));
	write_pattern(lab.map);
	if (!run_in_child(child_reads_then_writes))
		assert_same(*child_found, "the child reads");
	lab.seed = ~lab.seed;
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "the parent reads what the child wrote");
	kernel_checks();
}
END_TEST

static struct {
	int turn[2][2]; /* a pipe to us, a pipe to the other */
	struct difference *found;
} other;

static bool give_turn(int to)
{
	return write(other.turn[to][1], "", 1) == 1;
}

/* Returns false if the process whose turn it was has ended. */
static bool await_turn(int of)
{
	char byte;

	close(other.turn[of][1]);
	return read(other.turn[of][0], &byte, 1) == 1;
}

/* Instead of the mapping and the descriptor that fork() copied. */
static bool open_and_map_anew(void)
{
	void *map;

	munmap((void *)lab.map, lab.info.size);
	close(lab.fd);
	lab.fd = open_device(O_RDWR);
	if (lab.fd < 0)
		return false;
	map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, lab.fd, 0);
	lab.map = map;
	return map != MAP_FAILED;
}

static bool other_process(void)
{
	if (!open_and_map_anew())
		return false;
	other.found[0] = find_difference(lab.map, lab.words, 0,
					 expect_pattern);
	lab.seed = ~lab.seed;
	write_unguarded(lab.map);
	if (!give_turn(0) || !await_turn(1))
		return false;

	lab.seed++;
	other.found[1] = find_difference(lab.map, lab.words, 0,
					 expect_pattern);
	return true;
}

START_TEST(another_process_sees_the_same)
{
	pid_t child;

	needs_shared_memory(SHARED_BY_ALL);
	ck_assert_int_eq(pipe(other.turn[0]), 0);
	ck_assert_int_eq(pipe(other.turn[1]), 0);
	other.found = shared_memory(2 * sizeof(*other.found));
	write_pattern(lab.map);
	child = start_child(other_process);
	ck_assert_msg(await_turn(0), "the other process cannot map the device");
	assert_same(other.found[0], "the other process reads");
	lab.seed = ~lab.seed;
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "we read what the other process wrote");
	kernel_checks();

	lab.seed++;
	write_pattern(lab.map);
	ck_assert(give_turn(1));
	ck_assert_int_eq(status_of(child), 0);
	assert_same(other.found[1],
		    "the other process reads what we wrote after it");
}
END_TEST

/*
 * 1.6: page offsets
 */

/* Only the first and the last page: the time for all grows with pages squared. */
START_TEST(offset_k_shows_page_k)
{
	uint64_t last = lab.info.pages - 1;
	uint64_t k;

	needs_offsets();
	kernel_fills();
	for (k = 0; k <= last; k++) {
		uint64_t offset = k * lab.info.page_size;
		size_t length = lab.info.size - offset;
		volatile uint32_t *map = must_map(lab.fd, length, READ_WRITE,
						  MAP_SHARED, offset);

		assert_words(map, lab.page_words, k * lab.page_words,
			     expect_pattern, "first page of a mapping");
		assert_words(map + (last - k) * lab.page_words, lab.page_words,
			     last * lab.page_words, expect_pattern,
			     "last page of a mapping");
		must_unmap(map, length);
	}
}
END_TEST

/* In bytes, for the VMA around an address; others find out by it what is mapped there. */
static uint64_t offset_in_proc_maps(const volatile void *addr)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t offset, found = UINT64_MAX;
	uintptr_t from, to;
	char line[512];

	ck_assert_msg(maps, "/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNx64, &from,
			   &to, &offset) == 3 &&
		    from <= (uintptr_t)addr && (uintptr_t)addr < to)
			found = offset;
	fclose(maps);
	return found;
}

START_TEST(proc_maps_shows_the_offset_asked_for)
{
	size_t page = lab.info.page_size;
	uint64_t k;

	needs_offsets();
	for (k = 0; k < lab.info.pages && k < 3; k++) {
		size_t length = lab.info.size - k * page;
		volatile uint32_t *map = must_map(lab.fd, length, READ_WRITE,
						  MAP_SHARED, k * page);

		ck_assert_uint_eq(offset_in_proc_maps(map), k * page);
		must_unmap(map, page);
		if (length == page)
			continue;
		ck_assert_uint_eq(offset_in_proc_maps(map + lab.page_words),
				  (k + 1) * page);
		must_unmap(map + lab.page_words, length - page);
	}
}
END_TEST

/* Word 0 of the second mapping is word @first of the memory. */
static void write_from(volatile uint32_t *second, size_t first)
{
	size_t i;

	lab.kernel_wrote = false;
	for (i = 0; i < lab.words - first; i++)
		second[i] = expect_pattern(first + i);
}

/* Both ways; and the memory before the second mapping does not change. */
static void agree_from_page(uint64_t page)
{
	size_t first = page * lab.page_words;
	size_t offset = page * lab.info.page_size;
	size_t length = lab.info.size - offset;
	volatile uint32_t *second = must_map(lab.fd, length, READ_WRITE,
					     MAP_SHARED, offset);

	write_pattern(lab.map);
	assert_words(second, lab.words - first, first, expect_pattern,
		     "the mapping at an offset reads");

	lab.seed = ~lab.seed;
	write_from(second, first);
	assert_words(lab.map + first, lab.words - first, first, expect_pattern,
		     "the whole mapping reads");
	lab.seed = ~lab.seed;
	assert_words(lab.map, first, 0, expect_pattern,
		     "before the mapping at an offset");

	write_from(second, first);
	kernel_checks();
	must_unmap(second, length);
	lab.seed++;
}

START_TEST(mappings_at_two_offsets_agree)
{
	uint64_t step = lab.info.pages / 16 + 1;
	uint64_t page;

	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	needs_offsets();
	needs_pages(2, "one page has one offset");
	for (page = 1; page < lab.info.pages; page += step)
		agree_from_page(page);
}
END_TEST

const struct check views_checks[] = {
	CHECK(second_mapping_sees_the_same, WRITES | ANY_DRIVER),
	CHECK(second_descriptor_sees_the_same, WRITES | ANY_DRIVER),
	CHECK(forked_child_sees_the_same, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(another_process_sees_the_same, WRITES | CAN_CHECK | ANY_DRIVER),
	CHECK(offset_k_shows_page_k, MAPS | CAN_FILL | ANY_DRIVER),
	THOROUGH_CHECK(mappings_at_two_offsets_agree, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(proc_maps_shows_the_offset_asked_for, MAPS),
	{ .name = NULL },
};
