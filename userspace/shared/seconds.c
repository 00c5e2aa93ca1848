// SPDX-License-Identifier: GPL-2.0
/*
 * How long something takes that may never end
 */
#include "seconds.h"

#include <check.h>

time_t monotonic_seconds(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return now.tv_sec;
}
