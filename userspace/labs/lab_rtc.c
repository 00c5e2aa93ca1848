// SPDX-License-Identifier: GPL-2.0
/*
 * lab_rtc: a clock, which has registers and no memory to share
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/rtc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>
#endif

#include "races/racer.h"
#include "races/races.h"
#include "shared/checks.h"
#include "shared/seconds.h"
#include "shared/waiting.h"
#include "shared/witness.h"

static int64_t lab_seconds(void)
{
	struct lab_time time = { .passes = 0 };

	must_ioctl(LAB_IOC_TIME, &time, "LAB_IOC_TIME");
	ck_assert_uint_eq(time.reserved, 0);
	return time.seconds;
}

#define HOUR 3600

static void assert_between(int64_t before, int64_t seconds, int64_t after,
			   const char *what)
{
	ck_assert_msg(before <= seconds && seconds <= after,
		      "%s: %" PRId64 " is not from %" PRId64 " to %" PRId64,
		      what, seconds, before, after);
}

/*
 * 11.1: what is read was true at one moment
 */

#define CHANGES 2

/* Seconds by another clock, in which the time must have changed. */
#define PATIENCE 30

/* A minute, an hour or a day that is read wrongly is a jump of that much. */
START_TEST(time_never_jumps)
{
	time_t end = monotonic_seconds() + PATIENCE;
	int64_t before = lab_seconds(), now;
	int changes = 0;

	while (changes < CHANGES) {
		ck_assert_msg(monotonic_seconds() < end, "the clock stands");
		now = lab_seconds();
		assert_between(before, now, before + 59, "the next reading");
		changes += now != before;
		before = now;
	}
}
END_TEST

/* That a second has ended meanwhile is seen by two passes, and not by one. */
START_TEST(time_rests_on_two_passes_that_agree)
{
	struct lab_time time = { .passes = 0 };

	must_ioctl(LAB_IOC_TIME, &time, "LAB_IOC_TIME");
	ck_assert_uint_ge(time.passes, 2);
}
END_TEST

/*
 * 11.3: how it is coded
 */

#if defined(__x86_64__) || defined(__i386__)
/* Register B of the CMOS clock: numbers are binary; hours count to 24. */
#define CMOS_INDEX 0x70
#define CMOS_VALUE 0x71
#define CMOS_MINUTES 2
#define CMOS_HOURS 4
#define CMOS_DAY 7
#define CMOS_YEAR 9
#define CMOS_B 11
#define CMOS_BINARY 0x04
#define CMOS_24H 0x02

static uint8_t get_cmos(uint8_t number)
{
	outb(number, CMOS_INDEX);
	return inb(CMOS_VALUE);
}

static void set_cmos(uint8_t number, uint8_t value)
{
	outb(number, CMOS_INDEX);
	outb(value, CMOS_VALUE);
}

/* A number of two digits, as the clock has it in these modes. */
static uint8_t coded(int number, uint8_t modes)
{
	return number / 10 * (modes & CMOS_BINARY ? 10 : 16) + number % 10;
}

/*
 * Set the clock to an hour of the day. Its minutes become 0, so that the hour does
 * not end meanwhile. QEMU's clock takes the other numbers as they were when it was
 * last read, so it is read first.
 */
static void set_hour(int hour, uint8_t modes)
{
	ck_assert_msg(modes & CMOS_24H, "the kernel has left 12-hour mode on");
	get_cmos(CMOS_HOURS);
	set_cmos(CMOS_MINUTES, 0);
	set_cmos(CMOS_HOURS, coded(hour, modes));
}

static void allow_ports(void)
{
	ck_assert_msg(!ioperm(CMOS_INDEX, 2, 1), "ioperm: %s", strerror(errno));
}

/*
 * The clock that an emulator in a web browser has goes on as if nothing had been
 * written, and in 12-hour mode has the same hours as in 24-hour mode.
 */
static bool clock_can_be_set(void)
{
	uint8_t hours, minutes, other;
	bool can;

	allow_ports();
	hours = get_cmos(CMOS_HOURS);
	minutes = get_cmos(CMOS_MINUTES);
	other = hours ^ 1;
	set_cmos(CMOS_MINUTES, 0);
	set_cmos(CMOS_HOURS, other);
	can = get_cmos(CMOS_HOURS) == other;
	set_cmos(CMOS_HOURS, hours);
	set_cmos(CMOS_MINUTES, minutes);
	return can;
}

