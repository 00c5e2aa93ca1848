/* SPDX-License-Identifier: GPL-2.0 */
/*
 * children.h - other processes, and memory that is shared with them
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void *shared_memory(size_t size);

/*
 * The child exits with 0 if its body returns true. An assertion that fails there is
 * printed, the child exits with 1, and the check fails as well.
 */
pid_t start_child(bool (*body)(void));

/* Waits for the end of a child, or a stop, and returns its status. */
int status_of(pid_t child);

/* Returns whether a child ends in so many seconds. status_of() still has its status. */
bool ends_within(pid_t child, int seconds);

/* Whether a child sleeps in a call, or has ended. */
bool sleeps(pid_t child);

bool run_in_child(bool (*body)(void));

/* Fails the check unless this signal reaches the child, which ends then. */
void assert_killed(bool (*body)(void), int signal, const char *what);

#endif /* CHILDREN_H */
