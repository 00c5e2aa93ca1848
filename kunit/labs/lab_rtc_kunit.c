// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_rtc: a clock that goes on between any two accesses
 *
 * The clock is emulated: emulation/clock.c. Its time changes only before accesses
 * that a case has chosen, so the cases try all of them: wherever in the reading a
 * second ends, the answer must be a time that the clock had.
 */
#include <linux/module.h>
#include <linux/time.h>

#include "emulation/clock.h"
#include "shared/suite.h"

/* More accesses than any patient driver makes. */
#define BOUND 10000

static int rtc_init(struct kunit *test)
{
	int err;

	if (!IS_ENABLED(CONFIG_UML_IOMEM_EMULATION))
		kunit_skip(test, "needs emulated I/O memory");
	err = kmaplab_init(test, "lab_rtc", 0);
	if (err)
		return err;
	kmaplab_case_of(test)->request = LAB_IOC_TIME;
	/* request_mem_region() returns NULL, whatever has gone wrong. */
	kmaplab_case_of(test)->load_error = -EBUSY;
	return 0;
}

static long ask(struct kunit *test, struct lab_time *time)
{
	return kmaplab_request(test, kmaplab_case_of(test)->file, LAB_IOC_TIME,
			       time, sizeof(*time));
}

/* What the clock says while it follows a plan. */
static struct lab_time told(struct kunit *test,
			    const struct kmaplab_clock_plan *plan)
{
	struct lab_time time = { .seconds = -1 };

	kmaplab_clock_begin(plan);
	KUNIT_ASSERT_EQ(test, 0, ask(test, &time));
	KUNIT_EXPECT_GE(test, time.passes, 1);
	KUNIT_EXPECT_EQ(test, time.reserved, 0);
	return time;
}

/* The last second of a minute, an hour, a day, months, a year; and any second. */
static const struct {
	unsigned int year, month, day, hour, minute, second;
} lasts[] = {
	{ 2026, 11, 22, 12, 34, 29 },
	{ 2026, 11, 22, 12, 34, 59 },
	{ 2026, 11, 22, 12, 59, 59 },
	{ 2026, 11, 22, 23, 59, 59 },
	{ 2026, 11, 30, 23, 59, 59 },
	{ 2027, 2, 28, 23, 59, 59 },
	{ 2028, 2, 28, 23, 59, 59 },
	{ 2028, 2, 29, 23, 59, 59 },
	{ 2029, 12, 31, 23, 59, 59 },
};

static time64_t last(size_t i)
{
	return mktime64(lasts[i].year, lasts[i].month, lasts[i].day,
			lasts[i].hour, lasts[i].minute, lasts[i].second);
}

/*
 * One second ends before each access in turn, until the driver makes no more. With
 * a step of more than a second the driver was interrupted for so long.
 */
static void expect_a_time_it_had(struct kunit *test, time64_t start,
				 unsigned int step)
{
	struct kmaplab_clock_plan plan = {
		.start = start,
		.step = step,
		.jumps = { 0, CLOCK_NEVER },
	};
	struct lab_time time;

	do {
		time = told(test, &plan);
		KUNIT_ASSERT_TRUE_MSG(test, time.seconds == start ||
				      time.seconds == start + step,
				      "%ptTs for %ptTs, %u s on at access %u",
				      &time.seconds, &start, step, plan.jumps[0]);
	} while (kmaplab_clock_look().accesses > plan.jumps[0]++);
	KUNIT_EXPECT_GE_MSG(test, plan.jumps[0], 6,
			    "fewer accesses than a date and a time have registers");
}

static void time_is_one_that_the_clock_had(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lasts); i++)
		expect_a_time_it_had(test, last(i), 1);
}

/* The seconds register then never reads 0. */
static void time_is_right_after_a_long_interruption(struct kunit *test)
{
	static const unsigned int steps[] = { 2, 17, 59 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(lasts); i++)
		for (j = 0; j < ARRAY_SIZE(steps); j++)
			expect_a_time_it_had(test, last(i), steps[j]);
}