/* In the order in which they are set back: the day last that the year must have. */
static const uint8_t to_set_back[] = { CMOS_YEAR, CMOS_DAY, CMOS_HOURS, CMOS_MINUTES };

/* A child sets the clock and looks: it is set back, however the child ends. */
static void must_pass_with_the_clock_set(bool (*body)(void))
{
	uint8_t was[sizeof(to_set_back)];
	bool passed;
	size_t i;

	for (i = 0; i < sizeof(was); i++)
		was[i] = get_cmos(to_set_back[i]);
	passed = run_in_child(body);
	get_cmos(CMOS_HOURS);
	for (i = 0; i < sizeof(was); i++)
		set_cmos(to_set_back[i], was[i]);
	ck_assert(passed);
}

/* Each hour of the day: those from 1 to 11 in the morning look alike in most codings. */
static void (*check_of_an_hour)(void);

static bool body_checks_each_hour(void)
{
	int hour;

	for (hour = 0; hour < 24; hour++) {
		set_hour(hour, get_cmos(CMOS_B));
		check_of_an_hour();
	}
	return true;
}

/* A clock that cannot be set is checked as it is. */
static void at_each_hour(void (*check)(void))
{
	if (!clock_can_be_set()) {
		check();
		return;
	}
	check_of_an_hour = check;
	must_pass_with_the_clock_set(body_checks_each_hour);
}

/* Until 2099 every fourth year is a leap year; gmtime() of a 32-bit program ends in 2038. */
static int year_of(int64_t seconds)
{
	int64_t days = seconds / 86400;
	int year = 1970;

	for (; days >= 365 + !(year % 4); year++)
		days -= 365 + !(year % 4);
	return year;
}

/* Each year has a first of the month, and at one o'clock none begins meanwhile. */
static bool body_checks_each_year(void)
{
	uint8_t modes = get_cmos(CMOS_B);
	int year;

	set_hour(1, modes);
	set_cmos(CMOS_DAY, 1);
	for (year = 1970; year < 2070; year++) {
		set_cmos(CMOS_YEAR, coded(year % 100, modes));
		ck_assert_int_eq(year_of(lab_seconds()), year);
	}
	return true;
}

START_TEST(two_digits_name_a_year_from_1970_to_2069)
{
	if (!clock_can_be_set())
		skip("this machine's clock cannot be set");
	must_pass_with_the_clock_set(body_checks_each_year);
}
END_TEST

/* The usual coding is that in which the kernel has set the clock; 11.4 compares it. */
static void assert_time_however_it_is_coded(void)
{
	static const uint8_t modes[] = {
		0, CMOS_BINARY, CMOS_24H, CMOS_BINARY | CMOS_24H,
	};
	uint8_t usual = get_cmos(CMOS_B);
	int64_t before = lab_seconds();
	size_t i;

	for (i = 0; i < sizeof(modes); i++) {
		struct lab_time time;
		int answer;

		set_cmos(CMOS_B, (usual & ~(CMOS_BINARY | CMOS_24H)) | modes[i]);
		answer = ioctl(lab.fd, LAB_IOC_TIME, &time);
		set_cmos(CMOS_B, usual);
		ck_assert_msg(!answer, "modes 0x%x: %s",
			      modes[i], strerror(errno));
		assert_between(before, time.seconds, before + 59,
			       modes[i] & CMOS_BINARY ? "binary" : "BCD");
	}
}

START_TEST(time_is_right_however_it_is_coded)
{
	if (!clock_can_be_set())
		skip("this machine's clock cannot be set");
	at_each_hour(assert_time_however_it_is_coded);
}
END_TEST
#else
static void at_each_hour(void (*check)(void))
{
	check();
}

START_TEST(time_is_right_however_it_is_coded)
{
	skip("this machine's clock has no modes");
}
END_TEST

START_TEST(two_digits_name_a_year_from_1970_to_2069)
{
	skip("this machine's clock counts seconds, and no years");
}
END_TEST
#endif

/*
 * 11.4: the device's own time
 */

