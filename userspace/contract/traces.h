/* SPDX-License-Identifier: GPL-2.0 */
/*
 * traces.h - what a call that fails must not leave behind
 */
#ifndef TRACES_H
#define TRACES_H

#include <stdint.h>

/* The lowest free descriptor, the VMAs of the lab's file, and the mappings that it counts. */
struct traces {
	int lowest_fd;
	int vmas;
	uint64_t mappings;
};

struct traces look_for_traces(void);

/* Fails the check if anything has come or gone; @name is that of the call. */
void assert_no_traces(const char *name, struct traces before);

#endif /* TRACES_H */
