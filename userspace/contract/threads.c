// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.7: words that threads write while the kernel reads are neither torn nor lost
 *
 * Four threads write, each in its own quarter, a step at a time; a pass of all
 * steps replaces one pattern by the other. We compare between their steps and
 * during them. A barrier keeps all in step, and the writers yield in the middle
 * of each: so on one processor, too, nearly every comparison finds a part of the
 * words written and a part not.
 */
#include "contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shared/checks.h"

#define WRITERS 4
#define MOST_STEPS 32
#define PASSES 2

/* After so many words a writer lets others run. */
#define WORDS_AT_ONCE 64

/* Stacks stay mapped when their threads are gone, and would fill the core file of 4.2. */
#define STACK_BYTES (256 << 10)

/* Each step is followed by comparisons of all the memory. */
static int steps(void)
{
	return lab.info.pages > 64 ? MOST_STEPS / 8 : MOST_STEPS;
}

static pthread_barrier_t step_begins;
static uint64_t thread_seed[2];

static void write_step(size_t from, size_t words, int step, uint64_t seed)
{
	size_t begin = from + words * step / steps();
	size_t end = from + words * (step + 1) / steps();
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
		for (step = 0; step < steps(); step++) {
			pthread_barrier_wait(&step_begins);
			write_step(from, words, step, thread_seed[pass % 2]);
		}
	}
	return NULL;
}

/* Does the kernel find a word that is not of this seed? It must be of the other. */
static bool kernel_finds_the_other(int which)
{
	struct lab_check check = { .seed = thread_seed[which] };
	uint32_t allowed;

	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
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

/* Returns how often the kernel found both patterns. */
static int compare_meanwhile(void)
{
	int mixed = 0;
	int step;

	for (step = 0; step < PASSES * steps(); step++) {
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

static int writing;

/* Without steps: the writers go on in the middle of a comparison that waits. */
static void *write_quarter_freely(void *number)
{
	size_t words = lab.words / WRITERS;
	size_t from = (uintptr_t)number * words;
	size_t i;

	for (i = from; i < from + words; i++) {
		lab.map[i] = expect_pattern(i);
		if (i % WORDS_AT_ONCE == 0)
			sched_yield();
	}
	__atomic_sub_fetch(&writing, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start_writers(pthread_t *writers, void *(*write)(void *))
{
	pthread_attr_t small;
	uintptr_t i;

	pthread_attr_init(&small);
	ck_assert_int_eq(pthread_attr_setstacksize(&small, STACK_BYTES), 0);
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&writers[i], &small, write,
						(void *)i), 0);
	pthread_attr_destroy(&small);
}

static void join_writers(const pthread_t *writers)
{
	int i;

	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
}

START_TEST(words_of_threads_are_not_lost_while_the_kernel_checks)
{
	struct lab_check check;
	pthread_t writers[WRITERS];

	write_pattern(lab.map);
	lab.seed = ~lab.seed;
	writing = WRITERS;
	start_writers(writers, write_quarter_freely);
	while (__atomic_load_n(&writing, __ATOMIC_SEQ_CST)) {
		check.seed = lab.seed;
		must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
		check.seed = ~lab.seed;
		must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
		/* Where no clock ticks, only who sleeps lets the others run. */
		usleep(100);
	}
	join_writers(writers);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "we read after the last write");
	kernel_checks();
}
END_TEST

START_TEST(threads_write_while_the_kernel_checks)
{
	pthread_t writers[WRITERS];
	int mixed;

	/* The last pass writes the seed of the check. */
	thread_seed[PASSES % 2] = ~lab.seed;
	thread_seed[!(PASSES % 2)] = lab.seed;
	write_pattern(lab.map);

	pthread_barrier_init(&step_begins, NULL, WRITERS + 1);
	start_writers(writers, write_quarter);
	mixed = compare_meanwhile();
	join_writers(writers);
	pthread_barrier_destroy(&step_begins);

	kernel_checks();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "we read after the last step");
	ck_assert_msg(mixed >= PASSES * steps() / 2,
		      "only %d of %d comparisons met threads that write",
		      mixed, PASSES * steps());
}
END_TEST

const struct check threads_checks[] = {
	THOROUGH_CHECK(threads_write_while_the_kernel_checks,
		       WRITES | CAN_CHECK | ANY_NODE),
	THOROUGH_CHECK(words_of_threads_are_not_lost_while_the_kernel_checks,
		       WRITES | CAN_CHECK | ANY_NODE),
	{ .name = NULL },
};
