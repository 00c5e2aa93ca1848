// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.8: two page faults at a time are answered as if each were alone
 *
 * Both processors map the memory many times and then access one page after another, so
 * that most of the time both are in the fault handler, for different pages.
 */
#include "races.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "racer.h"
#include "random/draw.h"
#include "shared/checks.h"

/* A count that is read and then set goes wrong seldom: many faults, one after another. */
#define MAPPINGS 40
#define TURNS 80

/* What each side has accessed for the first time, in memory that both share. */
enum { OURS, THEIRS };
static volatile uint64_t *touched;

static bool touch(volatile uint32_t *map, uint64_t page)
{
	uint32_t expected = expect_pattern(page * lab.page_words);
	uint32_t found = map[page * lab.page_words];

	return found == expected ||
	       object("page %" PRIu64 " shows 0x%08" PRIx32
		      " instead of 0x%08" PRIx32, page, found, expected);
}

/* Neighbouring mappings of all the memory; the pages in an order of each side's own. */
static bool map_and_touch(int side)
{
	uint64_t pages = lab.info.pages, i;
	volatile uint32_t *maps[MAPPINGS];
	bool right = true;
	int m;

	for (m = 0; m < MAPPINGS; m++) {
		void *map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED,
				 lab.fd, 0);

		if (map == MAP_FAILED)
			return object("mmap(): %s", strerror(errno));
		maps[m] = map;
	}
	for (m = 0; m < MAPPINGS && right; m++) {
		uint64_t first = draw(pages);

		for (i = 0; i < pages && right; i++)
			right = touch(maps[m], (first + i) % pages);
	}
	touched[side] += MAPPINGS * pages;
	for (m = 0; m < MAPPINGS; m++)
		munmap((void *)maps[m], lab.info.size);
	return right;
}

static bool map_and_touch_ours(void)
{
	return map_and_touch(OURS);
}

static bool map_and_touch_theirs(void)
{
	return map_and_touch(THEIRS);
}

START_TEST(faults_of_two_processors_do_not_disturb_each_other)
{
	static const struct call ours = { "page faults", map_and_touch_ours, 0 };
	static const struct call theirs = { "page faults",
					    map_and_touch_theirs, 0 };
	uint64_t before, expected;

	need_two_processors();
	touched = shared_memory(2 * sizeof(*touched));
	write_pattern(lab.map);
	before = count_faults();
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);

	expected = touched[OURS] + touched[THEIRS];
	ck_assert_msg(count_faults() - before == expected,
		      "%" PRIu64 " first accesses on two processors, and %"
		      PRIu64 " faults are counted", expected,
		      count_faults() - before);
}
END_TEST

const struct check fault_races_checks[] = {
	RACE_CHECK(faults_of_two_processors_do_not_disturb_each_other,
		   WRITES | CAN_FAULTS),
	{ .name = NULL },
};
