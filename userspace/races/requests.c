// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.2: each of two requests at a time is answered as if it were alone
 *
 * We and the racer make two requests of lab.h, with arguments of our own each, for
 * all pairs. What a request answers to each value was seen before, with the one
 * pattern in the memory and with the other; LAB_IOC_FILL changes from one to the
 * other.
 */
#include "races.h"

#include "racer.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"

#define TURNS 120

/**
 * struct side - the request that one side makes, with a value drawn each time
 * @request: an entry of the table
 * @values: for its first word
 * @value_count: how many these are, 1 if the kernel reads none
 * @answers: to each of the values, alone, with each pattern in the memory
 */
struct side {
	const struct raced_request *request;
	uint64_t values[MOST_VALUES];
	size_t value_count;
	struct answer answers[PATTERNS][MOST_VALUES];
};

/* In memory that both share. */
static struct side *ours, *theirs;

static struct answer ask_with(const struct side *side, size_t which)
{
	uint64_t argument[MOST_WORDS] = { side->values[which] };

	return ask(side->request, argument);
}

static bool make_request(const struct side *side)
{
	size_t which = draw(side->value_count);
	struct answer answer = ask_with(side, which);
	int pattern;

	for (pattern = 0; pattern < PATTERNS; pattern++)
		if (is_same_answer(&answer, &side->answers[pattern][which]))
			return true;
	return object_to(&answer, "not the one that it was alone");
}

static bool make_our_request(void)
{
	return make_request(ours);
}

static bool make_their_request(void)
{
	return make_request(theirs);
}

static void prepare(struct side *side, const struct raced_request *request)
{
	side->request = request;
	side->value_count = request->values ? request->values(side->values) : 1;
}

static void see_what_it_answers(struct side *side)
{
	int pattern;
	size_t i;

	for (pattern = 0; pattern < PATTERNS; pattern++) {
		for (i = 0; i < side->value_count; i++) {
			store_pattern(pattern);
			side->answers[pattern][i] = ask_with(side, i);
		}
	}
}

static void race_requests(const struct raced_request *one,
			  const struct raced_request *other)
{
	const struct call our_call = { one->name, make_our_request, 0 };
	const struct call their_call = { other->name, make_their_request, 0 };

	prepare(ours, one);
	prepare(theirs, other);
	start_racer(&their_call, RACER_PROCESS);
	/* While it waits: LAB_IOC_INFO counts its mapping as well. */
	see_what_it_answers(ours);
	see_what_it_answers(theirs);
	disturb_race();
	race(&our_call, TURNS);
	stop_racer();
}

START_TEST(two_requests_at_a_time_are_answered_as_if_alone)
{
	size_t one, other;

	need_two_processors();
	ours = shared_memory(sizeof(*ours));
	theirs = shared_memory(sizeof(*theirs));
	write_pattern(lab.map);
	for (one = 0; one < raced_request_count; one++)
		for (other = 0; other < raced_request_count; other++)
			if (can(raced_requests[one].needs | raced_requests[other].needs))
				race_requests(&raced_requests[one], &raced_requests[other]);
}
END_TEST

const struct check request_races_checks[] = {
	RACE_CHECK(two_requests_at_a_time_are_answered_as_if_alone, WRITES),
	{ .name = NULL },
};
