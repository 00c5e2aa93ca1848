// SPDX-License-Identifier: GPL-2.0
/*
 * lab_ring: the kernel produces records, and the program consumes them
 *
 * Contract 10. Where the kernel must leave the memory alone, all of it is compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/lines.h"
#include "shared/ring.h"

/*
 * What all of the memory should be
 */

static uint32_t *expected;

static struct lab_ring_header *expected_header(void)
{
	return (struct lab_ring_header *)expected;
}

static struct lab_record *expected_slot(uint32_t slot)
{
	return (struct lab_record *)(expected_header() + 1) + slot;
}

/* As it is now. */
static void expect_no_change(void)
{
	size_t i;

	if (!expected)
		expected = malloc(lab.info.size);
	ck_assert_ptr_nonnull(expected);
	for (i = 0; i < lab.words; i++)
		expected[i] = lab.map[i];
}

/* Records with consecutive numbers, from the slot that was the kernel's head. */
static void expect_records(const struct lab_ring *before, uint32_t count)
{
	uint32_t slot = before->head;
	uint32_t i;

	for (i = 0; i < count; i++, slot = slot_after(slot))
		lab_record_write(expected_slot(slot), before->number + i);
	if (count)
		expected_header()->head = slot;
}

static uint32_t expect_what_is_expected(uint64_t index)
{
	return expected[index];
}

static void assert_memory(const char *when)
{
	assert_words(lab.map, lab.words, 0, expect_what_is_expected, when);
}

/* Since @before: so many were asked for, so many of these are in the ring. */
static void assert_counts(const struct lab_ring *before, uint64_t asked,
			  uint64_t stored, const char *when)
{
	struct lab_ring now = ask_ring();

	ck_assert_msg(now.number - before->number == asked &&
		      now.lost - before->lost == asked - stored,
		      "%s: %" PRIu64 " asked for, %" PRIu64 " stored; the lab counts %"
		      PRIu64 ", and %" PRIu64 " lost", when, asked, stored,
		      (uint64_t)(now.number - before->number),
		      (uint64_t)(now.lost - before->lost));
}

/*
 * 10.1: records
 */

static uint64_t must_take(uint64_t number)
{
	struct lab_record record;

	ck_assert_msg(take_record(&record), "record %" PRIu64
		      " was produced, and is not in the ring", number);
	ck_assert_msg(is_record(&record, number), "a record with number %" PRIu64
		      " instead of number %" PRIu64 ", or with other words",
		      (uint64_t)record.number, number);
	return number + 1;
}

static void assert_empty(const char *when)
{
	struct lab_record record;

	ck_assert_msg(!look_at_record(&record), "%s: there is one more record",
		      when);
}

/* So many that each slot has its turn three times, and each burst ends elsewhere. */
START_TEST(records_arrive_whole_and_in_order)
{
	const uint32_t bursts[] = { 1, 2, 7, 61, 123 };
	uint64_t number, slot_uses = 0;
	struct lab_ring before;
	size_t turn;

	empty_ring();
	before = ask_ring();
	number = before.number;
	for (turn = 0; slot_uses < 3 * ring_slots(); turn++) {
		uint32_t burst = bursts[turn % 5], i;

		ck_assert_int_eq(produce(burst), (int)burst);
		for (i = 0; i < burst; i++)
			number = must_take(number);
		assert_empty("after all of them");
		slot_uses += burst;
	}
	assert_counts(&before, slot_uses, slot_uses, "records that were all taken");
}
END_TEST

/* The whole memory: the header, and behind it as many slots as there is room for. */
START_TEST(ring_fills_the_memory)
{
	struct lab_ring state;
	uint64_t room = lab.info.size - sizeof(struct lab_ring_header);

	ck_assert_uint_eq(sizeof(struct lab_ring_header), 128);
	ck_assert_uint_eq(sizeof(struct lab_record), 32);
	empty_ring();
	state = ask_ring();
	ck_assert_uint_eq(state.slots, room / sizeof(struct lab_record));
	ck_assert_uint_lt(state.head, state.slots);
	expect_no_change();
	ck_assert_int_eq(produce(1), 1);
	expect_records(&state, 1);
	assert_memory("after one record");
}
END_TEST

/*
 * 10.2: a full ring
 */

