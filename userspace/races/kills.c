// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.6: signals in the middle of a call that kill the caller
 *
 * The caller is a process of many threads. It is killed at some moment, or while all of its
 * threads wait for the lab's lock, which the racer holds and cannot give back. The buffer is
 * large, so that the racer holds the lock most of the time.
 */
#include "races.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupted_calls.h"
#include "random/draw.h"
#include "request_table.h"
#include "shared/checks.h"
#include "standstill.h"

#define KILLS 4
#define FEW_KILLS 2
#define THREADS 20
#define PAGES 128

/* In microseconds. */
#define LOOK_EVERY 200

#define MOST_LOOKS 250
#define MOST_TRIES 4

/* Processes that run meanwhile: we, the racer, and the one that has the racer's processor. */
#define OTHERS 3

/* In memory that is shared with the process that is killed. */
static struct {
	const struct call *call;
	volatile unsigned long calls;
	bool waits;
} *victim;

static pthread_barrier_t all_are_there;

/*
 * Threads share their open files, and with these the position of read() and write(): one
 * would find itself at the end because another has got there.
 */
static void have_an_open_file(void)
{
	int fd;

	if (unshare(CLONE_FILES))
		return;
	fd = open(lab.path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, lab.fd);
}

static void *call_for_ever(void *unused)
{
	have_an_open_file();
	pthread_barrier_wait(&all_are_there);
	for (;;) {
		victim->calls++;
		victim->call->make();
		sched_yield(); /* or each would go on for its slice of time */
	}
	return unused;
}

/*
 * Many threads: what each of them leaves adds up. They have the least precedence, or whoever
 * looks at them from the same processor would wait for its turn among them.
 */
static bool call_until_killed(void)
{
	pthread_t thread;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ignore_objections(); /* the threads disturb each other */
	look_at_no_answers();
	if (nice(19) < 0)
		return false;
	if (!victim->waits)
		leave_our_processor();
	if (pthread_barrier_init(&all_are_there, NULL, THREADS))
		return false;
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, call_for_ever, NULL))
			return false;
	call_for_ever(NULL);
	return false;
}

/*
 * How many threads of the caller sleep? /proc/loadavg counts those of the whole machine that
 * run or could run; we are among these, and so are the racer and what it stands still for.
 */
static int sleeping_threads(void)
{
	FILE *file = fopen("/proc/loadavg", "r");
	int running = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*s %*s %*s %d/", &running) != 1)
		running = THREADS + OTHERS;
	fclose(file);
	return THREADS + OTHERS - running;
}

/*
 * Stops the racer until it happens to hold the lock: then all threads come to wait for it.
 * They still do when they are killed, since the racer does not go on. Where they never
 * wait, the call takes no lock. As soon as they have begun more calls than they are, one of
 * them has made a whole call meanwhile, and will not wait for the racer either.
 */
static bool stop_the_racer_with_the_lock(void)
{
	unsigned long begun;
	int try, looks;

	for (try = 0; try < MOST_TRIES; try++) {
		stop_the_racer();
		begun = victim->calls;
		for (looks = 0; looks < MOST_LOOKS; looks++) {
			if (sleeping_threads() >= THREADS)
				return true;
			if (victim->calls > begun + THREADS)
				break;
			usleep(LOOK_EVERY);
		}
		let_the_racer_go_on();
		usleep(1 + draw(1000));
	}
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
	if (victim->waits)
		victim->waits = stop_the_racer_with_the_lock();
	kill(process, SIGKILL);
	status = status_of(process);
	if (victim->waits)
		let_the_racer_go_on();
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	       object("the caller ended with 0x%x instead of SIGKILL", status);
}

/* The call that others were killed in, and those that assert_works() will make. */
static bool make_the_next_calls(void)
{
	struct lab_check check = { .seed = lab.seed };
	struct lab_fill fill = { .seed = lab.seed };

	ignore_objections();
	look_at_no_answers();
	victim->call->make();
	if (can(CAN_CHECK))
		ioctl(lab.fd, LAB_IOC_CHECK, &check);
	if (can(CAN_FILL))
		ioctl(lab.fd, LAB_IOC_FILL, &fill);
	return true;
}

/* A lock that a killed caller has kept would keep us for ever. So another one comes first. */
static void assert_next_caller_comes_back(void)
{
	pid_t next = start_child(make_the_next_calls);

	if (!ends_within(next, STUCK)) {
		kill(next, SIGKILL);
		ck_abort_msg("%s: callers were killed, and the next one has not come back for %d s",
			     victim->call->name, STUCK);
	}
	status_of(next);
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

/* Nothing disturbs it: who is to stand still, and when, matters here. */
static void race_to_kill(const struct call *ours, const struct call *theirs,
			 unsigned int kills)
{
	start_racer(theirs, RACER_PROCESS);
	race(ours, kills);
	stop_racer();
}

static void kill_callers(const struct call *call, const struct call *theirs,
			 unsigned int kills)
{
	const struct call ours = { call->name, kill_a_process, 0 };

	victim->call = call;
	victim->waits = theirs->needs != 0;
	race_to_kill(&ours, theirs, FEW_KILLS);
	/* Those who wait for a lock are killed in more ways than the others. */
	if (victim->waits)
		race_to_kill(&ours, theirs, kills - FEW_KILLS);
	assert_next_caller_comes_back();
	assert_works();
}

/*
 * The kernel keeps the addresses of the stacks of threads that have ended, and tables for
 * these, until they are many, or until a module comes.
 */
static void give_stacks_back(void)
{
	must_reload_with_pages(PAGES);
	store_pattern(0);
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
	prepare_standstill();
	interrupt_and_look_for_leaks(kill_callers, &locks, KILLS,
				     give_stacks_back);
	must_reload_with_pages(usual);
}
END_TEST

const struct check kill_races_checks[] = {
	RACE_CHECK(killed_callers_leave_nothing, WRITES),
	{ .name = NULL },
};
