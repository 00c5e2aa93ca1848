// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.6: signals in the middle of a call that kill the caller
 *
 * The caller is a process of many threads, which share our processor. It is killed at
 * some moment, most times while the racer's calls take the lab's lock. The buffer
 * is large, so that they hold it for long, and nearly all of the threads wait for it.
 */
#include "races.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupted_calls.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"

#define KILLS 10
#define THREADS 20
#define PAGES 128

/* In memory that is shared with the process that is killed. */
static struct {
	const struct call *call;
	volatile unsigned long calls;
} *victim;

static void *call_for_ever(void *unused)
{
	for (;;) {
		victim->calls++;
		victim->call->make();
	}
	return unused;
}

/* Many threads: what each of them leaves adds up. */
static bool call_until_killed(void)
{
	pthread_t thread;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ignore_objections(); /* the threads disturb each other */
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, call_for_ever, NULL))
			return false;
	call_for_ever(NULL);
	return false;
}

static bool kill_a_process(void)
{
	pid_t process;
	int status;

	victim->calls = 0;
	process = start_child(call_until_killed);
	while (victim->calls < THREADS)
		usleep(100);
	usleep(1 + draw(1000));
	kill(process, SIGKILL);
	status = status_of(process);
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	       object("the caller ended with 0x%x instead of SIGKILL", status);
}

/* What the killed ones have left is nobody's: all calls work as before. */
static void assert_works(void)
{
	lab.seed = pattern_seed(0);
	store_pattern(0);
	if (can(CAN_CHECK))
		kernel_checks();
	if (can(CAN_FILL))
		kernel_fills();
	assert_words(lab.map, lab.words, 0, expect_pattern, "we read");
	if (can(CAN_COUNT))
		ck_assert_msg(count_mappings() == 1,
			      "%s: killed callers leave %" PRIu64 " mappings",
			      victim->call->name, count_mappings() - 1);
}

static void kill_callers(const struct call *call, const struct call *theirs,
			 unsigned int kills)
{
	const struct call ours = { call->name, kill_a_process, 0 };

	/* Those who wait for a lock are killed in more ways than the others. */
	if (!theirs->needs)
		kills = 1 + kills / 4;
	victim->call = call;
	race_calls(&ours, theirs, RACER_PROCESS, kills);
	assert_works();
}

/* It holds the lock until all of the memory is written. */
static bool hold_the_lock(void)
{
	struct lab_fill fill = { .seed = pattern_seed(0) };

	return !ioctl(lab.fd, LAB_IOC_FILL, &fill) ||
	       object("LAB_IOC_FILL: %s", strerror(errno));
}

START_TEST(killed_callers_leave_nothing)
{
	static const struct call locks = { "LAB_IOC_FILL and a signal",
					   hold_the_lock, CAN_FILL };
	uint64_t usual = lab.info.pages;

	need_two_processors();
	read_module();
	must_reload_with_pages(PAGES);
	victim = shared_memory(sizeof(*victim));
	prepare_interrupted_calls();
	interrupt_and_look_for_leaks(kill_callers, &locks, KILLS);
	must_reload_with_pages(usual);
}
END_TEST

const struct check kill_races_checks[] = {
	RACE_CHECK(killed_callers_leave_nothing, WRITES),
	{ .name = NULL },
};