/* Two seconds end, before any two accesses. */
static void time_is_right_if_two_seconds_end(struct kunit *test)
{
	struct kmaplab_clock_plan plan = {
		.start = last(3) - 1,
		.step = 1,
	};
	unsigned int first, second, accesses;
	struct lab_time time;

	for (first = 0, accesses = 1; first < accesses; first++) {
		for (second = first + 1; second <= accesses; second++) {
			plan.jumps[0] = first;
			plan.jumps[1] = second;
			time = told(test, &plan);
			accesses = kmaplab_clock_look().accesses;
			KUNIT_ASSERT_TRUE_MSG(test,
					      time.seconds >= plan.start &&
					      time.seconds <= plan.start + 2,
					      "%ptTs for %ptTs, which goes on at accesses %u and %u",
					      &time.seconds, &plan.start, first, second);
		}
	}
}

/* Every third day or so of the century, each at another time of day. */
static void every_date_is_decoded(struct kunit *test)
{
	const time64_t end = mktime64(2099, 12, 31, 23, 59, 59);
	struct kmaplab_clock_plan plan = {
		.start = mktime64(2000, 1, 1, 0, 0, 0),
		.jumps = { CLOCK_NEVER, CLOCK_NEVER },
	};

	for (; plan.start <= end; plan.start += 240007)
		KUNIT_ASSERT_EQ(test, plan.start, told(test, &plan).seconds);
	plan.start = end;
	KUNIT_EXPECT_EQ(test, end, told(test, &plan).seconds);
}

/* That it stands is nothing that a driver can see: 0 for the seconds is no reason to wait. */
static void clock_that_stands_at_a_full_minute_is_read(struct kunit *test)
{
	const struct kmaplab_clock_plan plan = {
		.start = mktime64(2026, 11, 22, 12, 0, 0),
		.jumps = { CLOCK_NEVER, CLOCK_NEVER },
	};

	KUNIT_EXPECT_EQ(test, plan.start, told(test, &plan).seconds);
	KUNIT_EXPECT_LT(test, kmaplab_clock_look().accesses, BOUND);
}

/*
 * What cannot be read
 */

static const struct kmaplab_clock_plan steady = {
	.start = 1800000000,
	.jumps = { CLOCK_NEVER, CLOCK_NEVER },
};

static void clock_that_never_settles_is_given_up(struct kunit *test)
{
	const struct kmaplab_clock_plan restless = {
		.start = last(0),
		.step = 1,
		.always = true,
	};
	struct lab_time time = { .seconds = -1 };

	kmaplab_clock_begin(&restless);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, ask(test, &time));
	KUNIT_EXPECT_EQ(test, time.seconds, -1);
	KUNIT_EXPECT_LT(test, kmaplab_clock_look().accesses, BOUND);
	/* And it is as before. */
	KUNIT_EXPECT_EQ(test, steady.start, told(test, &steady).seconds);
}

static void registers_that_hold_no_time_are_refused(struct kunit *test)
{
	/* Second, minute, hour, day, weekday, month, year. */
	static const u8 wrong[][CLOCK_REGISTERS] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, /* no device */
		{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
		{ 0x60, 0x59, 0x23, 0x22, 0x01, 0x11, 0x26 },
		{ 0x59, 0x60, 0x23, 0x22, 0x01, 0x11, 0x26 },
		{ 0x59, 0x59, 0x24, 0x22, 0x01, 0x11, 0x26 },
		{ 0x59, 0x59, 0x23, 0x00, 0x01, 0x11, 0x26 },
		{ 0x59, 0x59, 0x23, 0x31, 0x01, 0x11, 0x26 },
		{ 0x59, 0x59, 0x23, 0x22, 0x01, 0x00, 0x26 },
		{ 0x59, 0x59, 0x23, 0x22, 0x01, 0x13, 0x26 },
		{ 0x59, 0x59, 0x23, 0x29, 0x01, 0x02, 0x26 },
		{ 0x0a, 0x59, 0x23, 0x22, 0x01, 0x11, 0x26 }, /* no BCD */
		{ 0x59, 0x1f, 0x23, 0x22, 0x01, 0x11, 0x26 },
		{ 0x59, 0x59, 0x23, 0x22, 0x01, 0x0c, 0x26 },
		{ 0x59, 0x59, 0x23, 0x22, 0x01, 0x11, 0xa0 },
	};
	struct kmaplab_clock_plan plan = steady;
	struct lab_time time;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		plan.bytes = wrong[i];
		kmaplab_clock_begin(&plan);
		time.seconds = -1;
		KUNIT_EXPECT_EQ_MSG(test, -EIO, ask(test, &time), "bank %zu", i);
		KUNIT_EXPECT_EQ(test, time.seconds, -1);
	}
	KUNIT_EXPECT_EQ(test, steady.start, told(test, &steady).seconds);
}

