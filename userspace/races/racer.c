// SPDX-License-Identifier: GPL-2.0
/*
 * A second process, or a thread, that makes calls on the other processor
 */
#include "racer.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disturber.h"
#include "random/draw.h"
#include "shared/checks.h"
#include "shared/seconds.h"

/*
 * After so many calls we look whether the racer is running: on a busy host one of the two
 * processors may stand still for long, and then nothing comes in between.
 */
#define TURNS_AT_ONCE 8

#define FEWEST_TURNS TURNS_AT_ONCE

/* The processors of the two sides. */
enum { OURS, THEIRS };

/* Where both sides meet, in memory that they share. */
static struct {
	volatile bool ready, begun, over;
	volatile bool objected;
	volatile unsigned long beats; /* the racer is running */
	char objection[512];
} *meeting;

static struct {
	const struct call *theirs;
	const struct call *ours;
	enum racer_kind kind;
	pthread_t thread;
	pid_t process;
} racer;

static void stay_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		skip("processor %d is not for us", processor);
}

void leave_our_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(OURS, &set);
	CPU_SET(THEIRS, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void go_to_our_processor(void)
{
	stay_on(OURS);
}

void go_to_the_racers_processor(void)
{
	stay_on(THEIRS);
}

void need_two_processors(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("this machine has one processor, and nothing can come in between");
	stay_on(OURS);
	draw_from_seed(lab.seed);
	if (!meeting)
		meeting = shared_memory(sizeof(*meeting));
}

bool object(const char *format, ...)
{
	va_list args;

	if (!__atomic_exchange_n(&meeting->objected, true, __ATOMIC_SEQ_CST)) {
		va_start(args, format);
		vsnprintf(meeting->objection, sizeof(meeting->objection),
			  format, args);
		va_end(args);
	}
	meeting->over = true;
	return false;
}

void ignore_objections(void)
{
	meeting = calloc(1, sizeof(*meeting));
	if (!meeting)
		_exit(1);
}

bool race_is_over(void)
{
	meeting->beats++;
	return meeting->over;
}

void dawdle(unsigned int most)
{
	unsigned long steps = draw(most) * 1000;
	volatile unsigned long step;

	for (step = 0; step < steps; step++)
		;
}

/*
 * Their side
 */

static void race_until_it_is_over(void)
{
	stay_on(THEIRS);
	meeting->ready = true;
	while (!meeting->begun && !meeting->over)
		sched_yield();
	while (!meeting->over && racer.theirs->make())
		meeting->beats++;
}

static void *thread_races(void *unused)
{
	race_until_it_is_over();
	return unused;
}

static bool process_races(void)
{
	/* Whatever ends the check ends its racer. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	draw_from_seed(~lab.seed);
	race_until_it_is_over();
	return true;
}

/*
 * Our side
 */

void start_racer(const struct call *theirs, enum racer_kind kind)
{
	memset(meeting, 0, sizeof(*meeting));
	racer.theirs = theirs;
	racer.kind = kind;
	if (kind == RACER_PROCESS)
		racer.process = start_child(process_races);
	else
		ck_assert_int_eq(pthread_create(&racer.thread, NULL,
						thread_races, NULL), 0);
	while (!meeting->ready)
		sched_yield();
}

void disturb_race(void)
{
	start_disturber(&meeting->over);
}

/* A process that has died will not come any further. */
static bool racer_is_there(void)
{
	siginfo_t info = { .si_pid = 0 };

	return racer.kind == RACER_THREAD ||
	       (!waitid(P_PID, racer.process, &info,
			WEXITED | WNOHANG | WNOWAIT) && !info.si_pid);
}

static bool racer_is_running(void)
{
	unsigned long before = meeting->beats, looks;
	time_t end = monotonic_seconds() + STUCK;

	for (looks = 1; meeting->beats == before && !meeting->over; looks++) {
		if (looks % 100000)
			continue;
		if (!racer_is_there())
			return false;
		if (monotonic_seconds() > end)
			return object("the other has not come back for %d s",
				      STUCK);
	}
	return !meeting->over;
}

void race(const struct call *ours, unsigned int turns)
{
	unsigned int turn;

	racer.ours = ours;
	meeting->begun = true;
	for (turn = 0; turn < turns && !meeting->over; turn++) {
		if (turn % TURNS_AT_ONCE == 0 && !racer_is_running())
			break;
		if (!ours->make())
			break;
	}
}

/* One that is killed in vain keeps the check waiting, which then ends by its limit. */
static int status_of_racer(void)
{
	if (!ends_within(racer.process, STUCK)) {
		object("the other has not come back for %d s", STUCK);
		kill(racer.process, SIGKILL);
	}
	return status_of(racer.process);
}

void stop_racer(void)
{
	int status = 0;

	meeting->over = true;
	if (racer.kind == RACER_PROCESS)
		status = status_of_racer();
	else
		pthread_join(racer.thread, NULL);
	await_end_of_disturber();
	ck_assert_msg(!meeting->objected, "%s beside %s: %s", racer.ours->name,
		      racer.theirs->name, meeting->objection);
	ck_assert_msg(!status, "%s beside %s: the other process ended with 0x%x",
		      racer.ours->name, racer.theirs->name, status);
}

/* A run with fewer random calls than usual makes fewer turns as well. */
static unsigned int scale(unsigned int turns)
{
	unsigned long fewer = turns * settings.calls / USUAL_CALLS;

	if (turns <= FEWEST_TURNS || fewer >= turns)
		return turns;
	return fewer > FEWEST_TURNS ? fewer : FEWEST_TURNS;
}

void race_calls(const struct call *ours, const struct call *theirs,
		enum racer_kind kind, unsigned int turns)
{
	start_racer(theirs, kind);
	disturb_race();
	race(ours, scale(turns));
	stop_racer();
}
