/* SPDX-License-Identifier: GPL-2.0 */
/*
 * interrupted_calls.h - calls whose outcome can be judged wherever a signal interrupts them
 */
#ifndef INTERRUPTED_CALLS_H
#define INTERRUPTED_CALLS_H

#include <stddef.h>

#include "racer.h"

/* Each call begins and ends with the first pattern in the memory. */
void prepare_interrupted_calls(void);

/* Calls interrupt() for each that the lab has, beside each thing a racer may do. */
void interrupt_each(void (*interrupt)(const struct call *call,
				      const struct call *theirs,
				      unsigned int turns),
		    unsigned int turns);

/* As if each signal left a page, or some of them. */
void assert_nothing_is_leaked(long free_before);

#endif /* INTERRUPTED_CALLS_H */
