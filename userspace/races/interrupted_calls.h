/* SPDX-License-Identifier: GPL-2.0 */
/*
 * interrupted_calls.h - calls whose outcome can be judged wherever a signal interrupts them
 */
#ifndef INTERRUPTED_CALLS_H
#define INTERRUPTED_CALLS_H

#include "racer.h"

/* Each call begins and ends with the first pattern in the memory. */
void prepare_interrupted_calls(void);

/*
 * From now on this process makes the calls and looks at nothing that they return: it will be
 * killed. So it is in the kernel nearly all of the time.
 */
void look_at_no_answers(void);

typedef void (*interrupt_fn)(const struct call *call, const struct call *theirs,
			     unsigned int turns);

/*
 * Calls the function for each call that the lab has, once beside a racer that makes the
 * call @locks, and once beside one that takes no lock. Fails the check if memory is lost
 * as if each signal left a page, or some of them. @prepare_look, if any, is called before
 * each look at the free memory.
 */
void interrupt_and_look_for_leaks(interrupt_fn interrupt,
				  const struct call *locks, unsigned int turns,
				  void (*prepare_look)(void));

#endif /* INTERRUPTED_CALLS_H */
