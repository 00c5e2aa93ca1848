// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.8: a driver that counts its mappings counts correctly
 *
 * Each check begins with one mapping, which the fixture made.
 */
#include "contract.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

START_TEST(mmap_and_munmap_are_counted)
{
	void *second;

	ck_assert_uint_eq(count_mappings(), 1);
	second = must_map(lab.fd, lab.info.page_size, PROT_READ, MAP_SHARED, 0);
	ck_assert_uint_eq(count_mappings(), 2);
	must_unmap(second, lab.info.page_size);
	ck_assert_uint_eq(count_mappings(), 1);
}
END_TEST

START_TEST(refused_mapping_is_not_counted)
{
	assert_refused(mmap(NULL, 2 * lab.info.size, PROT_READ, MAP_SHARED,
			    lab.fd, 0), EINVAL, "twice the length");
	ck_assert_uint_eq(count_mappings(), 1);
}
END_TEST

static bool child_counts_two(void)
{
	return count_mappings() == 2;
}

START_TEST(fork_and_exit_are_counted)
{
	ck_assert_msg(run_in_child(child_counts_two),
		      "the child's copy of the mapping is not counted");
	ck_assert_uint_eq(count_mappings(), 1);
}
END_TEST

START_TEST(munmap_in_the_middle_makes_two)
{
	uint64_t page = lab.info.page_size;

	if (lab.info.pages < 3)
		skip("no middle: load with pages=3 or more");
	must_unmap(mapped_page(1), page);
	ck_assert_uint_eq(count_mappings(), 2);
	must_unmap(lab.map, page);
	ck_assert_uint_eq(count_mappings(), 1);
	must_unmap(mapped_page(2), lab.info.size - 2 * page);
	ck_assert_uint_eq(count_mappings(), 0);
}
END_TEST

START_TEST(close_of_the_descriptor_ends_no_mapping)
{
	int second = dup(lab.fd);

	close(lab.fd);
	lab.fd = second;
	ck_assert_uint_eq(count_mappings(), 1);
}
END_TEST

const struct check counts_checks[] = {
	CHECK(mmap_and_munmap_are_counted, MAPS | CAN_COUNT),
	CHECK(refused_mapping_is_not_counted, MAPS | CAN_COUNT),
	CHECK(fork_and_exit_are_counted, MAPS | CAN_COUNT),
	CHECK(munmap_in_the_middle_makes_two, MAPS | CAN_COUNT),
	CHECK(close_of_the_descriptor_ends_no_mapping, MAPS | CAN_COUNT),
	{ .name = NULL },
};
