// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 7.4: memory that is short is refused, and nobody is killed
 *
 * Under its low watermark the kernel gives out no page any more: first it looks for pages
 * to take back, then it kills a process. A high watermark makes memory short without
 * anybody having to use it.
 */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/checks.h"
#include "shared/kernel_log.h"

#define WATERMARK "/proc/sys/vm/min_free_kbytes"

/*
 * What is left above the watermark: enough to load a module, less than the 4 MiB that it
 * is to ask for.
 */
#define LEFT_KIB 3072
#define ASKED_MIB 4

/* The number behind a key, in a file with a line for each; or what is to stand for it. */
static uint64_t number_or(const char *path, const char *key, uint64_t instead)
{
	FILE *file = fopen(path, "r");
	uint64_t number = instead;
	char line[128];

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), "%" SCNu64, &number);
	fclose(file);
	return number;
}

static uint64_t number_of(const char *path, const char *key)
{
	uint64_t number = number_or(path, key, UINT64_MAX);

	ck_assert_msg(number != UINT64_MAX, "%s has no %s", path, key);
	return number;
}

/* In KiB. What is kept for devices (CMA) is free, too, but the kernel cannot use it. */
static uint64_t free_for_the_kernel(void)
{
	return number_of("/proc/meminfo", "MemFree:") -
	       number_or("/proc/meminfo", "CmaFree:", 0);
}

static uint64_t set_watermark(uint64_t kib)
{
	FILE *file = fopen(WATERMARK, "r+");
	uint64_t before = 0;

	ck_assert_msg(file && fscanf(file, "%" SCNu64, &before) == 1,
		      WATERMARK ": %s", strerror(errno));
	rewind(file);
	ck_assert_int_gt(fprintf(file, "%" PRIu64, kib), 0);
	ck_assert_msg(!fclose(file), WATERMARK ": %s", strerror(errno));
	return before;
}

static uint64_t processes_killed(void)
{
	return number_of("/proc/vmstat", "oom_kill ");
}

/* Loads the module while memory is short. */
static int load_in_need(const char *parameters)
{
	uint64_t before = set_watermark(free_for_the_kernel() - LEFT_KIB);
	int answer = load_with(parameters);
	int found = errno;

	set_watermark(before);
	errno = found;
	return answer;
}

/* It may have been served all the same, and then it is all there. */
static void assert_is_whole(uint64_t pages)
{
	open_lab();
	ck_assert_uint_eq(lab.info.pages, pages);
	kernel_fills();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "user reads a buffer that was made in need");
	close_lab();
	must_unload();
}

static void assert_refused_in_peace(const char *parameters, uint64_t killed)
{
	char *lines = read_kernel_log();

	ck_assert_msg(processes_killed() == killed,
		      "loaded with %s: the kernel killed a process to find memory",
		      parameters);
	ck_assert_msg(!strstr(lines, "Call Trace") && !strstr(lines, "Call trace"),
		      "loaded with %s: a stack trace in the kernel's log: %s",
		      parameters, lines);
	free(lines);
}

static void ask_for(uint64_t pages, bool can_be_asked_for,
		    int (*load)(const char *))
{
	uint64_t killed = processes_killed();
	char parameters[32];
	int answer, found;

	snprintf(parameters, sizeof(parameters), "pages=%" PRIu64, pages);
	skip_kernel_log();
	answer = load(parameters);
	found = errno;
	if (!answer)
		assert_is_whole(pages);
	else
		ck_assert_msg(found == ENOMEM ||
			      (!can_be_asked_for && found == EINVAL),
			      "loaded with %s: expected ENOMEM, found %s",
			      parameters, strerrorname_np(found));
	assert_refused_in_peace(parameters, killed);
}

START_TEST(load_is_refused_when_memory_is_short)
{
	uint64_t page = lab.info.page_size;
	uint64_t total = number_of("/proc/meminfo", "MemTotal:") * 1024 / page;

	close_and_unload();
	ask_for((ASKED_MIB << 20) / page, true, load_in_need);
	ask_for(total, false, load_with);
	must_load();
}
END_TEST

/*
 * The zone of RAM that old devices can reach, with addresses of 24 bits: 16 MiB on x86.
 * Where it has most of RAM it is nothing that others could lack. In page frames.
 */
struct zone {
	uint64_t first, spanned;
};

/* In a line such as "  present  3977", or "  start_pfn:  1". */
static bool says(const char *line, const char *word, uint64_t *number)
{
	char found[16];
	uint64_t value;

	if (sscanf(line, " %15s %" SCNu64, found, &value) != 2 || strcmp(found, word))
		return false;
	*number = value;
	return true;
}

static struct zone zone_of_old_devices(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	uint64_t present, total = 0, in_zone = 0;
	struct zone zone = { .first = 0 };
	char line[128], name[16];
	bool here = false;

	ck_assert_msg(file, "/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %*u, zone %15s", name) == 1)
			here = !strcmp(name, "DMA");
		if (says(line, "present", &present)) {
			total += present;
			in_zone += here ? present : 0;
		}
		if (here && !says(line, "spanned", &zone.spanned))
			says(line, "start_pfn:", &zone.first);
	}
	fclose(file);
	if (!in_zone)
		skip("this kernel has no zone for old devices");
	if (2 * in_zone > total)
		skip("old devices reach most of this machine's RAM");
	return zone;
}

/* With plenty of memory free, so that the kernel has no reason to give some of this zone. */
START_TEST(memory_that_old_devices_need_is_left_to_them)
{
	uint64_t usual = lab.info.pages, i;
	struct zone zone;

	if (can(CAN_DMA))
		skip("this lab has a device, which may need such memory");
	zone = zone_of_old_devices();
	read_module();
	must_reload_with_pages(5);
	for (i = 0; i < lab.info.pages; i++)
		ck_assert_msg(kernel_page(i).pfn - zone.first >= zone.spanned,
			      "page %" PRIu64 " is of ZONE_DMA, which is small: frame 0x%llx",
			      i, kernel_page(i).pfn);
	must_reload_with_pages(usual);
}
END_TEST

const struct check shortage_checks[] = {
	THOROUGH_CHECK(load_is_refused_when_memory_is_short,
		       MAPS | CAN_FILL | ANY_NODE),
	THOROUGH_CHECK(memory_that_old_devices_need_is_left_to_them,
		       CAN_INFO | CAN_PAGE | ANY_NODE),
	{ .name = NULL },
};
