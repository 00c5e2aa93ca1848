// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: calls that fail half-way
 *
 * A number in /proc/self/fail-nth has the kernel fail that allocation, or copy,
 * of the calls to come (Documentation/fault-injection/fault-injection.rst). Each
 * call is made with the first one failing, with the second, and so on, until
 * nothing of it is left to fail.
 */
#include "lab_test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const int READ_WRITE = PROT_READ | PROT_WRITE;

/* More than any call has that is looked at here. */
#define MOST_CHANCES 1000

static int fail_nth;

static void set_fault(const char *kind, const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		lab_skip("%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

/* As delivered it spares allocations that may wait, which all of ours may. */
static void prepare_faults(void)
{
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		lab_skip("the kernel has no fault injection");
	set_fault("failslab", "ignore-gfp-wait", "N");
	set_fault("failslab", "verbose", "0");
	set_fault("fail_page_alloc", "ignore-gfp-wait", "N");
	set_fault("fail_page_alloc", "min-order", "0");
	set_fault("fail_page_alloc", "verbose", "0");
	set_fault("fail_usercopy", "verbose", "0");
}

static void arm(unsigned int chance)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", chance);

	ck_assert_int_eq(pwrite(fail_nth, text, length, 0), length);
}

/*
 * Was it used? Asking copies as well: if that fails, the fault was still to
 * come.
 */
static bool disarm(void)
{
	char left[16] = "";
	bool used = pread(fail_nth, left, sizeof(left), 0) > 0 &&
		    left[0] == '0';

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return used;
}

/*
 * What a call that fails must leave as it is
 */

struct traces {
	int lowest_fd;
	int areas;
	uint64_t mappings;
};

static int count_areas(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		count += !!strstr(line, lab.path);
	fclose(maps);
	return count;
}

static struct traces look(void)
{
	struct traces traces = { .areas = count_areas() };
	struct lab_info info;

	traces.lowest_fd = dup(fail_nth);
	close(traces.lowest_fd);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_INFO, &info), 0);
	traces.mappings = info.mappings;
	return traces;
}

static void assert_no_traces(const char *name, struct traces before)
{
	struct traces after = look();

	ck_assert_msg(after.lowest_fd == before.lowest_fd,
		      "%s failed and left a descriptor", name);
	ck_assert_msg(after.areas == before.areas,
		      "%s failed and left an area", name);
	ck_assert_msg(after.mappings == before.mappings,
		      "%s failed and left %" PRIu64 " mappings counted, not %"
		      PRIu64, name, after.mappings, before.mappings);
}

/**
 * struct call - one that is made to fail
 * @name: for messages
 * @make: make it; -1 if it fails, with errno
 * @undo: take back what it did when it did not fail, or NULL
 * @whole: what it answers when it did all
 * @may_be_short: less than that is an answer as well, if something fails
 */
struct call {
	const char *name;
	long (*make)(void);
	void (*undo)(long result);
	long whole;
	bool may_be_short;
};

static void undo(const struct call *call, long result)
{
	if (call->undo)
		call->undo(result);
}

static void assert_works(const struct call *call)
{
	long result = call->make();

	ck_assert_msg(result != -1, "%s fails again: %s", call->name,
		      strerror(errno));
	ck_assert_msg(!call->may_be_short || result == call->whole,
		      "%s is short again: %ld", call->name, result);
	undo(call, result);
}

/* Returns false when nothing was left to fail. */
static bool fail_once(const struct call *call, unsigned int chance,
		      unsigned int *failures)
{
	struct traces before = look();
	int found;
	long result;
	bool used;

	arm(chance);
	result = call->make();
	found = errno;
	used = disarm();
	if (result == -1) {
		ck_assert_msg(used, "%s failed on its own: %s", call->name,
			      strerrorname_np(found));
		ck_assert_msg(found == ENOMEM || found == EFAULT,
			      "%s: expected ENOMEM or EFAULT, found %s",
			      call->name, strerrorname_np(found));
		assert_no_traces(call->name, before);
		++*failures;
	} else {
		ck_assert_msg(!call->may_be_short || result == call->whole ||
			      (used && result > 0),
			      "%s moved %ld bytes, and no error", call->name,
			      result);
		undo(call, result);
	}
	assert_works(call);
	assert_no_traces(call->name, before);
	return used;
}

static void fail_each(const struct call *call)
{
	unsigned int failures = 0, chance = 1;

	assert_works(call);
	while (fail_once(call, chance, &failures))
		ck_assert_msg(++chance < MOST_CHANCES,
			      "%s has no end of what can fail", call->name);
	ck_assert_msg(failures, "nothing made %s fail", call->name);
}

/*
 * open() and mmap()
 */

static long call_open(void)
{
	return open(lab.path, O_RDWR | O_CLOEXEC);
}

static void undo_open(long fd)
{
	close((int)fd);
}

START_TEST(open_fails_cleanly)
{
	static const struct call call = {
		.name = "open()", .make = call_open, .undo = undo_open,
	};

	prepare_faults();
	fail_each(&call);
}
END_TEST

