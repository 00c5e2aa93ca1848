/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loads.h - how loads of a lab end, with each allocation failing in turn
 */
#ifndef KMAPLAB_LOADS_H
#define KMAPLAB_LOADS_H

#include <linux/err.h>
#include <linux/types.h>

/* The case that looks at the results: it runs also if the lab is not there in the end. */
#define KMAPLAB_LOADS_CASE "load_survives_every_failed_allocation"

/* Why all others are skipped then; harness/results/suite_results.py knows it. */
#define KMAPLAB_NOT_LOADED "the lab did not load"

/**
 * struct kmaplab_loads - how the loads of a lab ended
 * @can_fail: whether allocations could be made to fail; if not, nothing was tried
 * @failed: how many loads failed
 * @loaded: how many loads worked, although an allocation failed
 * @errors: the errors that they failed with, a bit for each
 * @left_a_device: a load failed, or was undone, and its device is still there
 * @fails_unprovoked: a load failed before any allocation did
 * @is_half_made: a load worked, without memory or without the claim on its region
 * @needs_at_once: a load failed because an allocation failed that may not wait
 * @error: what the last load ended with, after which the lab is not there, or 0
 */
struct kmaplab_loads {
	bool can_fail;
	unsigned int failed;
	unsigned int loaded;
	DECLARE_BITMAP(errors, MAX_ERRNO + 1);
	bool left_a_device;
	bool fails_unprovoked;
	bool is_half_made;
	bool needs_at_once;
	int error;
};

int kmaplab_watch_loads(void);
void kmaplab_ignore_loads(void);

const struct kmaplab_loads *kmaplab_loads_of(const char *name);

#endif /* KMAPLAB_LOADS_H */
