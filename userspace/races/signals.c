// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.6: signals in the middle of a call that the caller handles
 *
 * A timer is set to some moment, and the call is made until the signal has come. Half
 * of the calls have to wait for the racer's, which take the lab's lock.
 */
#include "races.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "interrupted_calls.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"

#define TURNS 100

static const struct call *interrupted;
static volatile unsigned long signals;
static timer_t timer;

static void note_signal(int number)
{
	(void)number;
	signals++;
}

/* Not SIGALRM, which ends a check that hangs. */
static void make_timer(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
	};
	struct sigaction action = { .sa_handler = note_signal };

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
}

/* At some moment, whether a call takes a microsecond or some hundred. */
static void set_timer(void)
{
	struct itimerspec soon = {
		.it_value.tv_nsec = 1000 * (1 + draw(2l << draw(9))),
	};

	timer_settime(timer, 0, &soon, NULL);
}

static bool call_until_a_signal_comes(void)
{
	unsigned long before = signals;

	set_timer();
	while (signals == before)
		if (!interrupted->make())
			return false;
	return true;
}

static void interrupt(const struct call *call, const struct call *theirs,
		      unsigned int turns)
{
	const struct call ours = { call->name, call_until_a_signal_comes, 0 };

	interrupted = call;
	race_calls(&ours, theirs, RACER_PROCESS, turns);
}

/* It changes nothing, so what is interrupted can be judged. */
static bool take_the_lock(void)
{
	struct lab_check check = { .seed = pattern_seed(0) };

	return !ioctl(lab.fd, LAB_IOC_CHECK, &check) ||
	       object("LAB_IOC_CHECK: %s", strerror(errno));
}

START_TEST(signals_leave_calls_whole_or_say_how_far_they_came)
{
	static const struct call locks = { "LAB_IOC_CHECK and a signal",
					   take_the_lock, CAN_CHECK };

	need_two_processors();
	prepare_interrupted_calls();
	make_timer();
	interrupt_and_look_for_leaks(interrupt, &locks, TURNS, NULL);
	timer_delete(timer);
}
END_TEST

const struct check signal_races_checks[] = {
	RACE_CHECK(signals_leave_calls_whole_or_say_how_far_they_came, WRITES),
	{ .name = NULL },
};
