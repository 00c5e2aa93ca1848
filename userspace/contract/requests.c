// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 3.6: every argument of an ioctl is checked
 */
#include "contract.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "shared/checks.h"

START_TEST(unknown_request_is_refused)
{
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

START_TEST(bad_pointer_is_refused)
{
	static const unsigned long requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
		LAB_IOC_USER_PAGE,
	};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		ck_assert_int_eq(ioctl(lab.fd, requests[i], NULL), -1);
		ck_assert_int_eq(errno, EFAULT);
		ck_assert_int_eq(ioctl(lab.fd, requests[i], (void *)-8L), -1);
		ck_assert_int_eq(errno, EFAULT);
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

const struct check requests_checks[] = {
	CHECK(unknown_request_is_refused, CAN_INFO),
	CHECK(bad_pointer_is_refused, CAN_INFO | CAN_PAGE | CAN_FILL |
	      CAN_CHECK | CAN_USER_PAGE),
	CHECK(page_out_of_range_is_refused, CAN_INFO | CAN_PAGE),
	CHECK(frame_of_a_foreign_address_is_refused, CAN_USER_PAGE),
	{ .name = NULL },
};
