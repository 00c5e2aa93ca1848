// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes, and memory that is shared with them
 */
#include "children.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "fixture.h"
#include "ktap.h"
#include "seconds.h"

/* What a child exits with that a signal has reached: this, and the signal's number. */
#define BY_SIGNAL 64

static bool is_child;

void *shared_memory(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED) {
		perror("mmap of shared memory");
		exit(2);
	}
	return map;
}

/*
 * The linker sends each assertion that fails here (--wrap, in the Makefile). In a child
 * it must not go on to libcheck: that would jump into the child's copy of the runner,
 * and the message would come a second time in a file that both processes share.
 */
__attribute__((noreturn, format(printf, 4, 5)))
void __real__ck_assert_failed(const char *file, int line, const char *expr,
			      const char *msg, ...);

__attribute__((noreturn, format(printf, 4, 5)))
void __wrap__ck_assert_failed(const char *file, int line, const char *expr,
			      const char *msg, ...);

void __wrap__ck_assert_failed(const char *file, int line, const char *expr,
			      const char *msg, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, msg);
	if (msg && vasprintf(&text, msg, args) < 0)
		text = NULL;
	va_end(args);
	if (!is_child)
		__real__ck_assert_failed(file, line, expr, "%s", text ?: expr);

	print_diagnostics(text ?: expr);
	summary->child_failed = true;
	_exit(1);
}

pid_t start_child(bool (*body)(void))
{
	pid_t child;

	fflush(NULL);
	child = fork();
	ck_assert_msg(child >= 0, "fork failed: %s", strerror(errno));
	if (child == 0) {
		is_child = true;
		_exit(body() ? 0 : 1);
	}
	return child;
}

int status_of(pid_t child)
{
	pid_t ended;
	int status;

	do
		ended = waitpid(child, &status, 0);
	while (ended < 0 && errno == EINTR);
	ck_assert_msg(ended == child, "waitpid failed: %s", strerror(errno));
	return status;
}

bool ends_within(pid_t child, int seconds)
{
	time_t end = monotonic_seconds() + seconds;
	siginfo_t info = { .si_pid = 0 };

	do {
		ck_assert_msg(!waitid(P_PID, child, &info,
				      WEXITED | WNOHANG | WNOWAIT),
			      "waitid failed: %s", strerror(errno));
		if (info.si_pid)
			return true;
		usleep(500);
	} while (monotonic_seconds() <= end);
	return false;
}

/* As its line in /proc says, behind the name in parentheses: asleep, or gone. */
bool sleeps(pid_t child)
{
	char path[64], line[256] = "", *state;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	stat = fopen(path, "r");
	ck_assert_ptr_nonnull(stat);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), stat));
	fclose(stat);
	state = strrchr(line, ')');
	return state && (state[2] == 'S' || state[2] == 'Z');
}

bool run_in_child(bool (*body)(void))
{
	int status = status_of(start_child(body));

	ck_assert_msg(WIFEXITED(status), "the child died of signal %d",
		      WTERMSIG(status));
	return WEXITSTATUS(status) == 0;
}

static bool (*dangerous)(void);
static int awaited;

static void leave(int signal)
{
	_exit(BY_SIGNAL + signal);
}

/* Caught, since of a signal that kills the kernel's log has a line. */
static bool await_signal(void)
{
	signal(awaited, leave);
	return dangerous();
}

void assert_killed(bool (*body)(void), int signal, const char *what)
{
	int status;

	dangerous = body;
	awaited = signal;
	status = status_of(start_child(await_signal));
	ck_assert_msg(WIFEXITED(status) &&
		      WEXITSTATUS(status) == BY_SIGNAL + signal,
		      "%s: expected SIG%s, found status 0x%x", what,
		      sigabbrev_np(signal), status);
}
