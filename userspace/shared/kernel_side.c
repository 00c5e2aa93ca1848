// SPDX-License-Identifier: GPL-2.0
/*
 * The memory as the kernel reads and writes it
 */
#include "kernel_side.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "compare.h"
#include "driver.h"
#include "fixture.h"

const struct request requests[REQUESTS] = {
	{ "LAB_IOC_INFO", LAB_IOC_INFO, CAN_INFO },
	{ "LAB_IOC_PAGE", LAB_IOC_PAGE, CAN_PAGE },
	{ "LAB_IOC_FILL", LAB_IOC_FILL, CAN_FILL },
	{ "LAB_IOC_CHECK", LAB_IOC_CHECK, CAN_CHECK },
	{ "LAB_IOC_USER_PAGE", LAB_IOC_USER_PAGE, CAN_USER_PAGE },
	{ "LAB_IOC_SMALL", LAB_IOC_SMALL, CAN_SMALL },
	{ "LAB_IOC_FAULTS", LAB_IOC_FAULTS, CAN_FAULTS },
	{ "LAB_IOC_PRODUCE", LAB_IOC_PRODUCE, CAN_RING },
	{ "LAB_IOC_STREAM", LAB_IOC_STREAM, CAN_RING },
	{ "LAB_IOC_RING", LAB_IOC_RING, CAN_RING },
	{ "LAB_IOC_ACCESS", LAB_IOC_ACCESS, CAN_ACCESS },
	{ "LAB_IOC_TIME", LAB_IOC_TIME, CAN_TIME },
	{ "LAB_IOC_PORT", LAB_IOC_PORT, CAN_PORT },
	{ "LAB_IOC_DMA", LAB_IOC_DMA, CAN_DMA },
	{ "LAB_IOC_EXPORT", LAB_IOC_EXPORT, CAN_EXPORT },
};

void must_ioctl(unsigned long request, void *arg, const char *name)
{
	if (ioctl(lab.fd, request, arg))
		ck_abort_msg("%s failed: %s", name, strerror(errno));
}

/* In no address space, and in the kernel's. */
void assert_bad_pointers_refused(unsigned long request)
{
	static const long bad[] = { 0, -8, -4096 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(ioctl(lab.fd, request, (void *)bad[i]), -1);
		ck_assert_int_eq(errno, EFAULT);
	}
}

void kernel_fills(void)
{
	struct lab_fill fill = { .seed = lab.seed };

	if (is_driver()) {
		another_mapping_fills();
		return;
	}
	must_ioctl(LAB_IOC_FILL, &fill, "LAB_IOC_FILL");
	lab.kernel_wrote = true;
}

void kernel_checks(void)
{
	/* What the caller leaves in the answers' fields is no answer. */
	struct lab_check check = {
		.seed = lab.seed, .offset = 4, .expected = 5, .found = 6,
	};

	if (is_driver()) {
		another_mapping_agrees();
		return;
	}
	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
	assert_same((struct difference){
		.differ = check.offset != LAB_NO_DIFFERENCE,
		.index = check.offset / sizeof(uint32_t),
		.expected = check.expected,
		.found = check.found,
	}, "the kernel reads");
	ck_assert_msg(!check.expected && !check.found,
		      "LAB_IOC_CHECK found no difference: expected 0 and 0 as the words there, found 0x%x and 0x%x",
		      check.expected, check.found);
	summary->user_to_kernel += lab.info.size;
}

void kernel_finds_a_wrong_bit(size_t index)
{
	struct lab_check check = { .seed = lab.seed };

	/* Another mapping is compared by the program itself. */
	if (is_driver())
		return;
	lab.map[index] ^= 1u << index % 32;
	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
	ck_assert_uint_eq(check.offset, index * sizeof(uint32_t));
	ck_assert_uint_eq(check.expected, expect_pattern(index));
	ck_assert_uint_eq(check.found, lab.map[index]);
	lab.map[index] = check.expected;
}

struct lab_page kernel_page(uint64_t index)
{
	struct lab_page page = { .index = index };

	if (is_driver()) {
		page.pfn = frame_in_another_mapping(index);
		return page;
	}
	must_ioctl(LAB_IOC_PAGE, &page, "LAB_IOC_PAGE");
	return page;
}

bool frames_are_contiguous(void)
{
	uint64_t first = kernel_page(0).pfn;
	uint64_t i;

	for (i = 1; i < lab.info.pages; i++)
		if (kernel_page(i).pfn != first + i)
			return false;
	return true;
}

uint64_t count_mappings(void)
{
	struct lab_info info;

	/* Of drivers only ours count them. */
	if (is_driver())
		return 0;
	must_ioctl(LAB_IOC_INFO, &info, "LAB_IOC_INFO");
	return info.mappings;
}

uint64_t count_faults(void)
{
	struct lab_faults faults;

	must_ioctl(LAB_IOC_FAULTS, &faults, "LAB_IOC_FAULTS");
	return faults.count;
}

void assert_faults(uint64_t before, uint64_t expected, const char *what)
{
	uint64_t found = count_faults() - before;

	ck_assert_msg(found == expected, "%s: expected %" PRIu64
		      " faults, the lab counts %" PRIu64, what, expected,
		      found);
}

unsigned int kernel_release(void)
{
	unsigned long major, minor;
	struct utsname name;
	char *end;

	uname(&name);
	major = strtoul(name.release, &end, 10);
	ck_assert_int_eq(*end, '.');
	minor = strtoul(end + 1, NULL, 10);
	return (unsigned int)(major * 0x10000 + minor);
}

bool kernel_is_since(unsigned int major, unsigned int minor)
{
	return kernel_release() >= major * 0x10000 + minor;
}
