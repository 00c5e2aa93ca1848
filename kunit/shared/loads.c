// SPDX-License-Identifier: GPL-2.0
/*
 * A lab's init function, with each of its allocations failing in turn
 *
 * Most error paths of a module are in its init function, which runs once, before
 * any case can. So a module notifier waits for the moment when a lab is being
 * loaded, its parameters are set and its init function is about to be called. It
 * replaces it by a function of ours, which calls the lab's init function again and
 * again, each time with a later allocation failing, and at last with none. A case
 * then looks at the results.
 */
#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "devices.h"
#include "dirty_memory.h"
#include "faults.h"
#include "lab_core.h"
#include "loads.h"
#include "log.h"

/*
 * An allocation that fails changes what the kernel's caches hold, so that in the
 * next load the n-th allocation may be another one, and one may be missed. Most of
 * all that is the last, which is often the lab's own. Hence more than one sweep,
 * each ends only after some loads in a row in which nothing failed, and then the
 * numbers around the last failure have their turn again and again.
 */
#define SWEEPS 2
#define LOADS_WITHOUT_FAILURE 5
#define LAST_NUMBERS 5
#define TURNS 8

static char loaded_name[MODULE_NAME_LEN];
static struct kmaplab_loads loads;

#ifdef CONFIG_MODULES
static int (*init_function)(void);
static void (*exit_function)(void);
static struct lab *loading;

static bool device_found;

static void look_for_device(struct work_struct *work)
{
	struct file *file = kmaplab_open(loaded_name, O_RDONLY);

	device_found = !IS_ERR(file);
	if (!device_found)
		return;
	loading = lab_of(file);
	kmaplab_close(file);
}

/*
 * In a worker: a file that modprobe's own thread closes is only gone when modprobe
 * returns to user space. If the load has failed by then, the module behind the file
 * is gone as well.
 */
static bool device_is_there(void)
{
	static DECLARE_WORK(work, look_for_device);

	schedule_work(&work);
	flush_work(&work);
	return device_found;
}

/* A module that is loaded anew begins with a fresh struct lab; this one does not. */
static void take_away(void)
{
	exit_function();
	loads.left_a_device |= device_is_there();
	loading->misc.minor = MISC_DYNAMIC_MINOR;
}

/* It has memory and, if that is I/O memory, no other driver can claim it. */
static bool load_is_whole(void)
{
	struct lab_page first = {};
	phys_addr_t start;

	/* A lab whose device has no memory. */
	if (!loading->translate)
		return true;
	if (iosys_map_is_null(&loading->view))
		return false;
	if (!loading->view.is_iomem)
		return true;
	loading->translate(loading, 0, &first);
	start = PFN_PHYS(first.pfn);
	if (!request_mem_region(start, PAGE_SIZE, "kmaplab_kunit"))
		return true;
	release_mem_region(start, PAGE_SIZE);
	return false;
}

/* Returns whether an allocation failed; there may have been fewer than @n. */
static bool load_with_failure(unsigned int n)
{
	unsigned int left;
	int err;

	kmaplab_fail_nth(n);
	err = init_function();
	left = kmaplab_fail_none();
	if (err) {
		loads.failed++;
		set_bit(-err, loads.errors);
		loads.left_a_device |= device_is_there();
		/* For instance because an earlier load left something behind. */
		loads.fails_unprovoked |= left;
	} else {
		loads.loaded++;
		loads.is_half_made |= !load_is_whole();
		take_away();
	}
	return !left;
}

/*
 * Only allocations that may not wait for memory fail now, in turn. Parts of the kernel
 * make some, and do without them when they fail. So must the lab.
 */
static void sweep_those_that_do_not_wait(void)
{
	unsigned int n, left, idle = 0;
	int err;

	for (n = 1; idle < LOADS_WITHOUT_FAILURE && !loads.left_a_device; n++) {
		kmaplab_fail_nth(n);
		err = init_function();
		left = kmaplab_fail_none();
		if (err)
			loads.needs_at_once |= !left;
		else
			take_away();
		idle = left ? idle + 1 : 0;
		cond_resched();
	}
}

/* A device that is registered twice ruins the list of devices: then it ends. */
static void sweep(void)
{
	unsigned int n, i, idle = 0;

	for (n = 1; idle < LOADS_WITHOUT_FAILURE && !loads.left_a_device; n++) {
		idle = load_with_failure(n) ? 0 : idle + 1;
		cond_resched();
	}

	/* The last failure was before those loads; n is one behind them. */
	n -= min(n, LOADS_WITHOUT_FAILURE + LAST_NUMBERS / 2 + 1);
	for (i = 0; i < TURNS * LAST_NUMBERS && !loads.left_a_device; i++) {
		load_with_failure(max(n, 1u) + i % LAST_NUMBERS);
		cond_resched();
	}
}

static int init_after_failures(void)
{
	int i, err;

	err = init_function();
	if (err || !loads.can_fail || !device_is_there())
		return err;
	take_away();

	err = kmaplab_spare_those_that_wait(true);
	for (i = 0; i < SWEEPS && !err; i++)
		sweep_those_that_do_not_wait();
	err = err ?: kmaplab_spare_those_that_wait(false);
	if (err)
		return err;

	for (i = 0; i < SWEEPS; i++)
		sweep();
	if (loads.left_a_device)
		return -EBUSY;
	dirty_free_memory();
	return init_function();
}

static int init_with_failures(void)
{
	/* What goes wrong from here on counts against that case, which runs later. */
	kmaplab_log_case(KMAPLAB_LOADS_CASE);
	loads.error = init_after_failures();
	return loads.error;
}

/* A lab is a module of that name with an init function and an exit function. */
static int on_module(struct notifier_block *block, unsigned long state,
		     void *data)
{
	struct module *module = data;

	if (state != MODULE_STATE_COMING || !module->init || !module->exit ||
	    strncmp(module->name, "lab_", strlen("lab_")))
		return NOTIFY_DONE;

	memset(&loads, 0, sizeof(loads));
	strscpy(loaded_name, module->name, sizeof(loaded_name));
	loads.can_fail = kmaplab_can_fail();
	dirty_free_memory();
	init_function = module->init;
	exit_function = module->exit;
	module->init = init_with_failures;
	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};

/**
 * kmaplab_watch_loads - from now on try each lab that is loaded
 *
 * Return: 0 or an error.
 */
int kmaplab_watch_loads(void)
{
	return register_module_notifier(&notifier);
}

/**
 * kmaplab_ignore_loads - undo kmaplab_watch_loads()
 */
void kmaplab_ignore_loads(void)
{
	unregister_module_notifier(&notifier);
}
#else
int kmaplab_watch_loads(void)
{
	return 0;
}

void kmaplab_ignore_loads(void)
{
}
#endif

/**
 * kmaplab_loads_of - find out how the loads of a lab ended
 * @name: of the device and of the module
 *
 * Return: the results, or NULL if it is not the lab that was loaded last, for
 * instance because it is built in.
 */
const struct kmaplab_loads *kmaplab_loads_of(const char *name)
{
	return strcmp(loaded_name, name) ? NULL : &loads;
}
