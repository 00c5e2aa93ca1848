// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.6: signals in the middle of a call that kill the caller
 *
 * The caller is a process of many threads, which share our processor. It is killed at
 * some moment, or, while the racer's calls take the lab's lock, as soon as most of the
 * threads wait for it. The buffer is large, so that the racer holds the lock for long.
 */
#include "races.h"

#include <dirent.h>
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

#define KILLS 8
#define THREADS 20
#define PAGES 128

#define MOST_LOOKS 15

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
	leave_our_processor();
	if (pthread_barrier_init(&all_are_there, NULL, THREADS))
		return false;
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, call_for_ever, NULL))
			return false;
	call_for_ever(NULL);
	return false;
}

static bool is_waiting(pid_t process, const char *thread)
{
	char path[64], state;
	bool waits;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", process,
		 thread);
	stat = fopen(path, "r");
	if (!stat)
		return false;
	waits = fscanf(stat, "%*d (%*[^)]) %c", &state) == 1 && state != 'R';
	fclose(stat);
	return waits;
}

static unsigned int waiting_threads(pid_t process)
{
	unsigned int waiting = 0;
	struct dirent *entry;
	char path[40];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	threads = opendir(path);
	if (!threads)
		return 0;
	while ((entry = readdir(threads)))
		waiting += entry->d_name[0] != '.' &&
			   is_waiting(process, entry->d_name);
	closedir(threads);
	return waiting;
}

/* Where nobody has waited, nobody will. */
static void await_waiting_threads(pid_t process)
{
	unsigned int waiting = 0;
	int looks;

	for (looks = 0; looks < MOST_LOOKS; looks++) {
		waiting = waiting_threads(process);
		if (waiting > THREADS / 2)
			return;
		usleep(1000);
	}
	victim->waits = waiting > 0;
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
		await_waiting_threads(process);
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
	victim->waits = theirs->needs != 0;
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
