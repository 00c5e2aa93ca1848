// SPDX-License-Identifier: GPL-2.0
/*
 * Running checks and printing their results
 *
 * libcheck can give each test a process of its own, but in an emulated machine
 * that takes most of the time of a run. Here one child runs check after check.
 * When a check fails, or kills or hangs the child, a new child goes on behind it,
 * so no check inherits anything from one that went wrong.
 */
#include "run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/checks.h"

/* An emulated machine is slow; no check takes a second on a real one. */
#define USUAL_SECONDS 60

enum verdict { PASSED, SKIPPED, FAILED };

/* How far the children have come, in memory that they share with us. */
static struct progress {
	int next;
	bool running;
	int verdicts[3];
} *progress;

static const struct check *check_to_run(const struct plan *plan)
{
	return plan->known[plan->chosen[progress->next]];
}

static unsigned int seconds_of(const struct check *check)
{
	return check->seconds ?: USUAL_SECONDS;
}

static void count_verdict(enum verdict verdict)
{
	progress->running = false;
	progress->verdicts[verdict]++;
	progress->next++;
}

/*
 * In the child
 */

static enum verdict print_result(TestResult *result, int number,
				 const char *name)
{
	bool good = tr_rtype(result) == CK_PASS;
	const char *message = good ? "" : tr_msg(result) ?: "";

	if (good && !summary->child_failed) {
		print_line("ok %d %s", number, name);
		return PASSED;
	}
	if (!strncmp(message, "SKIP ", 5)) {
		/* harness/results/ktap.py knows the line. */
		if (summary->not_for_driver)
			print_line("# does not apply");
		print_line("ok %d %s # SKIP %s", number, name, message + 5);
		return SKIPPED;
	}
	print_diagnostics(message);
	print_line("not ok %d %s", number, name);
	return FAILED;
}

/* libcheck's handler would kill all processes of our group, the parent among them. */
static void let_alarm_end_us(void)
{
	signal(SIGALRM, SIG_DFL);
}

static enum verdict run_check(const struct check *check, int number)
{
	Suite *suite = suite_create(check->name);
	TCase *tcase = tcase_create(check->name);
	enum verdict verdict;
	TestResult **results;
	SRunner *runner;

	tcase_add_unchecked_fixture(tcase, let_alarm_end_us, NULL);
	tcase_add_checked_fixture(tcase, open_lab, close_lab);
	tcase_add_test(tcase, *check->run);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);

	summary->child_failed = false;
	summary->not_for_driver = false;
	print_line("# running %s", check->name);
	alarm(seconds_of(check));
	srunner_run_all(runner, CK_SILENT);
	alarm(0);

	results = srunner_results(runner);
	verdict = print_result(results[0], number, check->name);
	free(results);
	srunner_free(runner);
	return verdict;
}

static void run_until_one_fails(const struct plan *plan, uint64_t seed)
{
	enum verdict verdict = PASSED;

	while (verdict != FAILED && progress->next < plan->chosen_count) {
		/* The same for a check, whichever run before it. */
		lab.seed = seed + plan->chosen[progress->next];
		lab.needs = check_to_run(plan)->needs;
		progress->running = true;
		verdict = run_check(check_to_run(plan), progress->next + 1);
		count_verdict(verdict);
	}
}

/*
 * In the parent
 */

/* A child that ended while a check was running ended because of it. */
static void blame(const struct check *check, int status)
{
	if (!WIFSIGNALED(status))
		print_line("# the program ended in its middle, with status %d",
			   WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGALRM)
		print_line("# still running after %u seconds",
			   seconds_of(check));
	else
		print_line("# killed by signal %d, %s", WTERMSIG(status),
			   sigdescr_np(WTERMSIG(status)) ?: "unknown");
	count_verdict(FAILED);
	print_line("not ok %d %s", progress->next, check->name);
}

static void run_all(const struct plan *plan, uint64_t seed)
{
	while (progress->next < plan->chosen_count) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			run_until_one_fails(plan, seed);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child) {
			perror("fork");
			exit(2);
		}
		if (progress->running)
			blame(check_to_run(plan), status);
	}
}

/* harness/results/ktap.py reads this line; the table of `make run` shows it. */
static void print_summary(void)
{
	const struct lab_info *info = &summary->info;

	print_line("# report kernel_addr=0x%" PRIx64 " phys_addr=0x%" PRIx64
		   " user_addr=0x%" PRIx64 " pages=%" PRIu64 " size=%" PRIu64
		   " flags=0x%" PRIx32 " contiguous=%s kernel_to_user=%" PRIu64
		   " user_to_kernel=%" PRIu64,
		   (uint64_t)info->kernel_addr, (uint64_t)info->phys_addr,
		   summary->user_addr, (uint64_t)info->pages,
		   (uint64_t)info->size, (uint32_t)info->flags,
		   summary->contiguous ? "yes" : "no", summary->kernel_to_user,
		   summary->user_to_kernel);
}

bool run_checks(const struct plan *plan, uint64_t seed)
{
	progress = shared_memory(sizeof(*progress));
	summary = shared_memory(sizeof(*summary));

	print_line("KTAP version 1");
	print_line("1..%d", plan->chosen_count);
	print_line("# seed 0x%" PRIx64, seed);
	run_all(plan, seed);
	print_summary();
	print_line("# Totals: pass:%d fail:%d skip:%d",
		   progress->verdicts[PASSED], progress->verdicts[FAILED],
		   progress->verdicts[SKIPPED]);
	return !progress->verdicts[FAILED];
}
