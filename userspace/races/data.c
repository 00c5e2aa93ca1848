// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.3: bytes that two callers move at a time are bytes of one or the other
 *
 * Each side reads, or writes one of two patterns, in one of the ways to do so, for all
 * pairs. Each byte that is read, and each that is in the
 * memory, is one of the two that were written there.
 */
#include "races.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "racer.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"

#define TURNS 32

/* Where a side puts what it reads. */
static unsigned char *buffer;

static const unsigned char *pattern_bytes(int pattern)
{
	return (const unsigned char *)pattern_words(pattern);
}

static bool is_of_a_pattern(unsigned char byte, size_t offset)
{
	return byte == pattern_bytes(0)[offset] ||
	       byte == pattern_bytes(1)[offset];
}

static bool look_at_bytes(const unsigned char *found, size_t offset,
			  size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!is_of_a_pattern(found[i], offset + i))
			return object("byte 0x%zx is 0x%02x, which nobody wrote",
				      offset + i, found[i]);
	return true;
}

/*
 * Ways to read
 */

/* Word by word: what memcpy() does may be wrong for uncached memory. */
static bool load(void)
{
	size_t i;

	for (i = 0; i < lab.words; i++)
		((uint32_t *)buffer)[i] = lab.map[i];
	return look_at_bytes(buffer, 0, lab.info.size);
}

/* Any part, at any byte. */
static bool call_pread(void)
{
	size_t offset = draw(lab.info.size);
	size_t count = 1 + draw(lab.info.size - offset);
	ssize_t done = pread(lab.fd, buffer, count, (off_t)offset);

	if (done != (ssize_t)count)
		return object("%zd of %zu bytes are read", done, count);
	return look_at_bytes(buffer, offset, count);
}

static bool call_check(void)
{
	struct lab_check check = { .seed = pattern_seed(draw(PATTERNS)) };

	if (ioctl(lab.fd, LAB_IOC_CHECK, &check))
		return object("%s", strerror(errno));
	if (check.offset == LAB_NO_DIFFERENCE)
		return true;
	if (check.offset >= lab.info.size)
		return object("it finds a difference at 0x%" PRIx64,
			      (uint64_t)check.offset);
	return look_at_bytes((unsigned char *)&check.found, check.offset,
			     sizeof(check.found));
}

/*
 * Ways to write
 */

static bool store(void)
{
	store_pattern(draw(PATTERNS));
	return true;
}

static bool call_pwrite(void)
{
	size_t offset = draw(lab.info.size);
	size_t count = 1 + draw(lab.info.size - offset);
	const unsigned char *from = pattern_bytes(draw(PATTERNS)) + offset;
	ssize_t done = pwrite(lab.fd, from, count, (off_t)offset);

	if (done != (ssize_t)count)
		return object("%zd of %zu bytes are written", done, count);
	return true;
}

static bool call_fill(void)
{
	struct lab_fill fill = { .seed = pattern_seed(draw(PATTERNS)) };

	return !ioctl(lab.fd, LAB_IOC_FILL, &fill) ||
	       object("%s", strerror(errno));
}

static const struct call calls[] = {
	{ "a store", store, MAPS },
	{ "pwrite()", call_pwrite, CAN_WRITE },
	{ "LAB_IOC_FILL", call_fill, CAN_FILL },
	{ "a load", load, MAPS },
	{ "pread()", call_pread, CAN_READ },
	{ "LAB_IOC_CHECK", call_check, CAN_CHECK },
};

#define CALLS (sizeof(calls) / sizeof(*calls))

static void race_pair(const struct call *ours, const struct call *theirs)
{
	if (!can(ours->needs | theirs->needs))
		return;
	race_calls(ours, theirs, RACER_PROCESS, TURNS);
	ck_assert_msg(load(), "after %s beside %s the memory holds bytes that nobody wrote",
		      ours->name, theirs->name);
}

START_TEST(bytes_that_two_move_are_of_one_or_the_other)
{
	size_t ours, theirs;

	need_two_processors();
	write_pattern(lab.map);
	store_pattern(0);
	pattern_words(1); /* for both processes */
	buffer = malloc(lab.info.size);
	ck_assert_ptr_nonnull(buffer);
	for (ours = 0; ours < CALLS; ours++)
		for (theirs = 0; theirs < CALLS; theirs++)
			race_pair(&calls[ours], &calls[theirs]);
}
END_TEST

const struct check data_races_checks[] = {
	RACE_CHECK(bytes_that_two_move_are_of_one_or_the_other, WRITES),
	{ .name = NULL },
};
