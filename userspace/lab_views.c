// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: several views of one memory, at one time
 */
#include "lab_test.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const int READ_WRITE = PROT_READ | PROT_WRITE;

/*
 * Offsets
 */

/* Word i of a second mapping is word i + behind of the memory. */
static void write_from(volatile uint32_t *second, size_t behind)
{
	size_t i;

	lab.kernel_wrote = false;
	for (i = 0; i < lab.words - behind; i++)
		second[i] = lab_expect_pattern(behind + i);
}

/* Both ways, and what lies before the second mapping stays as it is. */
static void agree_from_page(uint64_t page)
{
	size_t behind = page * lab.info.page_size / sizeof(uint32_t);
	size_t length = lab.info.size - page * lab.info.page_size;
	volatile uint32_t *second = lab_map(lab.fd, length, READ_WRITE,
					    MAP_SHARED,
					    page * lab.info.page_size);

	lab_write_pattern(lab.map);
	lab_assert_words(second, lab.words - behind, behind,
			 lab_expect_pattern, "the mapping at an offset reads");

	lab.seed = ~lab.seed;
	write_from(second, behind);
	lab_assert_words(lab.map + behind, lab.words - behind, behind,
			 lab_expect_pattern, "the whole mapping reads");
	lab.seed = ~lab.seed;
	lab_assert_words(lab.map, behind, 0, lab_expect_pattern,
			 "before the mapping at an offset");

	write_from(second, behind);
	lab_kernel_checks();
	munmap((void *)second, length);
	lab.seed++;
}

START_TEST(mappings_at_two_offsets_agree)
{
	uint64_t step = lab.info.pages / 16 + 1;
	uint64_t page;

	if (lab.info.pages < 2)
		lab_skip("one page has one offset: load with pages=2 or more");
	for (page = 1; page < lab.info.pages; page += step)
		agree_from_page(page);
}
END_TEST

/*
 * Processes
 */

static struct {
	int turn[2][2]; /* a pipe to us, a pipe to the other */
	struct lab_difference *found;
} other;

static bool give_turn(int to)
{
	return write(other.turn[to][1], "", 1) == 1;
}

/* False if who had the turn is gone. */
static bool await_turn(int of)
{
	char byte;

	close(other.turn[of][1]);
	return read(other.turn[of][0], &byte, 1) == 1;
}

/* It has inherited the mapping: away with that, and in by the front door. */
static bool open_and_map_anew(void)
{
	void *map;

	munmap((void *)lab.map, lab.info.size);
	close(lab.fd);
	lab.fd = open(lab.path, O_RDWR | O_CLOEXEC);
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
	other.found[0] = lab_find_difference(lab.map, lab.words, 0,
					     lab_expect_pattern);
	lab.seed = ~lab.seed;
	lab_write_unguarded(lab.map);
	if (!give_turn(0) || !await_turn(1))
		return false;

	lab.seed++;
	other.found[1] = lab_find_difference(lab.map, lab.words, 0,
					     lab_expect_pattern);
	return true;
}

START_TEST(another_process_sees_the_same)
{
	pid_t child;

	ck_assert_int_eq(pipe(other.turn[0]), 0);
	ck_assert_int_eq(pipe(other.turn[1]), 0);
	other.found = lab_shared(2 * sizeof(*other.found));
	lab_write_pattern(lab.map);
	child = lab_start_child(other_process);
	ck_assert_msg(await_turn(0), "the other process cannot map the device");
	lab_assert_same(other.found[0], "the other process reads");
	lab.seed = ~lab.seed;
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "we read what the other process wrote");
	lab_kernel_checks();

	lab.seed++;
	lab_write_pattern(lab.map);
	ck_assert(give_turn(1));
	ck_assert_int_eq(lab_end_of(child), 0);
	lab_assert_same(other.found[1],
			"the other process reads what we wrote behind it");
}
END_TEST

