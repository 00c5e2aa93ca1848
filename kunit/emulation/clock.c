// SPDX-License-Identifier: GPL-2.0
/*
 * A clock without hardware, for user-mode Linux
 *
 * It is emulated as iomem.c emulates RAM. In addition there is a platform device,
 * by which its driver finds it: on a board the code for that board makes one.
 */
#include <linux/bcd.h>
#include <linux/io.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/time.h>

#include "clock.h"

static bool claimed;
module_param(claimed, bool, 0444);
MODULE_PARM_DESC(claimed, "another driver has the registers, until a load of lab_rtc has failed");

/* Behind what iomem.c registers, which looks for 128 MiB from 2 GiB on. */
#define CLOCK_START	(SZ_2G + (resource_size_t)SZ_512M)

static struct resource region = {
	.name = "s3c2410-rtc",
	.flags = IORESOURCE_MEM,
};

/* All of it is guarded by the lock. */
static DEFINE_SPINLOCK(lock);
static struct kmaplab_clock_plan plan = {
	.start = 1000000000, /* September 2001 */
	.jumps = { CLOCK_NEVER, CLOCK_NEVER },
};

static struct kmaplab_clock_seen seen = { .now = 1000000000 };

/*
 * What the suite uses
 */

/**
 * kmaplab_clock_begin - have the clock follow a plan
 * @plan_: the plan, which is copied, but for its bytes
 */
void kmaplab_clock_begin(const struct kmaplab_clock_plan *plan_)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	plan = *plan_;
	seen.now = plan.start;
	seen.accesses = 0;
	seen.others = 0;
	spin_unlock_irqrestore(&lock, flags);
}
EXPORT_SYMBOL_GPL(kmaplab_clock_begin);

/**
 * kmaplab_clock_look - what has happened since the plan began
 *
 * Return: that, and the clock's time.
 */
struct kmaplab_clock_seen kmaplab_clock_look(void)
{
	struct kmaplab_clock_seen copy;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	copy = seen;
	spin_unlock_irqrestore(&lock, flags);
	return copy;
}
EXPORT_SYMBOL_GPL(kmaplab_clock_look);

/**
 * kmaplab_clock_region - where the clock is
 *
 * Return: its range of physical addresses, below which are the claims.
 */
struct resource *kmaplab_clock_region(void)
{
	return &region;
}
EXPORT_SYMBOL_GPL(kmaplab_clock_region);

/*
 * Accesses
 */

static u8 clock_register(unsigned int number)
{
	struct tm tm;

	if (plan.bytes)
		return plan.bytes[number];
	time64_to_tm(seen.now, 0, &tm);
	switch (number) {
	case 0:
		return bin2bcd(tm.tm_sec);
	case 1:
		return bin2bcd(tm.tm_min);
	case 2:
		return bin2bcd(tm.tm_hour);
	case 3:
		return bin2bcd(tm.tm_mday);
	case 4:
		return tm.tm_wday + 1;
	case 5:
		return bin2bcd(tm.tm_mon + 1);
	default:
		return bin2bcd(tm.tm_year % 100);
	}
}

static unsigned long clock_read(void *priv, unsigned int offset, int width)
{
	unsigned int number = (offset - CLOCK_FIRST) / 4;
	unsigned long flags, value = ~0ul;

	spin_lock_irqsave(&lock, flags);
	if (seen.accesses == CLOCK_PATIENCE) {
		plan.always = false;
		seen.now++;
	}
	if (plan.always || seen.accesses == plan.jumps[0] ||
	    seen.accesses == plan.jumps[1])
		seen.now += plan.step;
	seen.accesses++;
	if (offset % 4 || number >= CLOCK_REGISTERS || width != 1)
		seen.others++;
	else
		value = clock_register(number);
	spin_unlock_irqrestore(&lock, flags);
	return value & GENMASK_ULL(8 * width - 1, 0);
}

static void clock_write(void *priv, unsigned int offset, int width,
			unsigned long value)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	seen.others++;
	spin_unlock_irqrestore(&lock, flags);
}

static void clock_count_mapping(int count)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	seen.mappings += count;
	spin_unlock_irqrestore(&lock, flags);
}

static void clock_unmap(void *priv)
{
	clock_count_mapping(-1);
}

static const struct logic_iomem_ops clock_ops = {
	.read = clock_read,
	.write = clock_write,
	.unmap = clock_unmap,
};

static long clock_map(unsigned long offset, size_t size,
		      const struct logic_iomem_ops **ops, void **priv)
{
	*ops = &clock_ops;
	clock_count_mapping(1);
	return offset;
}

static const struct logic_iomem_region_ops clock_region_ops = {
	.map = clock_map,
};

/*
 * Another driver, which has the registers until a load of lab_rtc has failed
 */
static int clock_on_module(struct notifier_block *block, unsigned long state,
			   void *data)
{
	const struct module *module = data;

	if (state == MODULE_STATE_GOING && claimed &&
	    !strcmp(module->name, "lab_rtc")) {
		release_mem_region(region.start, resource_size(&region));
		claimed = false;
	}
	return NOTIFY_OK;
}

static struct notifier_block clock_notifier = {
	.notifier_call = clock_on_module,
};

/*
 * Loading, but no unloading: what was registered with logic_iomem stays registered
 */

static int __init clock_find_room(void)
{
	int err = allocate_resource(&iomem_resource, &region, PAGE_SIZE,
				    max_t(resource_size_t, __pa(high_memory),
					  CLOCK_START),
				    -1, PAGE_SIZE, NULL, NULL);

	return err ?: release_resource(&region);
}

static int __init clock_init(void)
{
	struct platform_device *device;
	int err;

	err = clock_find_room();
	if (err)
		return err;
	err = logic_iomem_add_region(&region, &clock_region_ops);
	if (err)
		return err;
	if (claimed && !request_mem_region(region.start, resource_size(&region),
					   "another driver"))
		pr_err("kmaplab_clock: %pR is claimed already\n", &region);
	device = platform_device_alloc(region.name, PLATFORM_DEVID_NONE);
	if (!device)
		return -ENOMEM;
	err = platform_device_add_resources(device, &region, 1);
	if (!err)
		err = platform_device_add(device);
	if (err)
		platform_device_put(device);
	return err ?: register_module_notifier(&clock_notifier);
}

/* Where this is built in, before lab_rtc looks for its clock. */
subsys_initcall(clock_init);

MODULE_DESCRIPTION("kmaplab: an emulated clock that goes on where a test says");
MODULE_LICENSE("GPL");
