/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan.h - which checks a lab has, and which of them run
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>

#include "shared/program.h"

#define MOST_CHECKS 256

/**
 * struct plan - the checks of one lab, all of them, and those that run
 * @known: the checks that the lab has: those of a usual run, those that --thorough adds,
 *	and those that run by name only
 * @known_count: how many these are
 * @usual_count: how many of them, from the first on, are in a usual run
 * @thorough_count: how many of them, from the first on, are in a --thorough run
 * @left_out: the checks that need what the lab cannot do
 * @left_out_count: how many these are
 * @chosen: what runs, as places in @known
 * @chosen_count: how many these are
 */
struct plan {
	const struct check *known[MOST_CHECKS];
	int known_count;
	int usual_count;
	int thorough_count;
	const struct check *left_out[MOST_CHECKS];
	int left_out_count;
	int chosen[MOST_CHECKS];
	int chosen_count;
};

struct plan make_plan(const struct program *program);

/*
 * Ends the program with status 2 for a name in @only that the lab does not have. Those in @also
 * are chosen behind the others, if the lab has them.
 */
void choose_checks(struct plan *plan, bool thorough, char *only, char *also);

/* Prints what is declared of a lab, and its checks, one fact a line. */
void print_list(const struct program *program, const struct plan *plan);

#endif /* PLAN_H */
