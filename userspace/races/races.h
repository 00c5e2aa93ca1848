/* SPDX-License-Identifier: GPL-2.0 */
/*
 * races.h - the tables of the checks that need two processors
 *
 * Chapter 9 of docs/contract.md: one call is made on one processor while another is
 * under way on the other. Most checks do so for all pairs of some calls.
 */
#ifndef RACES_H
#define RACES_H

#include "shared/program.h"

extern const struct check argument_races_checks[], request_races_checks[],
	data_races_checks[], mapping_races_checks[], load_races_checks[],
	signal_races_checks[], kill_races_checks[], memory_races_checks[],
	fault_races_checks[], ring_races_checks[];

/* On a busy machine the emulated processors wait for each other. */
#define RACE_CHECK(name_, needs_)					\
	{ .name = #name_, .run = &(name_), .needs = (needs_),		\
	  .time = RACE, .seconds = 200 }

#endif /* RACES_H */
