// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.9: what the kernel produces on one processor is consumed on the other
 *
 * The racer is the producer, and we consume: a request of the racer runs in the kernel
 * on its processor.
 */
#include "races.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "racer.h"
#include "random/draw.h"
#include "shared/checks.h"
#include "shared/ring.h"
#include "shared/seconds.h"

#define TURNS 4000
#define SLEEPS 2000

/* A ring may be full. */
static bool produce_some(void)
{
	uint32_t count = 1 + (uint32_t)draw(32);
	int answer = produce(count);

	return (answer > 0 && answer <= (int)count) || answer == -ENOSPC ||
	       object("LAB_IOC_PRODUCE answers %d", answer);
}

/*
 * A record is looked at twice before its slot is given back: when the head has just shown
 * it, and a little later, when the kernel may have come round to its slot again.
 */
static uint64_t next_number;

static bool is_right(const struct lab_record *record, const char *when)
{
	return (record->number >= next_number &&
		is_record(record, record->number)) ||
	       object("%s, a record with number %" PRIu64
		      " has other words, or came after number %" PRIu64, when,
		      (uint64_t)record->number, next_number);
}

static bool consume_some(void)
{
	struct lab_record first, second;
	int i;

	for (i = 0; i < 32 && look_at_record(&first); i++) {
		if (!is_right(&first, "when the head shows it"))
			return false;
		if (one_in(16))
			dawdle(2);
		look_at_record(&second);
		if (memcmp(&first, &second, sizeof(first)))
			return object("record %" PRIu64
				      " has changed before its slot was given back",
				      (uint64_t)first.number);
		next_number = first.number + 1;
		give_slot_back();
	}
	return true;
}

START_TEST(records_are_whole_when_the_head_shows_them)
{
	static const struct call ours = { "consuming", consume_some, 0 };
	static const struct call theirs = { "producing", produce_some, 0 };

	need_two_processors();
	empty_ring();
	next_number = ask_ring().number;
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
}
END_TEST

/*
 * Two producers
 */

enum { OURS, THEIRS };

/* What each side has asked for, and what was stored, in memory that both share. */
static struct {
	uint64_t asked, stored;
} *sums;

static bool produce_and_count(int side)
{
	uint32_t count = 1 + (uint32_t)draw(8);
	int answer = produce(count);

	if (answer < 0 && answer != -ENOSPC)
		return object("LAB_IOC_PRODUCE answers %d", answer);
	sums[side].asked += count;
	sums[side].stored += answer < 0 ? 0 : (uint64_t)answer;
	return true;
}

static bool produce_ours(void)
{
	struct lab_record record;

	while (take_record(&record)) {
		if (!is_right(&record, "beside two producers"))
			return false;
		next_number = record.number + 1;
	}
	return produce_and_count(OURS);
}

static bool produce_theirs(void)
{
	return produce_and_count(THEIRS);
}

START_TEST(records_of_two_producers_are_counted_once)
{
	static const struct call ours = { "producing", produce_ours, 0 };
	static const struct call theirs = { "producing", produce_theirs, 0 };
	struct lab_ring before, now;
	uint64_t asked, stored;

	need_two_processors();
	sums = shared_memory(2 * sizeof(*sums));
	empty_ring();
	before = ask_ring();
	next_number = before.number;
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);

	now = ask_ring();
	asked = sums[OURS].asked + sums[THEIRS].asked;
	stored = sums[OURS].stored + sums[THEIRS].stored;
	ck_assert_msg(now.number - before.number == asked &&
		      now.lost - before.lost == asked - stored,
		      "%" PRIu64 " records asked for and %" PRIu64
		      " lost, and the lab counts %" PRIu64 " and %" PRIu64,
		      asked, asked - stored,
		      (uint64_t)(now.number - before.number),
		      (uint64_t)(now.lost - before.lost));
}
END_TEST

/*
 * What the kernel says of the ring is of one moment. In a full ring each record gets a
 * number and is lost, so the difference of the two stays as it is.
 */

static uint64_t ever_stored;

static bool lose_some(void)
{
	int answer = produce(LAB_PRODUCE_MOST);

	return answer == -ENOSPC || object("LAB_IOC_PRODUCE answers %d", answer);
}

