// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of the machine that this kernel runs on
 *
 * On a PC it has ten registers behind two I/O ports, and says when it changes them.
 * On QEMU's arm64 machine it is a PL031, one register of 32 bits that counts
 * seconds. Both have a driver of the kernel already, so lab_rtc reads beside it,
 * and never writes.
 */
#include <linux/bcd.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/time.h>
#ifdef CONFIG_X86
#include <linux/mc146818rtc.h>
#endif

#include "rtc_clock.h"

/*
 * What all clocks with a calendar need
 */

/**
 * rtc_number_of_bcd - decode two decimal digits
 * @bcd: a register, any value
 * @number: 0 to 99
 *
 * Return: false if a digit is larger than nine.
 */
bool rtc_number_of_bcd(u32 bcd, unsigned int *number)
{
	if ((bcd & 0xf) > 9 || bcd >> 4 > 9)
		return false;
	*number = bcd2bin(bcd);
	return true;
}
EXPORT_SYMBOL_GPL(rtc_number_of_bcd);

/**
 * rtc_time_of_date - seconds since 1970
 * @date: any numbers
 * @time: the seconds
 *
 * mktime64() adds up what it is given, also for the 30th of February. So the date is
 * computed back, and must be the same.
 *
 * Return: false if there is no such date, or no such time of day.
 */
bool rtc_time_of_date(const struct rtc_date *date, time64_t *time)
{
	struct tm tm;

	if (date->month < 1 || date->month > 12)
		return false;
	*time = mktime64(date->year, date->month, date->day, date->hour,
			 date->minute, date->second);
	time64_to_tm(*time, 0, &tm);
	return tm.tm_year + 1900 == date->year &&
	       tm.tm_mon + 1 == date->month && tm.tm_mday == date->day &&
	       tm.tm_hour == date->hour && tm.tm_min == date->minute &&
	       tm.tm_sec == date->second;
}
EXPORT_SYMBOL_GPL(rtc_time_of_date);

/*
 * PL031: one register
 *
 * A register of 32 bits is read in one access, and cannot change in its middle: a
 * counter of seconds needs no second look. The reader makes one all the same.
 *
 * The kernel's own rtc-pl031 has claimed the region. A claim keeps no driver from
 * calling ioremap(); it says who is responsible for the device. To read this
 * register changes nothing in the device, so it is safe to do beside the owner.
 * To set the clock would not be.
 */
#define PL031_DATA 0x00

static struct resource pl031;
static void __iomem *pl031_base;
static bool pl031_is_ours;

static int pl031_get(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL,
							   "arm,pl031");
	int err = of_address_to_resource(node, 0, &pl031);

	of_node_put(node);
	if (err)
		return err;
	pl031_is_ours = request_mem_region(pl031.start, resource_size(&pl031),
					   "lab_rtc");
	pl031_base = ioremap(pl031.start, resource_size(&pl031));
	if (pl031_base)
		return 0;
	if (pl031_is_ours)
		release_mem_region(pl031.start, resource_size(&pl031));
	return -ENOMEM;
}

static void pl031_give_back(void)
{
	iounmap(pl031_base);
	if (pl031_is_ours)
		release_mem_region(pl031.start, resource_size(&pl031));
}

static bool pl031_read(struct rtc_reading *reading)
{
	reading->value[0] = readl(pl031_base + PL031_DATA);
	return true;
}

static bool pl031_time_of(const struct rtc_reading *reading, time64_t *time)
{
	*time = reading->value[0];
	return true;
}

static const struct rtc_clock pl031_clock = {
	.name = "pl031",
	.get = pl031_get,
	.give_back = pl031_give_back,
	.read = pl031_read,
	.time_of = pl031_time_of,
};

/*
 * The CMOS clock of a PC: two I/O ports
 *
 * Port 0x70 takes the number of a register, port 0x71 reads or writes it;
 * CMOS_READ() does both. Everybody who uses the pair takes rtc_lock, or one would
 * read the register that another has chosen. The kernel has claimed the ports for
 * good, so the lock is what drivers share.
 *
 * The bit UIP, update in progress, is set 244 us before the registers change, and
 * cleared after. So registers that are read within 244 us of a look at it are not
 * changing. But nobody guarantees that a pass is so fast: a processor that is
 * itself emulated can be stopped in its middle. Hence two passes, here as well.
 */
#ifdef CONFIG_X86
static const u8 cmos_registers[] = {
	RTC_SECONDS, RTC_MINUTES, RTC_HOURS, RTC_DAY_OF_MONTH, RTC_MONTH,
	RTC_YEAR, RTC_CONTROL,
};

static_assert(ARRAY_SIZE(cmos_registers) == RTC_MOST_REGISTERS);

static int cmos_get(void)
{
	return 0;
}

static void cmos_give_back(void)
{
}

static bool cmos_read(struct rtc_reading *reading)
{
	unsigned long flags;
	bool steady;
	size_t i;

	spin_lock_irqsave(&rtc_lock, flags);
	steady = !(CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP);
	for (i = 0; i < ARRAY_SIZE(cmos_registers); i++)
		reading->value[i] = CMOS_READ(cmos_registers[i]);
	spin_unlock_irqrestore(&rtc_lock, flags);
	return steady;
}

/* Register B says whether numbers are BCD, and whether hours count to 12 or to 24. */
#define CMOS_PM 0x80
#define CMOS_NUMBERS 6

static bool cmos_numbers(const struct rtc_reading *reading,
			 unsigned int number[CMOS_NUMBERS])
{
	u32 control = reading->value[CMOS_NUMBERS];
	bool is_12h = !(control & RTC_24H);
	u32 hours = reading->value[2];
	size_t i;

	for (i = 0; i < CMOS_NUMBERS; i++) {
		u32 value = reading->value[i];

		if (i == 2 && is_12h)
			value &= ~CMOS_PM;
		if (control & RTC_DM_BINARY)
			number[i] = value;
		else if (!rtc_number_of_bcd(value, &number[i]))
			return false;
	}
	/* Twelve comes first: 12 am, 1 am, ... 11 am, 12 pm, 1 pm. */
	if (is_12h)
		number[2] = number[2] % 12 + (hours & CMOS_PM ? 12 : 0);
	return true;
}

static bool cmos_time_of(const struct rtc_reading *reading, time64_t *time)
{
	unsigned int number[CMOS_NUMBERS];

	if (!cmos_numbers(reading, number))
		return false;
	return rtc_time_of_date(&(struct rtc_date){
		.second = number[0], .minute = number[1], .hour = number[2],
		.day = number[3], .month = number[4],
		.year = number[5] + (number[5] < 70 ? 2000 : 1900),
	}, time);
}

static const struct rtc_clock cmos_clock = {
	.name = "cmos",
	.get = cmos_get,
	.give_back = cmos_give_back,
	.read = cmos_read,
	.time_of = cmos_time_of,
};
#endif

/**
 * machine_clock - find the clock of this machine
 *
 * Return: the clock, or NULL if this machine has none of those above.
 */
const struct rtc_clock *machine_clock(void)
{
	struct device_node *node;

#ifdef CONFIG_X86
	return &cmos_clock;
#endif
	node = of_find_compatible_node(NULL, NULL, "arm,pl031");
	of_node_put(node);
	return node ? &pl031_clock : NULL;
}
EXPORT_SYMBOL_GPL(machine_clock);

MODULE_DESCRIPTION("kmaplab: the clock of the machine that the kernel runs on");
MODULE_LICENSE("GPL");
