// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 2.3, 3.6 and 5.2, for labs whose device has requests and no memory
 */
#include "contract.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

START_TEST(device_without_a_mapping_cannot_be_mapped)
{
	char byte = 0;

	assert_refused(mmap(NULL, 1, PROT_READ, MAP_SHARED, lab.fd, 0), ENODEV,
		       "mmap() of a device without memory");
	ck_assert_int_eq(read(lab.fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(write(lab.fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static void assert_unknown(unsigned long number, const char *name)
{
	uint64_t argument[16] = { 0 };

	ck_assert_msg(ioctl(lab.fd, number, argument) == -1 && errno == ENOTTY,
		      "%s is not refused", name);
}

/* The number of a request with another size is another request. */
START_TEST(requests_for_memory_are_refused)
{
	size_t i;

	for (i = 0; i < REQUESTS; i++) {
		unsigned long number = requests[i].number;

		if (can(requests[i].operation))
			number = _IOC(_IOC_DIR(number), _IOC_TYPE(number),
				      _IOC_NR(number), sizeof(uint32_t));
		assert_unknown(number, requests[i].name);
	}
	assert_unknown(_IO(LAB_IOC_MAGIC, 0xff), "a request that nobody has");
}
END_TEST

START_TEST(module_with_an_open_device_cannot_be_removed)
{
	read_module();
	ck_assert_int_eq(unload(), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	assert_unknown(_IO(LAB_IOC_MAGIC, 0xff), "a request that nobody has");
	ck_assert_int_eq(close(lab.fd), 0);
	lab.fd = -1;
	must_unload();
	ck_assert_msg(access(lab.path, F_OK), "%s is still there", lab.path);
	must_load();
	ck_assert_msg(!access(lab.path, F_OK), "no %s after a load", lab.path);
}
END_TEST

const struct check no_memory_checks[] = {
	CHECK(device_without_a_mapping_cannot_be_mapped, 0),
	CHECK(requests_for_memory_are_refused, 0),
	THOROUGH_CHECK(module_with_an_open_device_cannot_be_removed, 0),
	{ .name = NULL },
};
