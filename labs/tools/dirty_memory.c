// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty memory before each lab
 *
 * This is a tool of the tests, not a lab. While it is loaded, free memory is filled
 * with something whenever a lab is loaded, just before the lab's init function runs.
 */
#include <linux/module.h>

#include "dirty_memory.h"

/* Filling takes milliseconds, and some checks load a lab a thousand times. */
#define DIRTY_MEMORY_MOST 50

static int dirty_memory_notify(struct notifier_block *block,
			       unsigned long state, void *data)
{
	static unsigned int loads;
	struct module *module = data;

	if (state == MODULE_STATE_COMING && loads < DIRTY_MEMORY_MOST &&
	    !strncmp(module->name, "lab_", strlen("lab_"))) {
		loads++;
		dirty_free_memory();
	}
	return NOTIFY_DONE;
}

static struct notifier_block dirty_memory_notifier = {
	.notifier_call = dirty_memory_notify,
};

static int __init dirty_memory_init(void)
{
	return register_module_notifier(&dirty_memory_notifier);
}

static void __exit dirty_memory_exit(void)
{
	unregister_module_notifier(&dirty_memory_notifier);
}

module_init(dirty_memory_init);
module_exit(dirty_memory_exit);

MODULE_DESCRIPTION("kmaplab: memory of others for each lab to find");
MODULE_LICENSE("GPL");
