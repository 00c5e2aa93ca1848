// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes, and memory that is shared with them
 */
#include "children.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

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

pid_t start_child(bool (*body)(void))
{
	pid_t child;

	fflush(NULL);
	child = fork();
	ck_assert_msg(child >= 0, "fork failed: %s", strerror(errno));
	if (child == 0)
		_exit(body() ? 0 : 1);
	return child;
}

int status_of(pid_t child)
{
	int status;

	ck_assert_msg(waitpid(child, &status, 0) == child, "waitpid failed: %s",
		      strerror(errno));
	return status;
}

bool run_in_child(bool (*body)(void))
{
	int status = status_of(start_child(body));

	ck_assert_msg(WIFEXITED(status), "the child died of signal %d",
		      WTERMSIG(status));
	return WEXITSTATUS(status) == 0;
}

void assert_killed(bool (*body)(void), int signal, const char *what)
{
	int status = status_of(start_child(body));

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signal,
		      "%s: expected SIG%s, found status 0x%x", what,
		      sigabbrev_np(signal), status);
}
