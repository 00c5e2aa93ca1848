// SPDX-License-Identifier: GPL-2.0
/*
 * What each case begins and ends with: an address space, an open device, a seed
 */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/uaccess.h>

#include "case.h"
#include "devices.h"
#include "lab_pattern.h"
#include "loads.h"
#include "log.h"
#include "space.h"

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "what the contents follow from (default: random)");

/**
 * kmaplab_choose_seed - take a random seed, unless one was asked for
 */
void kmaplab_choose_seed(void)
{
	if (!seed)
		seed = get_random_u64();
	pr_info("kmaplab_kunit: seed=0x%llx\n", seed);
}

/**
 * kmaplab_next_seed - another seed for each call, all of them from the run's
 *
 * Return: the seed.
 */
u64 kmaplab_next_seed(void)
{
	static u64 calls;

	return lab_pattern_mix(seed + ++calls);
}
EXPORT_SYMBOL_GPL(kmaplab_next_seed);

/**
 * kmaplab_suite_init - prepare for the cases, for kunit_suite
 * @suite: the suite that begins
 *
 * Return: 0.
 */
int kmaplab_suite_init(struct kunit_suite *suite)
{
	kmaplab_prepare_mm();
	return 0;
}
EXPORT_SYMBOL_GPL(kmaplab_suite_init);

/**
 * kmaplab_suite_exit - undo kmaplab_suite_init()
 * @suite: the suite that ends
 */
void kmaplab_suite_exit(struct kunit_suite *suite)
{
	kmaplab_release_mm();
}
EXPORT_SYMBOL_GPL(kmaplab_suite_exit);

/**
 * kmaplab_begin - write to the kernel log that a case begins, and in which thread
 * @test: the case
 */
void kmaplab_begin(struct kunit *test)
{
	kmaplab_log_case(test->name);
}
EXPORT_SYMBOL_GPL(kmaplab_begin);

/* A device that a failed load left behind leads to a module that is gone. */
static struct file *open_device(const char *name)
{
	const struct kmaplab_loads *loads = kmaplab_loads_of(name);

	if (loads && loads->left_a_device)
		return ERR_PTR(-EBUSY);
	return kmaplab_open(name, O_RDWR);
}

/* If its load failed, that is the reason, and only one case has more to say. */
static int do_without_lab(struct kunit *test, int err)
{
	const char *name = kmaplab_case_of(test)->name;
	const struct kmaplab_loads *loads = kmaplab_loads_of(name);

	if (loads && loads->failed + loads->loaded &&
	    !strcmp(test->name, KMAPLAB_LOADS_CASE))
		return 0;
	if (loads && loads->error)
		kunit_skip(test, KMAPLAB_NOT_LOADED);
	kunit_err(test, "no /dev/%s: load the module first", name);
	return err;
}

/**
 * kmaplab_init - open the device and get some user memory, for kunit_suite.init
 * @test: the case; its priv is set
 * @name: of the device and of the module
 * @fresh: what every word of the memory holds after the module was loaded
 *
 * Return: 0, or the error of opening the device.
 */
int kmaplab_init(struct kunit *test, const char *name, u32 fresh)
{
	struct kmaplab_case *this;
	unsigned long scratch;

	kmaplab_begin(test);
	this = kunit_kzalloc(test, sizeof(*this), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, this);
	this->name = name;
	this->fresh = fresh;

	scratch = kmaplab_vm_mmap(test, NULL, KMAPLAB_SCRATCH,
				  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_NE_MSG(test, 0, scratch, "the case has no address space");
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(scratch));
	this->scratch = (void __user *)scratch;
	this->mm = kmaplab_hold_mm();
	test->priv = this;
	/* Touched now, so that no page fault allocates in the middle of a case. */
	KUNIT_ASSERT_EQ(test, 0, clear_user(this->scratch, KMAPLAB_SCRATCH));

	this->file = open_device(name);
	if (IS_ERR(this->file)) {
		int err = PTR_ERR(this->file);

		this->file = NULL;
		return do_without_lab(test, err);
	}
	this->lab = lab_of(this->file);
	return 0;
}
EXPORT_SYMBOL_GPL(kmaplab_init);

/**
 * kmaplab_exit - close the device, for kunit_suite.exit
 * @test: the case, which may have failed anywhere
 */
void kmaplab_exit(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	if (!this)
		return;
	test->priv = NULL;
	kmaplab_empty_mm(test, this->mm);
	if (this->file)
		kmaplab_close(this->file);
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(kmaplab_exit);
