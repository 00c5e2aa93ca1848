/* SPDX-License-Identifier: GPL-2.0 */
/*
 * contract.h - the tables of the checks that hold for every lab
 *
 * Each file here is about a chapter of docs/contract.md, or a part of one, and
 * has a table of its checks.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "shared/program.h"

extern const struct check contents_checks[], views_checks[], threads_checks[],
	frames_checks[], witness_checks[],
	sizes_checks[], limits_checks[], remapping_checks[], access_checks[],
	callers_checks[], told_checks[], requests_checks[], caller32_checks[],
	vma_checks[], core_dump_checks[], madvise_checks[],
	get_user_pages_checks[], counts_checks[], arrivals_checks[],
	large_entries_checks[],
	lifetime_checks[],
	rounds_checks[], failure_checks[], shortage_checks[];

/* For labs that cannot be mapped. */
extern const struct check no_memory_checks[];

/* All of them in the order of the page, and NULL. */
extern const struct check *const contract[];

#endif /* CONTRACT_H */