/*
 * Threads
 *
 * Four threads write, each in its own quarter, a step at a time: a pass of the
 * steps replaces one pattern by the other. We look between their steps and while
 * they are at them. A barrier keeps all in step, and a yield has the writers
 * stop in the middle of each: so on one processor, too, nearly every look finds
 * a part of the words written and a part not.
 */

#define WRITERS 4
#define STEPS 32
#define PASSES 4

static pthread_barrier_t step_begins;
static uint64_t thread_seed[2];

static void write_step(size_t from, size_t words, int step, uint64_t seed)
{
	size_t begin = from + words * step / STEPS;
	size_t end = from + words * (step + 1) / STEPS;
	size_t i;

	for (i = begin; i < end; i++) {
		lab.map[i] = lab_pattern_word(seed, i);
		if (i == (begin + end) / 2)
			sched_yield();
	}
}

static void *write_quarter(void *number)
{
	size_t words = lab.words / WRITERS;
	size_t from = (uintptr_t)number * words;
	int pass, step;

	for (pass = 0; pass < PASSES; pass++) {
		for (step = 0; step < STEPS; step++) {
			pthread_barrier_wait(&step_begins);
			write_step(from, words, step, thread_seed[pass % 2]);
		}
	}
	return NULL;
}

/* Is there a word that is not of this seed? It must then be of the other. */
static bool kernel_finds_the_other(int which)
{
	struct lab_check check = { .seed = thread_seed[which] };
	uint32_t allowed;

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_CHECK, &check), 0);
	if (check.offset == LAB_NO_DIFFERENCE)
		return false;
	allowed = lab_pattern_word(thread_seed[!which],
				   check.offset / sizeof(uint32_t));
	ck_assert_msg(check.found == allowed, "offset 0x%" PRIx64
		      ": the kernel read 0x%08" PRIx32 ", which nobody wrote",
		      (uint64_t)check.offset, check.found);
	return true;
}

static void we_find_one_or_the_other(void)
{
	size_t i;

	for (i = 0; i < lab.words; i++) {
		uint32_t found = lab.map[i];

		ck_assert_msg(found == lab_pattern_word(thread_seed[0], i) ||
			      found == lab_pattern_word(thread_seed[1], i),
			      "word %zu: we read 0x%08" PRIx32
			      ", which nobody wrote", i, found);
	}
}

/* How often both patterns were there when the kernel looked. */
static int look_on(void)
{
	int mixed = 0;
	int step;

	for (step = 0; step < PASSES * STEPS; step++) {
		bool one, two;

		pthread_barrier_wait(&step_begins);
		one = kernel_finds_the_other(0);
		sched_yield();
		two = kernel_finds_the_other(1);
		mixed += one && two;
		if (step % 8 == 0)
			we_find_one_or_the_other();
	}
	return mixed;
}

START_TEST(threads_write_while_the_kernel_checks)
{
	pthread_t writers[WRITERS];
	uintptr_t i;
	int mixed;

	/* The last pass writes the seed of the test. */
	thread_seed[PASSES % 2] = ~lab.seed;
	thread_seed[!(PASSES % 2)] = lab.seed;
	lab_write_pattern(lab.map);

	pthread_barrier_init(&step_begins, NULL, WRITERS + 1);
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&writers[i], NULL,
						write_quarter, (void *)i), 0);
	mixed = look_on();
	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	pthread_barrier_destroy(&step_begins);

	lab_kernel_checks();
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "we read when all is written");
	ck_assert_msg(mixed >= PASSES * STEPS / 2,
		      "only %d of %d checks met with threads that write",
		      mixed, PASSES * STEPS);
}
END_TEST

const struct lab_test lab_views[] = {
	LAB_TEST(mappings_at_two_offsets_agree),
	LAB_TEST(another_process_sees_the_same),
	LAB_TEST(threads_write_while_the_kernel_checks),
	{ .name = NULL },
};
