/* SPDX-License-Identifier: GPL-2.0 */
/*
 * history.h - the last calls, and comparing what they returned
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "model_data.h"

#define MOST_ARGUMENTS 6

/**
 * note - remember the call that comes next
 * @name: of the system call
 * @kinds: a letter for each argument says how it is printed
 */
#define note(name, kinds, ...)						\
	note_call(name, kinds,						\
		  (const unsigned long[MOST_ARGUMENTS]) { __VA_ARGS__ })

void note_call(const char *name, const char *kinds,
	       const unsigned long *arguments);

/* What the call that was noted returned: -1 and errno become -errno. */
long answered(long result);

/* Fail the check if something else was predicted; return whether it succeeded. */
bool agree(struct answer predicted, long found);
bool agree_exactly(long predicted, long found);

/* Fails the check with a text, and with the calls that led there. */
__attribute__((noreturn, format(printf, 1, 2)))
void disagree(const char *format, ...);

/* The number of the random call that is being made, for the text. */
extern uint64_t calls_made;

#endif /* HISTORY_H */
