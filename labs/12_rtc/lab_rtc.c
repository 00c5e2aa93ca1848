// SPDX-License-Identifier: GPL-2.0
/*
 * Registers that change by themselves: reading a clock
 *
 * A clock has a register for the seconds, one for the minutes, and so on to the
 * year. They change together, but a driver reads them one after the other. At
 * 12:59:59 it may read the hour, 12; then the second passes; then it reads the
 * minute and the second, 0 and 0. It has read 12:00:00, a time that is an hour
 * wrong. No lock helps: the clock takes none.
 *
 * The clock of this file is that of the s3c2410, a processor of 2002. Its
 * registers are I/O memory. Most machines have another one: machine_clock.c.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "lab_core.h"
#include "rtc_clock.h"

static struct resource *region;
static void __iomem *base;

/*
 * Get: ask where the registers are, claim them, map them
 *
 * Old drivers have the address in a macro. Today the machine's description (a
 * device tree, or the code for a board) makes a device, and that has the region
 * of its registers. A driver for this clock alone would be a platform driver, whose
 * probe() is called with the device; this lab has several clocks, and looks once.
 * A description can be wrong: what is too small for the registers is no clock.
 */
#define S3C2410_LAST 0x88

static int lab_rtc_find(struct resource *found)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL,
						     "s3c2410-rtc");
	struct resource *res;
	int err = -ENODEV;

	if (!dev)
		return err;
	res = platform_get_resource(to_platform_device(dev), IORESOURCE_MEM, 0);
	if (res) {
		*found = *res;
		err = resource_size(res) > S3C2410_LAST ? 0 : -EINVAL;
	}
	put_device(dev);
	return err;
}

static int lab_rtc_get(void)
{
	struct resource found;
	int err = lab_rtc_find(&found);

	if (err)
		return err;
	region = request_mem_region(found.start, resource_size(&found),
				    "lab_rtc");
	if (!region) {
		pr_err("lab_rtc: %pR belongs to another driver\n", &found);
		return -EBUSY;
	}
	base = ioremap(region->start, resource_size(region));
	if (!base) {
		release_mem_region(region->start, resource_size(region));
		return -ENOMEM;
	}
	return 0;
}

/*
 * Free: in the opposite order
 */
static void lab_rtc_give_back(void)
{
	iounmap(base);
	release_mem_region(region->start, resource_size(region));
}

/*
 * Read: each register once
 *
 * The seventh, the weekday, is left out: it follows from the date. This clock
 * never says that it is changing its registers.
 */
static const u8 lab_rtc_registers[] = {
	/* second to hour, day, month, year */
	0x70, 0x74, 0x78, 0x7c, 0x84, S3C2410_LAST,
};

static bool lab_rtc_read_once(struct rtc_reading *reading)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lab_rtc_registers); i++)
		reading->value[i] = readb(base + lab_rtc_registers[i]);
	return true;
}

/*
 * Decode: two decimal digits in each byte
 *
 * In binary-coded decimal (BCD) 0x59 is fifty-nine. The registers have no place
 * for the century.
 */
static bool lab_rtc_time_of(const struct rtc_reading *reading, time64_t *time)
{
	unsigned int number[ARRAY_SIZE(lab_rtc_registers)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(number); i++)
		if (!rtc_number_of_bcd(reading->value[i], &number[i]))
			return false;
	return rtc_time_of_date(&(struct rtc_date){
		.second = number[0], .minute = number[1], .hour = number[2],
		.day = number[3], .month = number[4], .year = 2000 + number[5],
	}, time);
}

static const struct rtc_clock lab_rtc_s3c2410 = {
	.name = "s3c2410",
	.get = lab_rtc_get,
	.give_back = lab_rtc_give_back,
	.read = lab_rtc_read_once,
	.time_of = lab_rtc_time_of,
};

/*
 * Read consistently: again and again, until two passes in a row agree
 *
 * A register that is the same in both passes did not change in between: it would
 * have had to come round to its old value, and the fastest takes a minute for
 * that. So at the moment between two passes that agree, all registers had these
 * values at once. Nothing of it depends on the order in which they are read, on
 * how many change together, or on what may interrupt a pass.
 *
 * A clock in order needs two passes, or three if a second passes meanwhile. One
 * that is broken, or is not there, may differ each time: so the passes are
 * counted. A clock that says that it is changing its registers needs 2 ms for
 * that (machine_clock.c), for which this waits outside of any lock.
 */
#define LAB_RTC_MOST_PASSES 40

static const struct rtc_clock *clock;

static int lab_rtc_read(struct rtc_reading *reading, u32 *passes)
{
	struct rtc_reading before = {};
	bool steady = false, was_steady;

	for (*passes = 1; *passes <= LAB_RTC_MOST_PASSES; ++*passes) {
		was_steady = steady;
		steady = clock->read(reading);
		if (!steady)
			usleep_range(100, 200);
		else if (was_steady &&
			 !memcmp(reading, &before, sizeof(before)))
			return 0;
		before = *reading;
	}
	return -ETIMEDOUT;
}

/*
 * The only request: what time is it?
 *
 * There is no memory to share, so the device has neither mmap() nor read().
 */
static long lab_rtc_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct rtc_reading reading = {};
	struct lab_time time = {};
	time64_t seconds;
	int err;

	if (cmd != LAB_IOC_TIME)
		return -ENOTTY;
	err = lab_rtc_read(&reading, &time.passes);
	if (err)
		return err;
	if (!clock->time_of(&reading, &seconds))
		return -EIO;
	time.seconds = seconds;
	return copy_to_user((void __user *)arg, &time, sizeof(time)) ? -EFAULT : 0;
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_rtc_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = lab_rtc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_rtc", &lab_rtc_fops),
};

static int __init lab_rtc_init(void)
{
	int err;

	clock = machine_clock() ?: &lab_rtc_s3c2410;
	err = clock->get();
	if (err) {
		pr_err("lab_rtc: no clock %s: error %d\n", clock->name, err);
		return err;
	}

	err = lab_register(&lab);
	if (err)
		clock->give_back();
	return err;
}

static void __exit lab_rtc_exit(void)
{
	lab_unregister(&lab);
	clock->give_back();
}

module_init(lab_rtc_init);
module_exit(lab_rtc_exit);

MODULE_DESCRIPTION("kmaplab: a clock whose registers change while they are read");
MODULE_LICENSE("GPL");
