// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.1: an argument that changes is read once
 *
 * While we make a request, the racer changes the word that the kernel reads, from one
 * value to the next, right ones and wrong ones. What a request answers to each of the
 * values, and what it leaves in the memory, was seen before, while nothing changed.
 * A kernel that reads the word twice answers to two values at once.
 */
#include "races.h"

#include "racer.h"
#include "request_table.h"
#include "shared/checks.h"

#define TURNS 800
#define FLIPS 100

/* What one value leads to. */
struct outcome {
	struct answer answer;
	uint64_t contents;
};

static struct {
	const struct raced_request *request;
	volatile uint64_t *argument;
	uint64_t values[MOST_VALUES];
	size_t value_count;
	struct outcome outcomes[MOST_VALUES];
} test;

/* A number for all that is in the memory. */
static uint64_t digest_contents(void)
{
	uint64_t digest = 0;
	size_t i;

	for (i = 0; i < lab.words; i++)
		digest = (digest ^ lab.map[i]) * 0x100000001b3ull;
	return digest;
}

static struct outcome make_request(void)
{
	struct outcome outcome;

	outcome.answer = ask(test.request, test.argument);
	outcome.contents = digest_contents();
	return outcome;
}

static bool change_the_argument(void)
{
	size_t flip, i;

	for (flip = 0; flip < FLIPS; flip++)
		for (i = 0; i < test.value_count; i++)
			test.argument[0] = test.values[i];
	return true;
}

static bool make_the_request(void)
{
	struct outcome found = make_request();
	size_t i;

	for (i = 0; i < test.value_count; i++)
		if (is_same_answer(&found.answer, &test.outcomes[i].answer) &&
		    found.contents == test.outcomes[i].contents)
			return true;
	return object_to(&found.answer,
			 "that of none of the values, or the memory holds something else");
}

static void test_request(const struct raced_request *request)
{
	const struct call ours = { request->name, make_the_request, 0 };
	const struct call theirs = { "a change of its argument",
				     change_the_argument, 0 };
	size_t i;

	test.request = request;
	test.value_count = request->values(test.values);
	for (i = 0; i < test.value_count; i++) {
		test.argument[0] = test.values[i];
		test.outcomes[i] = make_request();
	}
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
}

START_TEST(arguments_that_change_are_read_once)
{
	size_t i;

	need_two_processors();
	test.argument = shared_memory(MOST_WORDS * sizeof(*test.argument));
	write_pattern(lab.map);
	for (i = 0; i < raced_request_count; i++)
		if (can(raced_requests[i].needs) && raced_requests[i].values)
			test_request(&raced_requests[i]);
}
END_TEST

const struct check argument_races_checks[] = {
	RACE_CHECK(arguments_that_change_are_read_once, WRITES),
	{ .name = NULL },
};