static int64_t time_of_the_kernel(int rtc)
{
	struct rtc_time read;
	struct tm tm = { 0 };

	ck_assert_msg(!ioctl(rtc, RTC_RD_TIME, &read), "RTC_RD_TIME: %s",
		      strerror(errno));
	tm.tm_year = read.tm_year;
	tm.tm_mon = read.tm_mon;
	tm.tm_mday = read.tm_mday;
	tm.tm_hour = read.tm_hour;
	tm.tm_min = read.tm_min;
	tm.tm_sec = read.tm_sec;
	return timegm(&tm);
}

static int rtc_of_the_kernel;

#define READINGS 5

static void assert_time_of_the_kernel(void)
{
	int i;

	for (i = 0; i < READINGS; i++) {
		int64_t before = time_of_the_kernel(rtc_of_the_kernel);
		int64_t seconds = lab_seconds();

		assert_between(before, seconds,
			       time_of_the_kernel(rtc_of_the_kernel),
			       "the lab, between two readings of /dev/rtc0");
	}
}

START_TEST(time_is_that_of_the_kernels_own_driver)
{
	rtc_of_the_kernel = open("/dev/rtc0", O_RDONLY);
	if (rtc_of_the_kernel < 0)
		skip("no /dev/rtc0: %s", strerror(errno));
	at_each_hour(assert_time_of_the_kernel);
	close(rtc_of_the_kernel);
}
END_TEST

/* The kernel sets its own clock by this one, once, at boot. */
START_TEST(time_is_the_devices_and_not_the_systems)
{
	int64_t before = lab_seconds(), seconds;
	struct timespec system, wrong;

	ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &system), 0);
	wrong = system;
	wrong.tv_sec += 1000000;
	ck_assert_int_eq(clock_settime(CLOCK_REALTIME, &wrong), 0);
	seconds = lab_seconds();
	ck_assert_int_eq(clock_settime(CLOCK_REALTIME, &system), 0);
	assert_between(before, seconds, before + 59,
		       "with the system's time set ahead");
}
END_TEST

/* The host reads the device before and after, and decides. */
START_TEST(machine_shows_the_same_time)
{
	struct clock_box *box = calloc(1, sizeof(*box));

	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	ck_assert_ptr_nonnull(box);
	box->magic = WITNESS_MAGIC;
	wait_for_host("clock ", box, &box->state);
	box->seconds = lab_seconds();
	wait_for_host("clock ", box, &box->state);
	free(box);
}
END_TEST

/*
 * 9.2: readers at a time. A register that is chosen by one access and read by another must not
 * be chosen anew in between, neither by this lab nor by the kernel's own driver.
 */

/* In memory that both share. */
static int64_t *began;

static bool read_the_clock(void)
{
	struct lab_time time = { .passes = 0 };

	if (ioctl(lab.fd, LAB_IOC_TIME, &time))
		return object("LAB_IOC_TIME: %s", strerror(errno));
	return (*began <= time.seconds && time.seconds <= *began + HOUR) ||
	       object("LAB_IOC_TIME says %" PRId64 " soon after %" PRId64,
		      (int64_t)time.seconds, *began);
}

START_TEST(two_readers_of_the_clock_do_not_disturb_each_other)
{
	static const struct call reading = {
		.name = "LAB_IOC_TIME", .make = read_the_clock,
	};

	need_two_processors();
	began = shared_memory(sizeof(*began));
	*began = lab_seconds();
	race_calls(&reading, &reading, RACER_PROCESS, 1000);
}
END_TEST

/* What the device refuses */

START_TEST(time_request_survives_a_bad_pointer)
{
	assert_bad_pointers_refused(LAB_IOC_TIME);
}
END_TEST

static const struct check checks[] = {
	CHECK(time_never_jumps, CAN_TIME),
	CHECK(time_rests_on_two_passes_that_agree, CAN_TIME),
	CHECK(time_is_right_however_it_is_coded, CAN_TIME),
	CHECK(two_digits_name_a_year_from_1970_to_2069, CAN_TIME),
	CHECK(time_is_that_of_the_kernels_own_driver, CAN_TIME),
	CHECK(time_is_the_devices_and_not_the_systems, CAN_TIME),
	CHECK(machine_shows_the_same_time, CAN_TIME),
	CHECK(time_request_survives_a_bad_pointer, CAN_TIME),
	RACE_CHECK(two_readers_of_the_clock_do_not_disturb_each_other, CAN_TIME),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_rtc",
	.mapping = &no_mapping,
	.operations = CAN_TIME,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
