// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites share: loaded before them, and before the labs that they test
 */
#include <linux/module.h>

#include "case.h"
#include "devices.h"
#include "loads.h"

static int __init kmaplab_start(void)
{
	int err = kmaplab_mount_devices();

	if (err)
		return err;
	err = kmaplab_watch_loads();
	if (err) {
		kmaplab_unmount_devices();
		return err;
	}
	kmaplab_choose_seed();
	return 0;
}

static void __exit kmaplab_stop(void)
{
	kmaplab_ignore_loads();
	kmaplab_unmount_devices();
}

/* Before the suites of a kernel that has all of this built in. */
subsys_initcall(kmaplab_start);
module_exit(kmaplab_stop);

MODULE_DESCRIPTION("kmaplab: what the KUnit suites share");
MODULE_LICENSE("GPL");
