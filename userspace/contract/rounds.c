// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 5.3: five hundred rounds leave nothing behind
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

#include "one_use.h"
#include "memory_type.h"
#include "shared/checks.h"
#include "shared/free_memory.h"
#include "shared/kernel_log.h"

/*
 * After these, the kernel's caches hold all that a round puts into them. A run of few
 * rounds finds large leaks only, and needs no more of these.
 */
#define WARM_UP_ROUNDS 50
#define MOST_LINES 1024

/* One line of /proc/vmallocinfo without its addresses, or of /proc/iomem. */
struct lines {
	int count;
	char *line[MOST_LINES];
};

static int compare_lines(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/*
 * Two kinds of lines are left out: freed ranges that are not returned yet, which
 * are "unpurged" or have no name; and stacks, since the kernel's own threads start
 * and end at any time.
 */
static bool matters(const char *line)
{
	static const char *const others[] = {
		"unpurged vm_area", "vm_map_ram", "dup_task_struct",
		"alloc_thread_stack", "kernel_clone", "copy_process",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strstr(line, others[i]))
			return false;
	return true;
}

static struct lines *read_lines(const char *path, bool vmalloc)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	FILE *file = fopen(path, "r");
	char line[512], *text;

	ck_assert_ptr_nonnull(lines);
	while (file && fgets(line, sizeof(line), file)) {
		text = vmalloc ? strchr(line, ' ') : line;
		if (!text || !matters(text) || lines->count == MOST_LINES)
			continue;
		lines->line[lines->count++] = strdup(text);
	}
	if (file)
		fclose(file);
	if (vmalloc)
		qsort(lines->line, lines->count, sizeof(char *),
		      compare_lines);
	return lines;
}

static void free_lines(struct lines *lines)
{
	while (lines->count)
		free(lines->line[--lines->count]);
	free(lines);
}

/* The first line that only one of them has, or NULL. */
static const char *first_difference(const struct lines *before,
				    const struct lines *after)
{
	int i;

	for (i = 0; i < before->count && i < after->count; i++)
		if (strcmp(before->line[i], after->line[i]))
			return after->line[i];
	if (before->count < after->count)
		return after->line[i];
	return before->count > after->count ? before->line[i] : NULL;
}

/* Each has a line for what somebody has; the first has addresses that change. */
static const char *const lists[] = {
	"/proc/vmallocinfo", "/proc/iomem",
	PAT_LIST,
};

#define LISTS (sizeof(lists) / sizeof(*lists))

struct kernel_state {
	long free;
	struct lines *list[LISTS];
};

static struct kernel_state look_at_kernel(void)
{
	struct kernel_state state;
	size_t i;

	for (i = 0; i < LISTS; i++)
		state.list[i] = read_lines(lists[i], i == 0);

	state.free = free_memory();
	return state;
}

/*
 * In KiB. A leak of one page a round must be found; but the kernel's own use varies
 * by a few hundred pages, so a run of few rounds finds larger leaks only.
 */
static long tolerance(void)
{
	long half_a_page_each = settings.rounds * lab.info.page_size / 1024 / 2;

	return half_a_page_each > 1024 ? half_a_page_each : 1024;
}

/* Returns a message, or NULL if nothing is left but so many KiB. */
static const char *compare_states(const struct kernel_state *before,
				  const struct kernel_state *after,
				  long tolerated)
{
	static char wrong[640];
	const char *line;
	size_t i;

	for (i = 0; i < LISTS; i++) {
		line = first_difference(before->list[i], after->list[i]);
		if (!line)
			continue;
		snprintf(wrong, sizeof(wrong), "%s has changed: %s", lists[i],
			 line);
		return wrong;
	}
	if (before->free - after->free <= tolerated)
		return NULL;
	/* Not how much: a verdict is in the same words each time. */
	snprintf(wrong, sizeof(wrong),
		 "more than %ld KiB of memory are leaked", tolerated);
	return wrong;
}

/* A kernel thread frees some memory a little later. */
static const char *find_what_is_left(const struct kernel_state *before,
				     long tolerated)
{
	const char *wrong = NULL;
	int tries, i;

	for (tries = 0; tries < 20; tries++) {
		struct kernel_state after;

		if (tries)
			shrink_caches();
		after = look_at_kernel();
		wrong = compare_states(before, &after, tolerated);
		for (i = 0; i < (int)LISTS; i++)
			free_lines(after.list[i]);
		if (!wrong)
			break;
		usleep(100000);
	}
	return wrong;
}

/*
 * Rounds
 */