/* From a page on, so many bytes; and where. */
static uint64_t map_offset, map_length;
static void *map_place;

/*
 * A place without page tables, for they are most of what can fail in the driver's
 * part of mmap(). A page of them covers 2 MiB, and the next level 1 GiB.
 */
static void find_place(void)
{
	const size_t gib = 1ul << 30;
	char *room = mmap(NULL, 3 * gib, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_msg(room != MAP_FAILED, "no 3 GiB of addresses: %s",
		      strerror(errno));
	munmap(room, 3 * gib);
	map_place = room + gib + (-(uintptr_t)room & (gib - 1));
}

static long call_mmap(void)
{
	return (long)mmap(map_place, map_length, READ_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, lab.fd,
			  (off_t)map_offset);
}

/* One that was made although something failed is whole. */
static void undo_mmap(long map)
{
	lab_assert_words((volatile uint32_t *)map,
			 map_length / sizeof(uint32_t),
			 map_offset / sizeof(uint32_t), lab_expect_pattern,
			 "a mapping that did not fail");
	ck_assert_int_eq(munmap((void *)map, map_length), 0);
}

static void fail_mmap(const char *name, uint64_t from, uint64_t pages)
{
	const struct call call = {
		.name = name, .make = call_mmap, .undo = undo_mmap,
	};

	map_offset = from * lab.info.page_size;
	map_length = pages * lab.info.page_size;
	fail_each(&call);
}

START_TEST(mmap_fails_cleanly)
{
	uint64_t last = lab.info.pages - 1;

	prepare_faults();
	find_place();
	lab_write_pattern(lab.map);
	fail_mmap("mmap() of all pages", 0, last + 1);
	fail_mmap("mmap() of the first page", 0, 1);
	fail_mmap("mmap() of the last page", last, 1);
	if (last)
		fail_mmap("mmap() of all pages but the first", 1, last);
	lab_assert_pages(0, last + 1, "the mapping that was there");
	lab_kernel_checks();
}
END_TEST

/*
 * Requests
 *
 * What a request says is written to user space by one copy, at its end: when that
 * fails, nothing of the answer is there.
 */

static const struct request {
	const char *name;
	unsigned long number;
} requests[] = {
	{ "LAB_IOC_INFO", LAB_IOC_INFO },
	{ "LAB_IOC_PAGE", LAB_IOC_PAGE },
	{ "LAB_IOC_FILL", LAB_IOC_FILL },
	{ "LAB_IOC_CHECK", LAB_IOC_CHECK },
	{ "LAB_IOC_USER_PAGE", LAB_IOC_USER_PAGE },
	{ "LAB_IOC_SMALL", LAB_IOC_SMALL },
};

/* All structures that a request takes begin with what is asked. */
static const struct request *request;
static uint64_t asked;

static long call_request(void)
{
	const uint64_t before[16] = { asked };
	uint64_t argument[16] = { asked };
	long result = ioctl(lab.fd, request->number, argument);

	if (result == -1 && memcmp(argument, before, sizeof(argument)))
		errno = EPROTO; /* nothing else says so */
	return result;
}

static void fail_request(const struct request *which)
{
	struct call call = { .name = which->name, .make = call_request };

	request = which;
	asked = which->number == LAB_IOC_USER_PAGE ? (uintptr_t)lab.map :
		which->number == LAB_IOC_PAGE ? 0 : lab.seed;
	fail_each(&call);
}

START_TEST(requests_fail_cleanly)
{
	size_t i;

	prepare_faults();
	lab_write_pattern(lab.map);
	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (requests[i].number != LAB_IOC_SMALL ||
		    lab.program->operations & CAN_SMALL)
			fail_request(&requests[i]);
	lab_kernel_checks();
}
END_TEST

/*
 * read() and write()
 */

static uint32_t *bytes;

static long call_read(void)
{
	return pread(lab.fd, bytes, lab.info.size, 0);
}

static long call_write(void)
{
	return pwrite(lab.fd, bytes, lab.info.size, 0);
}

static void fail_transfer(const char *name, long (*make)(void))
{
	const struct call call = {
		.name = name, .make = make, .whole = (long)lab.info.size,
		.may_be_short = true,
	};

	fail_each(&call);
}

START_TEST(read_and_write_fail_cleanly)
{
	prepare_faults();
	bytes = calloc(1, lab.info.size);
	ck_assert_ptr_nonnull(bytes);
	lab_write_pattern(lab.map);
	fail_transfer("read()", call_read);
	lab_assert_words(bytes, lab.words, 0, lab_expect_pattern, "read()");
	lab_kernel_checks();

	lab.seed = ~lab.seed;
	lab_write_unguarded(bytes);
	fail_transfer("write()", call_write);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "user reads what write() wrote");
	lab_kernel_checks();
	free(bytes);
}
END_TEST

const struct lab_test lab_failing[] = {
	LAB_TEST(open_fails_cleanly),
	LAB_TEST(mmap_fails_cleanly),
	LAB_TEST(requests_fail_cleanly),
	LAB_TEST(read_and_write_fail_cleanly),
	{ .name = NULL },
};