/* The same with any number of slots: a request asks for LAB_PRODUCE_MOST at most. */
static void fill_ring(void)
{
	uint32_t left = ring_slots() - 1, some;

	for (; left; left -= some) {
		some = left < LAB_PRODUCE_MOST ? left : LAB_PRODUCE_MOST;
		ck_assert_int_eq(produce(some), (int)some);
	}
}

START_TEST(full_ring_keeps_its_records_and_counts_the_lost)
{
	uint64_t number, first_lost;
	struct lab_ring before;

	empty_ring();
	number = ask_ring().number;
	fill_ring();
	before = ask_ring();
	first_lost = before.number;
	expect_no_change();
	ck_assert_int_eq(produce(3), -ENOSPC);
	assert_memory("after three records too many");
	assert_counts(&before, 3, 0, "three records too many");

	/* One slot is given back, and two records come. */
	number = must_take(number);
	ck_assert_int_eq(produce(2), 1);
	assert_counts(&before, 5, 1, "two records more, and room for one");
	while (number < first_lost)
		number = must_take(number);
	must_take(first_lost + 3);
	assert_empty("after the one that had room");
}
END_TEST

/*
 * 10.3: head and tail are the program's memory
 */

static short poll_now(void)
{
	struct pollfd readable = { .fd = lab.fd, .events = POLLIN | POLLRDNORM };

	ck_assert_int_ge(poll(&readable, 1, 0), 0);
	return readable.revents;
}

START_TEST(tail_that_is_no_slot_is_refused)
{
	const uint32_t slots = ask_ring().slots;
	const uint32_t wrong[] = {
		slots, slots + 1, 2 * slots, 0x7fffffff, 0x80000000, UINT32_MAX,
	};
	struct lab_ring before;
	size_t i;

	empty_ring();
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		before = ask_ring();
		ring_header()->tail = wrong[i];
		expect_no_change();
		ck_assert_int_eq(produce(5), -EIO);
		assert_memory("with a tail that is no slot");
		assert_counts(&before, 5, 0, "with a tail that is no slot");
	}
	before = ask_ring();
	ring_header()->tail = before.head;
	ck_assert_int_eq(produce(5), 5);
	assert_counts(&before, 5, 5, "with a right tail");
}
END_TEST

static void produce_with_tail(uint32_t tail)
{
	struct lab_ring before = ask_ring();
	uint32_t slots = ring_slots();
	uint32_t room = (tail + slots - 1 - before.head) % slots;
	uint32_t stored = room < LAB_PRODUCE_MOST ? room : LAB_PRODUCE_MOST;

	ring_header()->tail = tail;
	expect_no_change();
	expect_records(&before, stored);
	ck_assert_int_eq(produce(LAB_PRODUCE_MOST),
			 stored ? (int)stored : -ENOSPC);
	assert_memory("after a tail that the program has moved");
	assert_counts(&before, LAB_PRODUCE_MOST, stored,
		      "after a tail that the program has moved");
}

/* Also one that moves backwards, or past the head. */
START_TEST(any_tail_leads_to_slots_only)
{
	uint32_t slots, i;

	empty_ring();
	slots = ring_slots();
	for (i = 0; i < slots; i += 1 + slots / 97)
		produce_with_tail((i * 61) % slots);
	produce_with_tail(slots - 1);
	produce_with_tail(0);
	produce_with_tail(ask_ring().head);
	produce_with_tail(slot_after(ask_ring().head));
}
END_TEST

START_TEST(head_in_the_header_is_only_a_copy)
{
	const uint32_t wrong[] = {
		0, 1, 0x7ffffffe, 0x80000000, UINT32_MAX - 1, UINT32_MAX,
	};
	size_t i;

	empty_ring();
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct lab_ring before = ask_ring();

		ring_header()->tail = before.head;
		ring_header()->head = wrong[i];
		ck_assert_int_eq(poll_now(), 0);
		expect_no_change();
		expect_records(&before, 1);
		ck_assert_int_eq(produce(1), 1);
		assert_memory("after a head that the program has written");
		ck_assert_uint_eq(ask_ring().head, slot_after(before.head));
	}
}
END_TEST

/*
 * 10.4: poll()
 */

