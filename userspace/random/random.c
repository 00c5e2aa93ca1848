// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 8.1: random calls return what a model predicts
 */
#include "random.h"

#include <inttypes.h>
#include <sys/param.h>

#include "calls.h"
#include "draw.h"
#include "ground.h"
#include "history.h"
#include "shared/checks.h"

/**
 * struct call_kind - one kind of random calls
 * @name: for the report
 * @make: draws a call and makes it
 * @weight: how often, of 100; those that change page tables take longest, and
 *	in user-mode Linux five times as long as others
 * @succeeded: calls that did
 * @failed: calls that failed, as predicted
 */
struct call_kind {
	const char *name;
	bool (*make)(void);
	unsigned int weight;
	uint64_t succeeded;
	uint64_t failed;
};

static struct call_kind kinds[] = {
	{ .name = "mmap", .make = random_mmap, .weight = 8 },
	{ .name = "munmap", .make = random_munmap, .weight = 4 },
	{ .name = "mprotect", .make = random_mprotect, .weight = 7 },
	{ .name = "mremap", .make = random_mremap, .weight = 5 },
	{ .name = "madvise", .make = random_madvise, .weight = 12 },
	{ .name = "msync", .make = random_msync, .weight = 4 },
	{ .name = "peek", .make = random_peek, .weight = 6 },
	{ .name = "poke", .make = random_poke, .weight = 4 },
	{ .name = "lseek", .make = random_lseek, .weight = 10 },
	{ .name = "read", .make = random_read, .weight = 7 },
	{ .name = "pread", .make = random_pread, .weight = 6 },
	{ .name = "write", .make = random_write, .weight = 5 },
	{ .name = "pwrite", .make = random_pwrite, .weight = 4 },
	{ .name = "ioctl", .make = random_ioctl, .weight = 18 },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static struct call_kind *draw_kind(void)
{
	unsigned int sum = 0;
	uint64_t ticket;
	size_t i;

	for (i = 0; i < KINDS; i++)
		sum += kinds[i].weight;
	ticket = draw(sum);
	for (i = 0; ticket >= kinds[i].weight; i++)
		ticket -= kinds[i].weight;
	return &kinds[i];
}

static void make_one(void)
{
	struct call_kind *kind = draw_kind();

	if (kind->make())
		kind->succeeded++;
	else
		kind->failed++;
	calls_made++;
	if (calls_made % 1024 == 0)
		compare_all();
}

#define MANY_CALLS 10000

/*
 * Calls that all fail, or that all succeed, prove little: of many calls of a kind,
 * at least a twentieth must fail, and a twentieth succeed.
 */
static void check_mix(void)
{
	size_t i;

	for (i = 0; i < KINDS; i++) {
		struct call_kind *kind = &kinds[i];
		uint64_t rarer = MIN(kind->succeeded, kind->failed);

		if (rarer * 20 < kind->succeeded + kind->failed)
			ck_abort_msg("seed 0x%" PRIx64
				     ": the calls are too much alike: of %s, %"
				     PRIu64 " succeeded and %" PRIu64 " failed",
				     lab.seed, kind->name, kind->succeeded,
				     kind->failed);
	}
}

START_TEST(random_calls_agree_with_the_model)
{
	draw_from_seed(lab.seed);
	model_begin(room_at);
	make_ground();

	while (calls_made < settings.calls)
		make_one();
	must_unmap((volatile void *)model.base,
		   model.room * page_size());
	model_unmap_all();
	compare_all();
	leave_ground();
	if (settings.calls >= MANY_CALLS)
		check_mix();
}
END_TEST

/* In an emulated machine, and with the sanitizers, a call takes a millisecond. */
const struct check random_checks[] = {
	{ .name = "random_calls_agree_with_the_model",
	  .run = &random_calls_agree_with_the_model,
	  .needs = USUAL_OPERATIONS, .time = THOROUGH, .seconds = 300 },
	{ .name = NULL },
};
