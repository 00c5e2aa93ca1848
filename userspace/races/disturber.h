/* SPDX-License-Identifier: GPL-2.0 */
/*
 * disturber.h - both sides of a race stand still at moments that neither chooses
 *
 * Between two steps of the kernel there may be a few instructions, and a whole call of the
 * other side has to come in between for a mistake to show. Two processors that run side by
 * side hardly ever do that. So a process that has precedence takes one of them away at
 * random, for about as long as a call takes: also inside of the kernel, if the kernel lets
 * itself be preempted there (preempt=full).
 */
#ifndef DISTURBER_H
#define DISTURBER_H

#include <stdbool.h>

/*
 * Starts the process, which goes on until @over, in memory that all share. Returns when it
 * has given up what it inherited of the lab.
 */
void start_disturber(const volatile bool *over);

/* To be called when it is over; does nothing if none was started. */
void await_end_of_disturber(void);

#endif /* DISTURBER_H */
