// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection, for the thread that asks for it
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "faults.h"

#ifdef CONFIG_FAULT_INJECTION
/**
 * kmaplab_fail_nth - let an allocation of this thread fail
 * @n: which one, from now on; 1 is the next
 *
 * A copy from or to user space counts as one, too.
 */
void kmaplab_fail_nth(unsigned int n)
{
	current->fail_nth = n;
}

/**
 * kmaplab_fail_none - let no further allocation of this thread fail
 *
 * Return: how many were still to be counted; 0 if one has failed.
 */
unsigned int kmaplab_fail_none(void)
{
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	return left;
}
#else
void kmaplab_fail_nth(unsigned int n)
{
}

unsigned int kmaplab_fail_none(void)
{
	return 0;
}
#endif

/* debugfs keeps the address of the variable that such a file shows in private_data. */
static int set_switch(const char *path, bool on)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	bool *variable;

	if (IS_ERR(file))
		return PTR_ERR(file);
	variable = file->private_data;
	WRITE_ONCE(*variable, on);
	return filp_close(file, NULL);
}

/**
 * kmaplab_spare_those_that_wait - choose which allocations can be made to fail
 * @spare: only those that may not wait for memory; otherwise all
 *
 * This holds for all threads.
 *
 * Return: 0 or an error, for instance because debugfs is not mounted.
 */
int kmaplab_spare_those_that_wait(bool spare)
{
	int err = set_switch("/sys/kernel/debug/failslab/ignore-gfp-wait", spare);

	return err ?: set_switch("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait",
				 spare);
}

/**
 * kmaplab_can_fail - can allocations be made to fail?
 *
 * Return: whether both those of kmalloc() and those of whole pages can.
 */
bool kmaplab_can_fail(void)
{
	void *object, *page;

	kmaplab_fail_nth(1);
	object = kmalloc(64, GFP_KERNEL);
	kmaplab_fail_none();
	kmaplab_fail_nth(1);
	page = (void *)__get_free_page(GFP_KERNEL);
	kmaplab_fail_none();
	kfree(object);
	free_page((unsigned long)page);
	return !object && !page;
}
