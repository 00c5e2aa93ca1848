// SPDX-License-Identifier: GPL-2.0
/*
 * lab_reserved: a claimed region, and one memory type on both sides
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "contract/memory_type.h"
#include "shared/checks.h"
#include "shared/refusals.h"
#include "shared/regions.h"

START_TEST(region_is_reserved_and_claimed)
{
	assert_reserved_and_claimed();
}
END_TEST

START_TEST(flags_say_how_the_kernel_maps)
{
	uint32_t both = LAB_INFO_IOMEM | LAB_INFO_UNCACHED;
	bool by_ioremap = is_loaded_with("how=ioremap");

	ck_assert_uint_eq(lab.info.flags & both, by_ioremap ? both : 0);
}
END_TEST

START_TEST(both_sides_have_the_same_memory_type)
{
	assert_memory_type(is_loaded_with("how=ioremap") ? UNCACHED : CACHED);
}
END_TEST

/* MiB, where no region is, nor memory: a terabyte, or what 32 bits can name. */
#if __SIZEOF_POINTER__ == 8
#define NOWHERE "1000000"
#else
#define NOWHERE "3000"
#endif

static const struct refusal no_regions[] = {
	REFUSAL("how=nosuch", EINVAL),
	REFUSAL("mem_start=-1", EINVAL),
	REFUSAL("mem_start=17592186044416", EINVAL),
	REFUSAL("mem_start=9223372036854775807", EINVAL),
	REFUSAL("mem_start=many", EINVAL),
	REFUSAL("mem_start=" NOWHERE, ENXIO),
	REFUSAL("mem_size=0", EINVAL),
	REFUSAL("mem_size=-1", EINVAL),
	REFUSAL("mem_size=1000000", EINVAL),
	REFUSAL("mem_size=9223372036854775807", EINVAL),
	{ .parameters = NULL },
};

/* RAM that the kernel owns is before the region; and the region is of whole MiB. */
START_TEST(load_of_a_wrong_region_is_refused)
{
	const uint64_t start = lab.info.phys_addr >> 20;
	const uint64_t pages = (1 << 20) / (uint64_t)lab.info.page_size;
	char before[64], too_long[64];
	const struct refusal around[] = {
		REFUSAL(before, EBUSY),
		REFUSAL(too_long, EINVAL),
		{ .parameters = NULL },
	};

	snprintf(before, sizeof(before), "mem_start=%" PRIu64 " mem_size=1",
		 start - 1);
	snprintf(too_long, sizeof(too_long),
		 "mem_start=%" PRIu64 " mem_size=1 pages=%" PRIu64, start,
		 pages + 1);
	assert_refusals(no_regions);
	assert_refusals(around);
}
END_TEST

START_TEST(load_of_more_than_the_region_is_refused)
{
	assert_ends_with(reserved_region());
}
END_TEST

static const struct check checks[] = {
	CHECK(region_is_reserved_and_claimed, CAN_INFO),
	CHECK(flags_say_how_the_kernel_maps, CAN_INFO),
	CHECK(both_sides_have_the_same_memory_type, MAPS | CAN_PAGE),
	THOROUGH_CHECK(load_of_a_wrong_region_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_of_more_than_the_region_is_refused, CAN_INFO),
	{ .name = NULL },
};

static uint32_t fresh_text(uint64_t index)
{
	uint32_t word;

	(void)index;
	memcpy(&word, LAB_RESERVED_FRESH_TEXT, sizeof(word));
	return word;
}

static const struct program program = {
	.lab = "lab_reserved",
	.mapping = &pfnmap,
	.page_by_page = true,
	.operations = USUAL_OPERATIONS,
	.not_in_kcore = "/proc/kcore shows no ioremap() or memremap() mappings",
	.fresh = fresh_text,
	.checks = checks,
};

REGISTER_PROGRAM(program);
