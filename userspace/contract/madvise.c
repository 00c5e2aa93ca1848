// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.6: madvise() neither discards nor copies the contents
 */
#include "contract.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/checks.h"

/* The C library of Debian 12 does not have it yet. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static void assert_advice(const char *name, int advice, int expected)
{
	int answer = madvise((void *)lab.map, lab.info.size, advice);
	int found = answer ? errno : 0;

	ck_assert_msg(found == expected, "%s: expected %s, found %s", name,
		      expected ? strerrorname_np(expected) : "success",
		      found ? strerrorname_np(found) : "success");
	assert_pages(0, lab.info.pages, name);
}

#define ASSERT_ADVICE(advice_, expected_) \
	assert_advice(#advice_, advice_, expected_)

static bool drop_and_touch(void)
{
	if (madvise((void *)lab.map, lab.info.size, MADV_DONTNEED))
		return false;
	(void)*lab.map;
	return true;
}

static bool child_reads_the_pattern(void)
{
	return !find_difference(lab.map, lab.words, 0, expect_pattern).differ;
}

/* 6.13 began to refuse MADV_DOFORK for every special VMA, not only VM_IO. */
static bool can_have_dofork(void)
{
	return !mapping_kind()->io && !kernel_is_since(6, 13);
}

START_TEST(madvise_drops_and_copies_nothing)
{
	const struct mapping_kind *kind = mapping_kind();
	int reclaim = kind->can_reclaim ? 0 : EINVAL;

	if (kind->ordinary)
		not_for_driver("it maps ordinary memory, which takes all advice");
	write_pattern(lab.map);
	ASSERT_ADVICE(MADV_FREE, EINVAL);
	ASSERT_ADVICE(MADV_REMOVE, ENODEV);
	ASSERT_ADVICE(MADV_WIPEONFORK, EINVAL);
	ASSERT_ADVICE(MADV_DODUMP, EINVAL);
	ASSERT_ADVICE(MADV_COLD, reclaim);
	ASSERT_ADVICE(MADV_PAGEOUT, reclaim);
	ASSERT_ADVICE(MADV_GUARD_INSTALL, EINVAL);
	ASSERT_ADVICE(MADV_DOFORK, can_have_dofork() ? 0 : EINVAL);
	if (kind->can_drop && !kind->by_fault)
		assert_killed(drop_and_touch, SIGBUS,
			      "MADV_DONTNEED, and an access");
	else
		ASSERT_ADVICE(MADV_DONTNEED, kind->can_drop ? 0 : EINVAL);

	assert_pages(0, lab.info.pages, "after all advice");
	ck_assert(run_in_child(child_reads_the_pattern));
	kernel_checks();
}
END_TEST

const struct check madvise_checks[] = {
	THOROUGH_CHECK(madvise_drops_and_copies_nothing, WRITES | CAN_CHECK | ANY_DRIVER),
	{ .name = NULL },
};