static bool look_at_the_counts(void)
{
	struct lab_ring now;
	int i;

	for (i = 0; i < 20; i++) {
		now = ask_ring();
		if (now.number - now.lost != ever_stored)
			return object("%" PRIu64 " records and %" PRIu64
				      " of them lost, but %" PRIu64 " were stored",
				      (uint64_t)now.number, (uint64_t)now.lost,
				      ever_stored);
	}
	return true;
}

START_TEST(counts_of_a_ring_are_of_one_moment)
{
	static const struct call ours = { "LAB_IOC_RING", look_at_the_counts, 0 };
	static const struct call theirs = { "producing", lose_some, 0 };
	struct lab_ring state;

	need_two_processors();
	empty_ring();
	state = ask_ring();
	ring_header()->tail = slot_after(state.head);
	ever_stored = state.number - state.lost;
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
}
END_TEST

/*
 * Contract 9.1: a tail that changes. Neither of its two values leaves room.
 */

static uint32_t full, nonsense;

static bool change_the_tail(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		ring_header()->tail = full;
		ring_header()->tail = nonsense;
	}
	return true;
}

static bool find_no_room(void)
{
	int answer = produce(1);

	return answer == -ENOSPC || answer == -EIO ||
	       object("with a tail that leaves no room: the answer is %d",
		      answer);
}

START_TEST(tail_that_changes_is_read_once)
{
	static const struct call ours = { "producing", find_no_room, 0 };
	static const struct call theirs = { "a change of the tail",
					    change_the_tail, 0 };

	need_two_processors();
	empty_ring();
	full = slot_after(ask_ring().head);
	nonsense = ring_slots();
	ring_header()->tail = full;
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
}
END_TEST

/*
 * A consumer that sleeps
 */

/* Far longer than it takes to wake up. */
#define FOR_EVER 20

static uint32_t records_there(void)
{
	uint32_t head = ring_header()->head, tail = ring_header()->tail;

	return (head + ring_slots() - tail) % ring_slots();
}

/*
 * How many records may be there when the next ones are produced, and how many these may be.
 * With none there, and one at a time, a consumer that has slept through one gets no other
 * that wakes it up. A producer that finds a record there may be tempted not to wake up
 * anybody; if it makes many at a time, we come to the end of the ring again and again while
 * it is at work.
 */
static uint32_t most_there, most_at_once;

/* A poll() with a time limit would look once more when it is over, and find the record. */
static bool produce_for_a_sleeper(void)
{
	time_t end = monotonic_seconds() + FOR_EVER;
	uint32_t count = 1 + (uint32_t)draw(most_at_once);

	while (records_there() > most_there) {
		if (race_is_over())
			return true;
		if (monotonic_seconds() > end) {
			object("poll() has slept %d s beside a record", FOR_EVER);
			/* To wake it up, also where only the first record does. */
			ring_header()->tail = ring_header()->head;
			return produce(1) == 1;
		}
	}
	if (one_in(2))
		dawdle(2);
	return produce(count) == (int)count ||
	       object("a ring with room for %" PRIu32 " records did not take them",
		      count);
}

static bool sleep_and_take(void)
{
	struct pollfd readable = { .fd = lab.fd, .events = POLLIN };
	struct lab_record record;

	if (poll(&readable, 1, -1) != 1)
		return object("poll(): %s", strerror(errno));
	if (!take_record(&record))
		return object("poll() says that there is a record, and there is none");
	/* We are at the end of the ring more often if we do not ask before each record. */
	while (most_at_once > 1 && take_record(&record))
		;
	return true;
}

START_TEST(poll_sleeps_through_no_record)
{
	static const struct call ours = { "poll()", sleep_and_take, 0 };
	static const struct call theirs = { "producing", produce_for_a_sleeper, 0 };

	need_two_processors();
	for (most_there = 0; most_there < 2; most_there++) {
		most_at_once = most_there ? 32 : 1;
		empty_ring();
		race_calls(&ours, &theirs, RACER_PROCESS, SLEEPS);
	}
}
END_TEST

#define RINGS (WRITES | CAN_RING)

const struct check ring_races_checks[] = {
	RACE_CHECK(records_are_whole_when_the_head_shows_them, RINGS),
	RACE_CHECK(records_of_two_producers_are_counted_once, RINGS),
	RACE_CHECK(counts_of_a_ring_are_of_one_moment, RINGS),
	RACE_CHECK(tail_that_changes_is_read_once, RINGS),
	RACE_CHECK(poll_sleeps_through_no_record, RINGS),
	{ .name = NULL },
};
