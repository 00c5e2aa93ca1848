/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - running checks and printing their results
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

/* Returns whether none failed. */
bool run_checks(const struct plan *plan, uint64_t seed);

#endif /* RUN_H */
