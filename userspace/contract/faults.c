// SPDX-License-Identifier: GPL-2.0
/*
 * Making a system call fail
 *
 * A number in /proc/self/fail-nth has the kernel fail that allocation, or copy, of
 * the calls that follow (Documentation/fault-injection/fault-injection.rst).
 */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory_group.h"
#include "shared/checks.h"
#include "traces.h"

/* More allocations and copies than any of our calls makes. */
#define MOST_CHANCES 1000

static int fail_nth;

/* By default faults spare allocations that may wait, as all of ours may. */
static const char *const spares[] = {
	"/sys/kernel/debug/failslab/ignore-gfp-wait",
	"/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait",
};

static void require_all_allocations(const char *path)
{
	char answer = 'Y';
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip("%s: %s", path, strerror(errno));
	ck_assert_int_eq(read(fd, &answer, 1), 1);
	close(fd);
	if (answer != 'N')
		skip("%s is not N", path);
}

static void spare_those_that_wait(const char *answer)
{
	size_t i;
	int fd;

	for (i = 0; i < sizeof(spares) / sizeof(*spares); i++) {
		fd = open(spares[i], O_WRONLY | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(write(fd, answer, 1), 1);
		close(fd);
	}
}

/* The guest's init sets them up: harness/guest/files/init. */
void require_faults(void)
{
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		skip("the kernel has no fault injection");
	require_all_allocations(spares[0]);
	require_all_allocations(spares[1]);
}

static void arm(unsigned int chance)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", chance);

	ck_assert_int_eq(pwrite(fail_nth, text, length, 0), length);
}

/*
 * Returns whether the fault has come. This read copies to user space: if the fault
 * is still to come, it makes the read fail.
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
 * Making one call fail
 */

static void undo(const struct failing_call *call, long result)
{
	if (call->undo)
		call->undo(result);
}

static void assert_works(const struct failing_call *call)
{
	long result = call->make();

	ck_assert_msg(result != -1, "%s fails again: %s", call->name,
		      strerror(errno));
	ck_assert_msg(!call->may_be_short || result == call->whole,
		      "%s is short again: %ld", call->name, result);
	undo(call, result);
}

/* Returns false if the call ended before its fault came. */
static bool fail_once(const struct failing_call *call, unsigned int chance,
		      unsigned int *failures)
{
	struct traces before = look_for_traces();
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

void fail_each(const struct failing_call *call)
{
	unsigned int failures = 0, chance = 1;

	assert_works(call);
	while (fail_once(call, chance, &failures))
		ck_assert_msg(++chance < MOST_CHANCES,
			      "%s: fault after fault, and no end", call->name);
	ck_assert_msg(failures, "no fault made %s fail", call->name);
}

/* Returns false if the pages were enough. */
static bool fail_in_a_group(const struct failing_call *call, unsigned int pages)
{
	struct traces before = look_for_traces();
	long result = call_in_a_group(call->make, pages);

	if (result != -1) {
		undo(call, result);
	} else {
		/* EFAULT is what vm_insert_pages() says if it gets no page table. */
		ck_assert_msg(errno == ENOMEM || errno == EFAULT,
			      "%s: expected ENOMEM or EFAULT, found %s",
			      call->name, strerrorname_np(errno));
	}
	assert_no_traces(call->name, before);
	assert_works(call);
	return result == -1;
}

void fail_with_few_pages(const struct failing_call *call, unsigned int times)
{
	unsigned int pages = 0;

	assert_works(call);
	while (fail_in_a_group(call, pages))
		ck_assert_msg(++pages < MOST_CHANCES,
			      "%s fails with %u pages", call->name, pages);
	ck_assert_msg(pages >= times, "%s needs only %u pages, and not %u",
		      call->name, pages, times);
}

void fail_what_cannot_wait(const struct failing_call *call)
{
	unsigned int chance = 0;
	bool used, refused = false;
	long result;

	do {
		spare_those_that_wait("Y");
		arm(++chance);
		result = call->make();
		refused |= result == -1 && errno == ENOMEM;
		used = disarm();
		/* Before anything can end the check: others need it so. */
		spare_those_that_wait("N");
		if (result != -1)
			undo(call, result);
	} while (used && chance < MOST_CHANCES);
	ck_assert_msg(!used, "%s: fault after fault, and no end", call->name);
	ck_assert_msg(!refused,
		      "%s needs memory from an allocation that may not wait for it",
		      call->name);
}
