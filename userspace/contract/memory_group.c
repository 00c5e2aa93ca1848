// SPDX-License-Identifier: GPL-2.0
/*
 * A group of processes that gets only so much memory
 *
 * The kernel counts what it allocates for the processes of a control group
 * (Documentation/admin-guide/cgroup-v2.rst). At the limit it looks for a process of the group
 * that it may kill. If there is none, the allocation fails, as it does when all memory is used.
 * So a call can be made to fail in kernels without fault injection, too.
 */
#include "memory_group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/checks.h"

#define GROUPS "/sys/fs/cgroup"
#define GROUP GROUPS "/kmaplab"

/* The list of the processes outside of the group. Nothing can be opened in a full one. */
static int outside;

/* Returns 0, or the error. */
static int write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return errno;
	fputs(text, file);
	return fclose(file) ? errno : 0;
}

static void must_write(const char *path, const char *text)
{
	int err = write_text(path, text);

	ck_assert_msg(!err, "\"%s\" to %s: %s", text, path, strerror(err));
}

void require_memory_groups(void)
{
	if (mount("none", GROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		skip("the kernel has no control groups: %s", strerror(errno));
	if (write_text(GROUPS "/cgroup.subtree_control", "+memory"))
		skip("the kernel cannot limit the memory of a control group");
}

void prepare_for_groups(void)
{
	must_write("/proc/self/oom_score_adj", "-1000");
	must_write("/proc/sys/vm/oom_dump_tasks", "0");
	outside = open(GROUPS "/cgroup.procs", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(outside, 0);
	/* A page fault in a full group that nobody may be killed in would go on for ever. */
	ck_assert_msg(!mlockall(MCL_CURRENT), "mlockall: %s", strerror(errno));
}

long call_in_a_group(long (*call)(void), unsigned int pages)
{
	char limit[32];
	long result;
	int found;

	snprintf(limit, sizeof(limit), "%lu",
		 (unsigned long)pages * sysconf(_SC_PAGESIZE));
	ck_assert_msg(!mkdir(GROUP, 0700), "mkdir " GROUP ": %s", strerror(errno));
	must_write(GROUP "/memory.max", limit);
	must_write(GROUP "/cgroup.procs", "0");
	result = call();
	found = errno;
	ck_assert_msg(write(outside, "0", 1) == 1, "cannot leave " GROUP ": %s",
		      strerror(errno));
	ck_assert_msg(!rmdir(GROUP), "rmdir " GROUP ": %s", strerror(errno));
	errno = found;
	return result;
}
