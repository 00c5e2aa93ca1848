// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 3.6: every argument of an ioctl is checked
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

static void assert_refused_request(const struct request *request, void *argument,
				   int expected)
{
	ck_assert_msg(ioctl(lab.fd, request->number, argument) == -1 &&
		      errno == expected, "%s at %p: expected %s, found %s",
		      request->name, argument, strerrorname_np(expected),
		      strerrorname_np(errno));
}

/* What only other labs have is unknown to this one. */
START_TEST(unknown_request_is_refused)
{
	uint64_t argument[16] = { 0 };
	size_t i;

	for (i = 0; i < REQUESTS; i++)
		if (!can(requests[i].operation))
			assert_refused_request(&requests[i], argument, ENOTTY);
	ck_assert_int_eq(ioctl(lab.fd, _IO(LAB_IOC_MAGIC, 0xff)), -1);
	ck_assert_int_eq(errno, ENOTTY);
	/* The number of LAB_IOC_INFO with another size is another request. */
	ck_assert_int_eq(ioctl(lab.fd, _IOR(LAB_IOC_MAGIC, 0, __u32),
			       &lab.info), -1);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(ioctl(lab.fd, 0, NULL), -1);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

/* A request that only other labs have is refused first. */
START_TEST(bad_pointer_is_refused)
{
	size_t i;

	for (i = 0; i < REQUESTS; i++) {
		int expected = can(requests[i].operation) ? EFAULT : ENOTTY;

		assert_refused_request(&requests[i], NULL, expected);
		assert_refused_request(&requests[i], (void *)-8L, expected);
	}
}
END_TEST

START_TEST(page_out_of_range_is_refused)
{
	const uint64_t wrong[] = { lab.info.pages, lab.info.pages + 1,
				   1ull << 32, 1ull << 52, 1ull << 63,
				   UINT64_MAX };
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct lab_page page = { .index = wrong[i] };

		ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PAGE, &page), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

START_TEST(frame_of_a_foreign_address_is_refused)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)&lab };

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, &user), -1);
	ck_assert_int_eq(errno, EINVAL);
	user.user_addr = UINT64_MAX;
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, &user), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/*
 * Addresses of the lab's own buffer: a driver that takes them for the caller's reads
 * or writes there, and we see it.
 */
static void assert_no_user_pointer(uint64_t kernel_addr, uint64_t offset)
{
	void *at = (void *)(uintptr_t)(kernel_addr + offset);
	size_t i;

	if (is_mapped((void *)(uintptr_t)kernel_addr))
		skip("the program has memory of its own at 0x%" PRIx64,
		     kernel_addr);
	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			ck_assert_msg(ioctl(lab.fd, requests[i].number, at) &&
				      errno == EFAULT,
				      "%s takes a kernel address for its argument",
				      requests[i].name);
	ck_assert_msg(pread(lab.fd, at, 64, 128) == -1 && errno == EFAULT,
		      "read() writes to a kernel address");
	ck_assert_msg(pwrite(lab.fd, at, 64, 128) == -1 && errno == EFAULT,
		      "write() reads from a kernel address");
	kernel_checks();
}

START_TEST(kernel_address_is_no_user_pointer)
{
	uint64_t last = lab.info.pages - 1;

	write_pattern(lab.map);
	assert_no_user_pointer(kernel_page(0).kernel_addr, 0);
	assert_no_user_pointer(kernel_page(last).kernel_addr,
			       lab.info.page_size / 2);
}
END_TEST

/* Its mapping is of the same kind as ours, and is still not ours. */
START_TEST(frame_of_another_lab_is_refused)
{
	const char *other = load_another();
	struct lab_user_page user = { .pfn = 0 };
	char path[64];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", other);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	map = mmap(NULL, lab.info.page_size, READ_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		close(fd);
		unload_another(other);
		skip("the other lab cannot be mapped");
	}
	user.user_addr = (uintptr_t)map;
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, &user), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(user.pfn, 0);
	must_unmap(map, lab.info.page_size);
	close(fd);
	unload_another(other);
}
END_TEST

const struct check requests_checks[] = {
	CHECK(unknown_request_is_refused, CAN_INFO),
	CHECK(bad_pointer_is_refused, CAN_INFO | CAN_PAGE | CAN_FILL |
	      CAN_CHECK | CAN_USER_PAGE),
	CHECK(page_out_of_range_is_refused, CAN_INFO | CAN_PAGE),
	CHECK(frame_of_a_foreign_address_is_refused, CAN_USER_PAGE),
	THOROUGH_CHECK(frame_of_another_lab_is_refused,
		       CAN_INFO | CAN_USER_PAGE),
	THOROUGH_CHECK(kernel_address_is_no_user_pointer,
		       WRITES | CAN_READ | CAN_WRITE | CAN_CHECK),
	{ .name = NULL },
};