/*
 * How the registers are reached
 */

static void registers_are_read_as_bytes_and_never_written(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, steady.start, told(test, &steady).seconds);
	KUNIT_EXPECT_GE(test, kmaplab_clock_look().accesses, 6);
	KUNIT_EXPECT_EQ(test, kmaplab_clock_look().others, 0);
}

static void region_is_mapped_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, kmaplab_clock_look().mappings);
}

static void region_is_claimed_in_the_name_of_the_lab(struct kunit *test)
{
	struct resource *claim = kmaplab_clock_region()->child;

	KUNIT_ASSERT_NOT_NULL_MSG(test, claim, "nobody claimed the region");
	KUNIT_EXPECT_STREQ(test, claim->name, "lab_rtc");
	KUNIT_EXPECT_TRUE(test, claim->flags & IORESOURCE_BUSY);
	KUNIT_EXPECT_EQ(test, claim->start, kmaplab_clock_region()->start);
}

static void claimed_region_is_refused_to_others(struct kunit *test)
{
	struct resource *region = kmaplab_clock_region();
	struct resource *taken = request_mem_region(region->start,
						    resource_size(region),
						    "kmaplab_kunit");

	KUNIT_EXPECT_NULL(test, taken);
	if (taken)
		release_mem_region(region->start, resource_size(region));
}

/* kmaplab_clock has made the loads. */
static void load_with_a_wrong_device_is_refused(struct kunit *test)
{
	const struct kmaplab_clock_refusals *refusals = kmaplab_clock_refusals();

	if (!refusals->made)
		kunit_skip(test, "the lab is built in: its init function has run");
	KUNIT_EXPECT_EQ(test, -ENODEV, refusals->without_registers);
	KUNIT_EXPECT_EQ(test, -EINVAL, refusals->without_the_last);
	KUNIT_EXPECT_EQ(test, -EBUSY, refusals->claimed);
}

/*
 * What the caller is told
 */

static void time_request_survives_a_bad_pointer(struct kunit *test)
{
	kmaplab_clock_begin(&steady);
	kmaplab_expect_bad_pointers_refused(test, LAB_IOC_TIME);
}

static long ask_for_the_time(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	return this->file->f_op->unlocked_ioctl(this->file, LAB_IOC_TIME,
						(unsigned long)this->scratch);
}

static void time_request_survives_every_failed_copy(struct kunit *test)
{
	kmaplab_clock_begin(&steady);
	kmaplab_fail_each(test, ask_for_the_time);
}

#define RTC_CASES(CASE)							\
	CASE(time_is_one_that_the_clock_had)				\
	CASE(time_is_right_after_a_long_interruption)			\
	CASE(time_is_right_if_two_seconds_end)				\
	CASE(every_date_is_decoded)					\
	CASE(clock_that_stands_at_a_full_minute_is_read)		\
	CASE(clock_that_never_settles_is_given_up)			\
	CASE(registers_that_hold_no_time_are_refused)			\
	CASE(registers_are_read_as_bytes_and_never_written)		\
	CASE(region_is_mapped_once)					\
	CASE(region_is_claimed_in_the_name_of_the_lab)			\
	CASE(claimed_region_is_refused_to_others)			\
	CASE(load_with_a_wrong_device_is_refused)			\
	KMAPLAB_NO_MEMORY_CASES(CASE)					\
	CASE(unknown_requests_are_refused)				\
	CASE(time_request_survives_a_bad_pointer)			\
	CASE(load_survives_every_failed_allocation)			\
	CASE(load_may_wait_for_memory)					\
	CASE(open_survives_every_failed_allocation)			\
	CASE(time_request_survives_every_failed_copy)

KMAPLAB_SUITE(lab_rtc, RTC_CASES, rtc_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_rtc");
MODULE_LICENSE("GPL");
