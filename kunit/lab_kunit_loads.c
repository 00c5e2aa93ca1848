// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: its init function with each allocation failing in turn
 *
 * Most error paths of a module are in its init function, which runs once, before
 * any case can. So when a lab is being loaded, with its parameters set and its
 * init function about to be called, that function is called from here: again and
 * again, each time with a later allocation failing, and at last in peace. The
 * case then only looks at what came of it.
 */
#include <linux/bitmap.h>
#include <linux/file.h>
#include <linux/ioport.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "lab_kunit.h"

/*
 * What a failing allocation makes of the kernel's caches shifts those of the next
 * round by one or two, so that one may be passed over. Hence more than one sweep.
 */
#define LAB_KUNIT_SWEEPS 2

static struct {
	char name[MODULE_NAME_LEN];
	bool can_fail;
	unsigned int failed;
	unsigned int loaded;
	DECLARE_BITMAP(errors, MAX_ERRNO + 1);
	bool left_a_device;
	bool fails_unprovoked;
	bool is_half_made;
} loads;

#ifdef CONFIG_MODULES
static int (*init_function)(void);
static void (*exit_function)(void);
static struct lab *loading;

static bool device_found;

static void look_for_device(struct work_struct *work)
{
	struct file *file = lab_kunit_open(loads.name, O_RDONLY);

	device_found = !IS_ERR(file);
	if (!device_found)
		return;
	loading = lab_of(file);
	lab_kunit_close(file);
}

/*
 * In a worker: what modprobe itself closes is gone when it returns to user space, and
 * if the load fails by then, so is the module that the file was of.
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

/* It has memory and, if that is I/O memory, nobody else can claim it. */
static bool load_is_whole(void)
{
	struct lab_page first = {};
	phys_addr_t start;

	if (iosys_map_is_null(&loading->view))
		return false;
	if (!loading->view.is_iomem)
		return true;
	loading->translate(loading, 0, &first);
	start = PFN_PHYS(first.pfn);
	if (!request_mem_region(start, PAGE_SIZE, "lab_kunit"))
		return true;
	release_mem_region(start, PAGE_SIZE);
	return false;
}

/* Returns false when no allocation was left to fail. */
static bool load_with_failure(unsigned int n)
{
	unsigned int left;
	int err;

	lab_kunit_fail_nth(n);
	err = init_function();
	left = lab_kunit_fail_none();
	if (err) {
		loads.failed++;
		set_bit(-err, loads.errors);
		loads.left_a_device |= device_is_there();
		/* What an earlier one has left behind, for instance. */
		loads.fails_unprovoked |= left;
		return !left && !loads.left_a_device;
	}
	loads.is_half_made |= !load_is_whole();
	take_away();
	loads.loaded++;
	return !left && !loads.left_a_device;
}

static int init_with_failures(void)
{
	int sweep, err;
	unsigned int n;

	/* What goes wrong from here on is that case's, though it begins later. */
	pr_info("kmaplab: case load_survives_every_failed_allocation pid %d\n",
		task_pid_nr(current));
	err = init_function();
	if (err || !loads.can_fail || !device_is_there())
		return err;
	take_away();

	for (sweep = 0; sweep < LAB_KUNIT_SWEEPS && !loads.left_a_device; sweep++)
		for (n = 1; load_with_failure(n); n++)
			cond_resched();
	/* To register what is registered would wind the list of devices up. */
	return loads.left_a_device ? -EBUSY : init_function();
}

/* A lab is a module of that name that makes a device and takes it away again. */
static int on_module(struct notifier_block *block, unsigned long state,
		     void *data)
{
	struct module *module = data;

	if (state != MODULE_STATE_COMING || !module->init || !module->exit ||
	    strncmp(module->name, "lab_", strlen("lab_")))
		return NOTIFY_DONE;

	memset(&loads, 0, sizeof(loads));
	strscpy(loads.name, module->name, sizeof(loads.name));
	loads.can_fail = lab_kunit_can_fail();
	init_function = module->init;
	exit_function = module->exit;
	module->init = init_with_failures;
	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};

int lab_kunit_watch_loads(void)
{
	return register_module_notifier(&notifier);
}

void lab_kunit_ignore_loads(void)
{
	unregister_module_notifier(&notifier);
}
#else
int lab_kunit_watch_loads(void)
{
	return 0;
}

void lab_kunit_ignore_loads(void)
{
}
#endif

/**
 * lab_kunit_left_a_device - did a load go wrong and leave its device behind?
 * @name: of the device and of the module
 *
 * Then it leads to a module that is no longer there: nobody may open it.
 *
 * Return: true if it did.
 */
bool lab_kunit_left_a_device(const char *name)
{
	return !strcmp(loads.name, name) && loads.left_a_device;
}

/**
 * lab_kunit_expect_loads - look at how the loads of the lab failed
 * @test: the case
 * @other: an error besides -ENOMEM that a failed allocation may end in, or 0
 *
 * Skips the case if the lab is built in, or if no allocation can be made to fail.
 */
void lab_kunit_expect_loads(struct kunit *test, int other)
{
	unsigned long err;

	if (strcmp(loads.name, lab_kunit_of(test)->name))
		kunit_skip(test, "the lab is built in: its init function has run");
	if (!loads.can_fail)
		kunit_skip(test, LAB_KUNIT_CANNOT_FAIL);

	kunit_info(test, "%u loads failed, %u did not", loads.failed,
		   loads.loaded);
	KUNIT_EXPECT_GT(test, loads.failed, 0);
	KUNIT_EXPECT_FALSE_MSG(test, loads.left_a_device,
			       "a load failed, or was undone, and left its device");
	KUNIT_EXPECT_FALSE_MSG(test, loads.fails_unprovoked,
			       "a load failed although nothing else did");
	KUNIT_EXPECT_FALSE_MSG(test, loads.is_half_made,
			       "a load worked without memory, or without its claim");
	for_each_set_bit(err, loads.errors, MAX_ERRNO + 1)
		KUNIT_EXPECT_TRUE_MSG(test, err == ENOMEM || err == -other,
				      "a load failed with error -%lu", err);
}
EXPORT_SYMBOL_GPL(lab_kunit_expect_loads);

void lab_kunit_load_survives_every_failed_allocation(struct kunit *test)
{
	lab_kunit_expect_loads(test, 0);
}
EXPORT_SYMBOL_GPL(lab_kunit_load_survives_every_failed_allocation);