static unsigned long warm_up_rounds(void)
{
	return settings.rounds < WARM_UP_ROUNDS ? settings.rounds :
						  WARM_UP_ROUNDS;
}

/* Now and then by a process of its own, whose end is what takes the mappings away. */
#define ROUNDS_FOR_A_CHILD 16

static bool use_and_end(void)
{
	open_lab();
	use_once();
	return true;
}

static void do_rounds(unsigned long rounds)
{
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		must_load();
		if (i % ROUNDS_FOR_A_CHILD)
			use_once();
		else
			ck_assert_msg(run_in_child(use_and_end),
				      "round %lu: a child ended otherwise", i);
		must_unload();
	}
}

/*
 * A kernel that is surprised says so, and often not as an error. What it says of clocks
 * and of long waits is about the machine that it runs on.
 */
static bool is_about_time(const char *line)
{
	static const char *const others[] = {
		"clock", "hrtimer", "hogged CPU", "throttling", "tsc", "TSC",
		"stall", "soft lockup", "perf:",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strstr(line, others[i]))
			return true;
	return false;
}

#define LEVEL_OF_A_WARNING 4

/* x86 has a complaint about memory types that is not even a warning. */
static bool is_a_complaint(const char *line)
{
	return strstr(line, "x86/PAT: ") ||
	       (atoi(line) <= LEVEL_OF_A_WARNING && !is_about_time(line));
}

static void assert_no_complaint(void)
{
	char *lines = read_kernel_log(), *rest = lines, *line;

	while ((line = strsep(&rest, "\n")))
		ck_assert_msg(!*line || !is_a_complaint(line),
			      "the kernel's log has: %s", line);
	free(lines);
}

/* Nobody maps the lab's memory now. An entry that is left may be as old as the boot. */
static bool memory_type_is_left(void)
{
	const int64_t phys = lab.info.phys_addr, end = phys + lab.info.size;
	FILE *list = fopen(PAT_LIST, "r");
	int64_t from, to;
	bool left = false;
	char line[160];

	while (list && fgets(line, sizeof(line), list)) {
		if (sscanf(line, "PAT: [mem %" SCNi64 "-%" SCNi64 "]", &from,
			   &to) == 2)
			left |= from < end && phys < to;
	}
	if (list)
		fclose(list);
	return left;
}

START_TEST(rounds_leave_nothing_behind)
{
	struct kernel_state before;
	const char *wrong;

	close_and_unload();
	do_rounds(warm_up_rounds());
	shrink_caches();
	usleep(100000);
	shrink_caches();
	before = look_at_kernel();
	skip_kernel_log();

	do_rounds(settings.rounds);
	shrink_caches();
	wrong = find_what_is_left(&before, tolerance());
	if (!wrong && !is_driver() && memory_type_is_left())
		wrong = "the lab's memory is still in " PAT_LIST;
	must_load();
	ck_assert_msg(!wrong, "after %lu rounds %s", settings.rounds, wrong);
	assert_no_complaint();
	ck_assert_msg(before.list[0]->count,
		      "/proc/vmallocinfo cannot be read");
}
END_TEST

/*
 * One load of a large memory, which takes no time: so marks rest on this, of labs that are
 * unfinished as well. That it can be loaded so large, and used, is the matter of others.
 */

static void load_large(uint64_t pages)
{
	char larger[32];

	snprintf(larger, sizeof(larger), "pages=%" PRIu64, pages);
	if (load_with(larger))
		must_load();
}

static void use_if_possible(size_t size)
{
	int fd = must_open(O_RDWR);
	void *map = mmap(NULL, size, READ_WRITE, MAP_SHARED | MAP_POPULATE, fd,
			 0);

	if (map != MAP_FAILED)
		munmap(map, size);
	close(fd);
}

START_TEST(large_memory_is_given_back)
{
	const uint64_t pages = many_pages();
	const size_t size = pages * lab.info.page_size;
	struct kernel_state before;
	const char *wrong;

	close_and_unload();
	before = look_at_kernel();
	load_large(pages);
	use_if_possible(size);
	must_unload();
	wrong = find_what_is_left(&before, size / 1024 / 2);
	must_load();
	ck_assert_msg(!wrong, "after a load with %" PRIu64 " pages %s", pages,
		      wrong);
}
END_TEST

const struct check rounds_checks[] = {
	THOROUGH_CHECK(large_memory_is_given_back, CAN_INFO),
	{ .name = "rounds_leave_nothing_behind",
	  .run = &rounds_leave_nothing_behind,
	  .needs = MAPS | ANY_DRIVER,
	  .time = THOROUGH, .seconds = 600 },
	{ .name = NULL },
};
