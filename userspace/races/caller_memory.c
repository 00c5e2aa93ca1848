// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.7: a call stops where the caller's memory goes away in its middle
 *
 * The racer, a thread, takes the rights from pages of the memory that our calls copy
 * from and to, and gives them back. We see the same memory at another address, where it
 * stays.
 */
#include "races.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "racer.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"

#define TURNS 300
#define REQUEST_TURNS 500

/* The memory of our calls: as they have it, where pages go away, and as we do. */
static struct {
	unsigned char *fickle, *steady;
	size_t size;
	uint64_t fickle_pages; /* these go away, from the first on */
} memory;

static const struct raced_request *request;
static struct answer usual;

static void prepare(void)
{
	int fd = memfd_create("caller", MFD_CLOEXEC);

	memory.size = lab.info.size;
	memory.fickle_pages = lab.info.pages;
	ck_assert_msg(fd >= 0 && !ftruncate(fd, (off_t)memory.size),
		      "memfd_create(): %s", strerror(errno));
	memory.fickle = must_map(fd, memory.size, READ_WRITE, MAP_SHARED, 0);
	memory.steady = must_map(fd, memory.size, READ_WRITE, MAP_SHARED, 0);
	close(fd);
	write_pattern(lab.map);
	store_pattern(0);
}

static bool take_a_page_away(void)
{
	unsigned char *page = memory.fickle +
			      draw(memory.fickle_pages) * lab.info.page_size;
	bool well = !mprotect(page, lab.info.page_size, PROT_NONE);

	dawdle(2);
	well &= !mprotect(page, lab.info.page_size, READ_WRITE);
	dawdle(2);
	return well || object("mprotect(): %s", strerror(errno));
}

/* Word @index is of the second pattern where it lies below @done, else of the first. */
static bool is_moved(volatile uint32_t *words, size_t done, const char *name)
{
	size_t i;

	for (i = 0; i < done / sizeof(uint32_t); i++)
		if (words[i] != pattern_words(1)[i])
			return object("%s returns 0x%zx, and word 0x%zx has not come",
				      name, done, i * sizeof(uint32_t));
	for (i += !!(done % sizeof(uint32_t)); i < lab.words; i++)
		if (words[i] != pattern_words(0)[i])
			return object("%s returns 0x%zx, and word 0x%zx is another",
				      name, done, i * sizeof(uint32_t));
	return true;
}

static bool is_allowed(const char *name, ssize_t done)
{
	if (done > 0 && done <= (ssize_t)lab.info.size)
		return true;
	return (done < 0 && errno == EFAULT) ||
	       object("%s returns %zd, %s", name, done, strerror(errno));
}

static bool call_write(void)
{
	ssize_t done;
	bool well;

	memcpy(memory.steady, pattern_words(1), memory.size);
	done = pwrite(lab.fd, memory.fickle, lab.info.size, 0);
	well = is_allowed("pwrite()", done) &&
	       is_moved(lab.map, done < 0 ? 0 : done, "pwrite()");
	store_pattern(0);
	return well;
}

/* The memory of the device holds the first pattern, the caller's a third one. */
static bool call_read(void)
{
	ssize_t done;

	memset(memory.steady, 0xa5, memory.size);
	done = pread(lab.fd, memory.fickle, lab.info.size, 0);
	if (!is_allowed("pread()", done))
		return false;
	if (done > 0 && memcmp(memory.steady, pattern_words(0), done))
		return object("pread() returns 0x%zx, and not all of it has come",
			      done);
	return true;
}

static bool make_request(void)
{
	volatile uint64_t *argument = (uint64_t *)memory.steady;
	struct answer answer;
	uint64_t values[MOST_VALUES] = { 0 };

	if (request->values)
		request->values(values);
	argument[0] = values[0];
	answer = ask_at(request, argument, memory.fickle);
	if (answer.error == EFAULT || is_same_answer(&answer, &usual))
		return true;
	return object_to(&answer, "neither EFAULT nor the usual one");
}

static const struct call calls[] = {
	{ "pread()", call_read, CAN_READ },
	{ "pwrite()", call_write, CAN_WRITE },
};

static void lose_memory(const struct call *ours, unsigned int turns)
{
	static const struct call theirs = { "memory that goes away",
					    take_a_page_away, 0 };

	race_calls(ours, &theirs, RACER_THREAD, turns);
}

static void lose_the_argument(void)
{
	const struct call ours = { request->name, make_request, 0 };
	uint64_t argument[MOST_WORDS] = { 0 }, values[MOST_VALUES];

	if (request->values) {
		request->values(values);
		argument[0] = values[0];
	}
	usual = ask(request, argument);
	lose_memory(&ours, REQUEST_TURNS);
}

START_TEST(calls_stop_where_the_callers_memory_goes_away)
{
	size_t i;

	need_two_processors();
	prepare();
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (can(calls[i].needs))
			lose_memory(&calls[i], TURNS);
	memory.fickle_pages = 1;
	for (i = 0; i < raced_request_count; i++) {
		request = &raced_requests[i];
		if (can(request->needs))
			lose_the_argument();
	}
}
END_TEST

const struct check memory_races_checks[] = {
	RACE_CHECK(calls_stop_where_the_callers_memory_goes_away, WRITES),
	{ .name = NULL },
};
