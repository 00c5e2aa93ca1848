/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seconds.h - how long something takes that may never end
 */
#ifndef SECONDS_H
#define SECONDS_H

#include <time.h>

/* Returns whole seconds since some moment; nobody can set this clock. */
time_t monotonic_seconds(void);

#endif /* SECONDS_H */
