/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rtc_clock.h - what lab_rtc must have of a clock, whichever it is
 */
#ifndef RTC_CLOCK_H
#define RTC_CLOCK_H

#include <linux/time64.h>
#include <linux/types.h>

/* The most registers that one pass reads: date and time, and how these are coded. */
#define RTC_MOST_REGISTERS 7

/**
 * struct rtc_reading - what one pass over the registers found
 * @value: a register each; 0 where the clock has fewer
 */
struct rtc_reading {
	u32 value[RTC_MOST_REGISTERS];
};

/**
 * struct rtc_clock - a clock, and how it is reached
 * @name: for the log
 * @get: find it and make its registers accessible; 0, or an error
 * @give_back: undo @get
 * @read: read each register once; false if the clock says that it is changing them
 *	just now. Any number of callers at a time.
 * @time_of: decode a reading into seconds since 1970, UTC; false if it is no time
 */
struct rtc_clock {
	const char *name;
	int (*get)(void);
	void (*give_back)(void);
	bool (*read)(struct rtc_reading *reading);
	bool (*time_of)(const struct rtc_reading *reading, time64_t *time);
};

/**
 * struct rtc_date - a date and a time of day, UTC
 * @year: as 2026
 * @month: 1 to 12
 * @day: of the month, from 1 on
 * @hour: 0 to 23
 * @minute: 0 to 59
 * @second: 0 to 59
 */
struct rtc_date {
	unsigned int year;
	unsigned int month;
	unsigned int day;
	unsigned int hour;
	unsigned int minute;
	unsigned int second;
};

bool rtc_number_of_bcd(u32 bcd, unsigned int *number);
bool rtc_time_of_date(const struct rtc_date *date, time64_t *time);
const struct rtc_clock *machine_clock(void);

#endif /* RTC_CLOCK_H */
