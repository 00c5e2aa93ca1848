/* SPDX-License-Identifier: GPL-2.0 */
/*
 * racer.h - a second process, or a thread, that makes calls on the other processor
 */
#ifndef RACER_H
#define RACER_H

#include <stdbool.h>

/**
 * struct call - what one side of a race does again and again
 * @name: for the report
 * @make: does it once; false if something is wrong, after object() has said what
 * @needs: bits of enum operation
 */
struct call {
	const char *name;
	bool (*make)(void);
	unsigned int needs;
};

/*
 * The racer has a copy of our memory and of our mappings, or as a thread the same
 * ones.
 */
enum racer_kind { RACER_PROCESS, RACER_THREAD };

/* Seconds after which a call that has not come back never will: none takes as much as one. */
#define STUCK 30

/* Skips the check on a machine with one processor. */
void need_two_processors(void);

/* Lets this process and its threads run on both processors. */
void leave_our_processor(void);

/* The caller runs there from now on, beside us or beside the racer. */
void go_to_our_processor(void);
void go_to_the_racers_processor(void);

/* Says what is wrong, as printf() does; what comes first counts. Returns false. */
bool object(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Makes the racer, which waits; has both sides disturbed (disturber.h); lets it race while
 * we make our call so many times; ends it. The last fails the check, with the names of both
 * calls, if one side has objected. A race need not be disturbed.
 */
void start_racer(const struct call *theirs, enum racer_kind kind);
void disturb_race(void);
void race(const struct call *ours, unsigned int turns);
void stop_racer(void);

/* All of these. */
void race_calls(const struct call *ours, const struct call *theirs,
		enum racer_kind kind, unsigned int turns);

/* What this process finds from now on is of no interest. */
void ignore_objections(void);

/* Has one side objected, or have we made all our calls? A racer that waits for us asks. */
bool race_is_over(void);

/* Lets some time pass, up to so many thousand steps of a loop. */
void dawdle(unsigned int most);

#endif /* RACER_H */
