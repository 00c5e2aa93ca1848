// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, in the order of docs/contract.md
 */
#include "contract.h"

#include "races/races.h"
#include "random/random.h"

const struct check *const contract[] = {
	contents_checks, views_checks, threads_checks, frames_checks,
	witness_checks, sizes_checks, /* 1 */
	limits_checks, remapping_checks, /* 2 */
	access_checks, callers_checks, requests_checks, told_checks, /* 3 */
	vma_checks, core_dump_checks, madvise_checks, get_user_pages_checks,
	counts_checks, arrivals_checks, large_entries_checks, /* 4 */
	lifetime_checks, rounds_checks, /* 5; 6 is about one lab */
	failure_checks, shortage_checks, /* 7 */
	random_checks, random_places_checks, caller32_checks, /* 8 */
	argument_races_checks, request_races_checks, data_races_checks,
	mapping_races_checks, load_races_checks, signal_races_checks,
	kill_races_checks, memory_races_checks, fault_races_checks,
	ring_races_checks, /* 9 */
	NULL,
};
