// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 3.1 to 3.3 and 3.5: access to the memory and the device node
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/checks.h"

/*
 * 3.1: descriptors that cannot read or cannot write
 */

START_TEST(read_only_descriptor_cannot_write)
{
	int fd = must_open(O_RDONLY);
	struct lab_fill fill = { .seed = 0 };
	volatile uint32_t *map;

	write_pattern(lab.map);
	map = must_map(fd, lab.info.size, PROT_READ, MAP_SHARED, 0);
	if (is_shared(SHARED_BY_ALL))
		assert_words(map, lab.words, 0, expect_pattern,
			     "a read-only mapping");
	ck_assert_int_eq(mprotect((void *)map, lab.info.size, READ_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	assert_refused(mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED,
			    fd, 0),
		       EACCES, "PROT_WRITE");
	if (!is_driver()) {
		ck_assert_int_eq(ioctl(fd, LAB_IOC_FILL, &fill), -1);
		ck_assert_int_eq(errno, EBADF);
	}
	must_unmap(map, lab.info.size);
	close(fd);
}
END_TEST

static volatile uint32_t *readers_map;

static bool store_to_the_readers_map(void)
{
	*readers_map = ~*readers_map;
	return true;
}

/* The page table must refuse the store, whatever the flags of the VMA are. */
START_TEST(store_through_a_read_only_mapping_kills)
{
	int fd = must_open(O_RDONLY);

	write_pattern(lab.map);
	readers_map = must_map(fd, lab.info.size, PROT_READ, MAP_SHARED, 0);
	assert_killed(store_to_the_readers_map, SIGSEGV, "a store");
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after the store");
	must_unmap(readers_map, lab.info.size);
	close(fd);
}
END_TEST

START_TEST(write_only_descriptor_cannot_read)
{
	struct lab_check check = { .seed = 0 };
	int fd = must_open(O_WRONLY);

	if (!is_driver()) {
		ck_assert_int_eq(ioctl(fd, LAB_IOC_CHECK, &check), -1);
		ck_assert_int_eq(errno, EBADF);
	}
	assert_refused(mmap(NULL, lab.info.size, PROT_WRITE, MAP_SHARED,
			    fd, 0),
		       EACCES, "a mapping without the right to read");
	close(fd);
}
END_TEST

/*
 * 3.2 and 3.3: mappings that every caller is refused
 */

START_TEST(private_mapping_is_refused)
{
	if (is_driver() && driver.may_be_private)
		not_for_driver("private mappings are documented");
	assert_refused(mmap(NULL, lab.info.size, READ_WRITE, MAP_PRIVATE,
			    lab.fd, 0),
		       EINVAL, "MAP_PRIVATE");
	assert_refused(mmap(NULL, lab.info.size, PROT_READ, MAP_PRIVATE,
			    lab.fd, 0),
		       EINVAL, "MAP_PRIVATE, for reading only");
}
END_TEST

START_TEST(executable_mapping_is_refused)
{
	if (is_driver() && driver.may_be_executed)
		not_for_driver("mappings that can be executed are documented");
	assert_refused(mmap(NULL, lab.info.size, PROT_READ | PROT_EXEC,
			    MAP_SHARED, lab.fd, 0),
		       EPERM, "PROT_EXEC");
	ck_assert_int_eq(mprotect((void *)lab.map, lab.info.size,
				  PROT_READ | PROT_EXEC), -1);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

/*
 * 3.5: the device node
 */

START_TEST(node_is_for_its_owner_only)
{
	struct stat node;

	if (is_driver() && driver.mode != 0600)
		not_for_driver("another mode is documented");
	ck_assert_int_eq(stat(lab.path, &node), 0);
	ck_assert(S_ISCHR(node.st_mode));
	ck_assert_uint_eq(node.st_mode & 07777, 0600);
}
END_TEST

/*
 * 3.1: the other way round. A program that keeps addresses for later maps them without access.
 */

static void give_access_later(int prot)
{
	volatile uint32_t *map = must_map(lab.fd, lab.info.size, prot,
					  MAP_SHARED, 0);

	ck_assert_msg(!mprotect((void *)map, lab.info.size, READ_WRITE),
		      "mapped with access %d, more is not given later: %s",
		      prot, strerrorname_np(errno));
	lab.seed = ~lab.seed;
	write_unguarded(map);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "what was written with access that was given later");
	must_unmap(map, lab.info.size);
}

START_TEST(access_may_be_given_later)
{
	static const int first[] = { PROT_NONE, PROT_READ, PROT_WRITE };
	size_t i;

	for (i = 0; i < sizeof(first) / sizeof(*first); i++) {
		give_access_later(first[i]);
		kernel_checks();
	}
}
END_TEST

const struct check access_checks[] = {
	CHECK(read_only_descriptor_cannot_write, WRITES | CAN_FILL | ANY_DRIVER),
	CHECK(store_through_a_read_only_mapping_kills, WRITES | ANY_DRIVER),
	CHECK(write_only_descriptor_cannot_read, MAPS | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(access_may_be_given_later, WRITES | CAN_CHECK),
	CHECK(private_mapping_is_refused, MAPS | ANY_DRIVER),
	CHECK(executable_mapping_is_refused, MAPS | ANY_DRIVER),
	CHECK(node_is_for_its_owner_only, ANY_DRIVER),
	{ .name = NULL },
};