START_TEST(poll_reports_whether_there_is_a_record)
{
	struct lab_record record;

	empty_ring();
	ck_assert_int_eq(poll_now(), 0);
	ck_assert_int_eq(produce(2), 2);
	ck_assert_int_eq(poll_now(), POLLIN | POLLRDNORM);
	ck_assert(take_record(&record));
	ck_assert_int_eq(poll_now(), POLLIN | POLLRDNORM);
	ck_assert(take_record(&record));
	ck_assert_int_eq(poll_now(), 0);
	fill_ring();
	ck_assert_int_eq(poll_now(), POLLIN | POLLRDNORM);
	ring_header()->tail = ring_slots();
	ck_assert_int_eq(poll_now(), POLLERR);
}
END_TEST

/* In memory that the child shares: from now on it can sleep in poll() only. */
static volatile bool *is_at_poll;

static bool wait_for_a_record(void)
{
	struct pollfd readable = { .fd = lab.fd, .events = POLLIN };
	struct lab_record record;

	/* A check that ends early must not leave one behind that waits for ever. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*is_at_poll = true;
	return poll(&readable, 1, -1) == 1 && look_at_record(&record);
}

static int produce_one(void)
{
	return produce(1);
}

static int stream_one(void)
{
	return start_stream(1) ? 0 : 1;
}

/* In seconds: far longer than it takes to wake up. */
#define FOR_EVER 10

/* A poll() with a time limit would look at the ring once more at its end. */
static void assert_wakes_up(int (*make_a_record)(void))
{
	pid_t child;
	bool woke;
	int status;

	empty_ring();
	is_at_poll = shared_memory(sizeof(*is_at_poll));
	child = start_child(wait_for_a_record);
	while (!*is_at_poll || !sleeps(child))
		usleep(1000);
	ck_assert_int_eq(make_a_record(), 1);
	woke = ends_within(child, FOR_EVER);
	if (!woke)
		kill(child, SIGKILL);
	status = status_of(child);
	ck_assert_msg(woke, "poll() slept %d s beside a ring with a record",
		      FOR_EVER);
	ck_assert_msg(!status, "the process that waited ended with 0x%x", status);
}

START_TEST(poll_sleeps_until_a_record_comes)
{
	assert_wakes_up(produce_one);
	assert_wakes_up(stream_one);
}
END_TEST

/*
 * 10.5: the stream
 */

#define STREAMED 3000

/*
 * The records are taken without a system call. When the ring is empty we sleep: on one
 * processor the kernel's thread would otherwise run for one record at a time.
 */
START_TEST(stream_comes_without_being_asked_for)
{
	struct lab_ring before, now;
	struct lab_record record;
	uint64_t next, taken = 0;

	empty_ring();
	before = ask_ring();
	next = before.number;
	ck_assert_int_eq(start_stream(STREAMED), 0);
	do {
		usleep(1000);
		now = ask_ring();
		while (take_record(&record)) {
			ck_assert_msg(record.number >= next &&
				      is_record(&record, record.number),
				      "record %" PRIu64 " came after record %"
				      PRIu64 ", or has other words",
				      (uint64_t)record.number, next - 1);
			next = record.number + 1;
			taken++;
		}
	} while (now.left);
	assert_counts(&before, STREAMED, taken, "a stream");
}
END_TEST

#define TRIES 100

static void set_policy(pid_t thread, int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	ck_assert_msg(!sched_setscheduler(thread, policy, &param),
		      "sched_setscheduler: %s", strerror(errno));
}

/* In real time no thread that has just woken up comes between two requests. */
START_TEST(only_one_stream_at_a_time)
{
	int tries, answer = 0;
	struct lab_ring now;

	empty_ring();
	set_policy(0, SCHED_FIFO, 1);
	for (tries = 0; !answer && tries < TRIES; tries++)
		answer = start_stream(LAB_STREAM_MOST);
	now = ask_ring();
	set_policy(0, SCHED_OTHER, 0);
	ck_assert_msg(answer == -EBUSY, "%d streams of %d records at a time: %s",
		      TRIES, LAB_STREAM_MOST, strerror(-answer));
	ck_assert_msg(now.left, "a stream is under way, with nothing left to come");
	empty_ring();
	ck_assert_int_eq(start_stream(1), 0);
	empty_ring();
}
END_TEST

/*
 * A stream takes milliseconds, and so does it to remove a module. For the stream to last
 * longer, the kernel's threads for such work run only when nobody else wants to, and others
 * keep the processors busy. User-mode Linux never interrupts a program that makes no calls:
 * there it is left to chance which of the two ends first.
 */
static bool is_user_mode_linux(void)
{
	return !access("/proc/exitcode", F_OK);
}

static void set_policy_of_workers(int policy)
{
	char name[32];
	glob_t found;
	size_t i;

	ck_assert(!glob("/proc/[0-9]*/comm", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		read_line(found.gl_pathv[i], name, sizeof(name));
		if (!strncmp(name, "kworker/u", strlen("kworker/u")))
			set_policy(atoi(found.gl_pathv[i] + strlen("/proc/")),
				   policy, 0);
	}
	globfree(&found);
}

#define BUSY_MS 300

/* The alarm kills it. */
static bool body_is_busy(void)
{
	const struct itimerval timer = { .it_value.tv_usec = BUSY_MS * 1000 };

	ck_assert(!setitimer(ITIMER_REAL, &timer, NULL));
	for (;;)
		;
	return true;
}

#define PROCESSORS_MOST 8

static void remove_under_the_stream(void)
{
	long i, count = is_user_mode_linux() ? 0 : sysconf(_SC_NPROCESSORS_ONLN);
	pid_t others[PROCESSORS_MOST];

	ck_assert_int_le(count, PROCESSORS_MOST);
	/* None of them has the device open. */
	close_lab();
	for (i = 0; i < count; i++)
		others[i] = start_child(body_is_busy);
	open_lab();
	ck_assert_int_eq(start_stream(LAB_STREAM_MOST), 0);
	close_lab();
	must_unload();
	for (i = 0; i < count; i++)
		status_of(others[i]);
	/* Long enough for a stream that goes on without its module. */
	usleep(100000);
}

START_TEST(module_ends_its_stream)
{
	empty_ring();
	read_module();
	if (!is_user_mode_linux())
		set_policy_of_workers(SCHED_IDLE);
	remove_under_the_stream();
	if (!is_user_mode_linux())
		set_policy_of_workers(SCHED_OTHER);
	must_load();
}
END_TEST

/*
 * 3.1 and 3.6
 */

START_TEST(producing_needs_a_descriptor_that_can_write)
{
	struct lab_ring before, now;

	empty_ring();
	before = ask_ring();
	expect_no_change();
	close(lab.fd);
	lab.fd = must_open(O_RDONLY);
	ck_assert_int_eq(produce(1), -EBADF);
	ck_assert_int_eq(start_stream(1), -EBADF);
	now = ask_ring();
	ck_assert_mem_eq(&before, &now, sizeof(now));
	assert_memory("after requests that were refused");
}
END_TEST

START_TEST(too_many_records_are_refused)
{
	struct lab_ring before, now;

	empty_ring();
	before = ask_ring();
	expect_no_change();
	ck_assert_int_eq(produce(LAB_PRODUCE_MOST + 1), -EINVAL);
	ck_assert_int_eq(produce(UINT32_MAX), -EINVAL);
	ck_assert_int_eq(start_stream(LAB_STREAM_MOST + 1), -EINVAL);
	ck_assert_int_eq(start_stream((1ull << 32) + 1), -EINVAL);
	ck_assert_int_eq(start_stream(UINT64_MAX), -EINVAL);
	ck_assert_int_eq(produce(0), 0);
	ck_assert_int_eq(start_stream(0), 0);
	now = ask_ring();
	ck_assert_mem_eq(&before, &now, sizeof(now));
	assert_memory("after requests for no record");
}
END_TEST

#define RINGS (WRITES | CAN_RING)

static const struct check checks[] = {
	CHECK(ring_fills_the_memory, RINGS),
	CHECK(records_arrive_whole_and_in_order, RINGS),
	CHECK(full_ring_keeps_its_records_and_counts_the_lost, RINGS),
	CHECK(tail_that_is_no_slot_is_refused, RINGS),
	CHECK(any_tail_leads_to_slots_only, RINGS),
	CHECK(head_in_the_header_is_only_a_copy, RINGS),
	CHECK(poll_reports_whether_there_is_a_record, RINGS),
	CHECK(poll_sleeps_until_a_record_comes, RINGS),
	CHECK(stream_comes_without_being_asked_for, RINGS),
	CHECK(producing_needs_a_descriptor_that_can_write, RINGS),
	CHECK(too_many_records_are_refused, RINGS),
	THOROUGH_CHECK(only_one_stream_at_a_time, RINGS),
	THOROUGH_CHECK(module_ends_its_stream, RINGS),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_ring",
	.mapping = &mixedmap,
	.operations = USUAL_OPERATIONS | CAN_RING,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
