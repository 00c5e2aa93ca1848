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

static void assert_unknown(const char *like, unsigned int direction,
			   unsigned int type, unsigned int number, size_t size)
{
	uint64_t argument[32] = { 0 };
	int answer = ioctl(lab.fd, _IOC(direction, type, number, size),
			   argument);

	ck_assert_msg(answer == -1 && errno == ENOTTY,
		      "as %s, but _IOC(%u, 0x%x, %u, %zu): expected ENOTTY, found %s",
		      like, direction, type, number, size,
		      answer < 0 ? strerrorname_np(errno) : "an answer");
}

/* With another direction, type, number or size it is another request. */
static void assert_no_other_is_taken_for(const struct request *request)
{
	unsigned int direction = _IOC_DIR(request->number);
	unsigned int number = _IOC_NR(request->number);
	size_t size = _IOC_SIZE(request->number);
	unsigned int other;

	for (other = 0; other < 4; other++)
		if (other != direction)
			assert_unknown(request->name, other, LAB_IOC_MAGIC,
				       number, size);
	assert_unknown(request->name, direction, LAB_IOC_MAGIC ^ 0x80, number,
		       size);
	assert_unknown(request->name, direction, LAB_IOC_MAGIC, number ^ 0x80,
		       size);
	assert_unknown(request->name, direction, LAB_IOC_MAGIC, number,
		       size + 8);
	assert_unknown(request->name, direction, LAB_IOC_MAGIC, number,
		       size - 4);
}

/* What only other labs have is unknown to this one. */
START_TEST(unknown_request_is_refused)
{
	uint64_t argument[16] = { 0 };
	size_t i;

	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			assert_no_other_is_taken_for(&requests[i]);
		else
			assert_refused_request(&requests[i], argument, ENOTTY);
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

/* A mapping is one of the device, whichever descriptor made it. */
START_TEST(frame_is_found_by_any_descriptor)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)lab.map };
	int usual = lab.fd;

	if (mapping_kind()->by_fault)
		(void)*lab.map;
	lab.fd = must_open(O_RDWR);
	must_ioctl(LAB_IOC_USER_PAGE, &user, "LAB_IOC_USER_PAGE");
	ck_assert_uint_eq(user.pfn, kernel_page(0).pfn);
	close(lab.fd);
	lab.fd = usual;
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
	THOROUGH_CHECK(frame_is_found_by_any_descriptor, WRITES),
	THOROUGH_CHECK(frame_of_another_lab_is_refused,
		       CAN_INFO | CAN_USER_PAGE),
	THOROUGH_CHECK(kernel_address_is_no_user_pointer,
		       WRITES | CAN_READ | CAN_WRITE | CAN_CHECK | ANY_NODE),
	{ .name = NULL },
};
