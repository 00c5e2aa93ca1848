// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for every lab that knows how many mappings of it live
 */
#include "lab_test.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t mappings(void)
{
	struct lab_info info;

	return ioctl(lab.fd, LAB_IOC_INFO, &info) ? UINT64_MAX : info.mappings;
}

/* Each test begins with one mapping, which the fixture made. */
START_TEST(mmap_and_munmap_are_counted)
{
	void *second;

	ck_assert_uint_eq(mappings(), 1);
	second = lab_map(lab.fd, lab.info.page_size, PROT_READ, MAP_SHARED, 0);
	ck_assert_uint_eq(mappings(), 2);
	munmap(second, lab.info.page_size);
	ck_assert_uint_eq(mappings(), 1);
}
END_TEST

START_TEST(refused_mapping_is_not_counted)
{
	(void)mmap(NULL, 2 * lab.info.size, PROT_READ, MAP_SHARED, lab.fd, 0);
	ck_assert_uint_eq(mappings(), 1);
}
END_TEST

static bool child_counts_two(void)
{
	return mappings() == 2;
}

START_TEST(fork_and_exit_are_counted)
{
	ck_assert_msg(lab_run_in_child(child_counts_two),
		      "the child's copy of the mapping is not counted");
	ck_assert_uint_eq(mappings(), 1);
}
END_TEST

START_TEST(munmap_in_the_middle_makes_two)
{
	uint64_t page = lab.info.page_size;

	if (lab.info.pages < 3)
		lab_skip("no middle: load with pages=3 or more");
	munmap((char *)lab.map + page, page);
	ck_assert_uint_eq(mappings(), 2);
	munmap((void *)lab.map, page);
	ck_assert_uint_eq(mappings(), 1);
	munmap((char *)lab.map + 2 * page, lab.info.size - 2 * page);
	ck_assert_uint_eq(mappings(), 0);
}
END_TEST

START_TEST(close_of_the_descriptor_ends_no_mapping)
{
	int second = dup(lab.fd);

	close(lab.fd);
	lab.fd = second;
	ck_assert_uint_eq(mappings(), 1);
}
END_TEST

const struct lab_test lab_counted[] = {
	LAB_TEST(mmap_and_munmap_are_counted),
	LAB_TEST(refused_mapping_is_not_counted),
	LAB_TEST(fork_and_exit_are_counted),
	LAB_TEST(munmap_in_the_middle_makes_two),
	LAB_TEST(close_of_the_descriptor_ends_no_mapping),
	{ .name = NULL },
};
