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
 * A clock that is not as it should be
 *
 * lab_rtc looks for the clock when it is loaded, which is before any case. So its init
 * function is called first with wrong clocks, and at last with the right one. A case then
 * asks for the errors. (If the lab is built in, there is nothing to ask for.)
 */
static struct platform_device *device;

static struct kmaplab_clock_refusals refusals;

#ifdef CONFIG_MODULES
static int (*lab_init)(void);
static void (*lab_exit)(void);

/* Loaded for nothing, it would be in the way of the next load. */
static int clock_refusal(void)
{
	int err = lab_init();

	if (!err && lab_exit)
		lab_exit();
	return err;
}

/* The device has no range of registers, or another one. */
static int clock_refusal_of(struct resource *others, unsigned int count)
{
	struct resource *own = device->resource;
	int err;

	device->resource = others;
	device->num_resources = count;
	err = clock_refusal();
	device->resource = own;
	device->num_resources = 1;
	return err;
}

static int clock_init_of_lab(void)
{
	const unsigned int last = CLOCK_FIRST + 4 * (CLOCK_REGISTERS - 1);
	struct resource small = DEFINE_RES_MEM(region.start, last);

	refusals.without_registers = clock_refusal_of(NULL, 0);
	refusals.without_the_last = clock_refusal_of(&small, 1);
	if (request_mem_region(region.start, PAGE_SIZE, "another driver")) {
		refusals.claimed = clock_refusal();
		release_mem_region(region.start, PAGE_SIZE);
	}
	refusals.made = true;
	return lab_init();
}

static int clock_on_module(struct notifier_block *block, unsigned long state,
			   void *data)
{
	struct module *module = data;

	if (state != MODULE_STATE_COMING || strcmp(module->name, "lab_rtc"))
		return NOTIFY_DONE;
	lab_init = module->init;
	lab_exit = module->exit;
	module->init = clock_init_of_lab;
	return NOTIFY_OK;
}

/* Behind that of shared/loads.c, which has the lab's init function fail again and again. */
static struct notifier_block clock_notifier = {
	.notifier_call = clock_on_module,
	.priority = -1,
};

static int __init clock_watch_loads(void)
{
	return register_module_notifier(&clock_notifier);
}
#else
static int __init clock_watch_loads(void)
{
	return 0;
}
#endif

/**
 * kmaplab_clock_refusals - how the loads of lab_rtc with wrong clocks ended
 *
 * Return: their errors.
 */
const struct kmaplab_clock_refusals *kmaplab_clock_refusals(void)
{
	return &refusals;
}
EXPORT_SYMBOL_GPL(kmaplab_clock_refusals);

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
	int err;

	err = clock_find_room();
	if (err)
		return err;
	err = logic_iomem_add_region(&region, &clock_region_ops);
	if (err)
		return err;
	device = platform_device_alloc(region.name, PLATFORM_DEVID_NONE);
	if (!device)
		return -ENOMEM;
	err = platform_device_add_resources(device, &region, 1);
	if (!err)
		err = platform_device_add(device);
	if (err)
		platform_device_put(device);
	return err ?: clock_watch_loads();
}

/* Where this is built in, before lab_rtc looks for its clock. */
subsys_initcall(clock_init);

MODULE_DESCRIPTION("kmaplab: an emulated clock that goes on where a test says");
MODULE_LICENSE("GPL");
