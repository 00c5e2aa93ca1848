// SPDX-License-Identifier: GPL-2.0
/*
 * Where the devices are found
 *
 * The kernel's own mount of devtmpfs is the same file system that user space
 * has at /dev, but it is there before anything is mounted: a suite that is
 * built in runs before init.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/mount.h>

#include "devices.h"

static struct vfsmount *devices;

/**
 * kmaplab_mount_devices - mount devtmpfs, for the suites only
 *
 * Return: 0, -ENODEV if the kernel has no devtmpfs, or the error of mounting it.
 */
int kmaplab_mount_devices(void)
{
	struct file_system_type *type = get_fs_type("devtmpfs");

	if (!type)
		return -ENODEV;
	devices = kern_mount(type);
	return PTR_ERR_OR_ZERO(devices);
}

/**
 * kmaplab_unmount_devices - undo kmaplab_mount_devices()
 */
void kmaplab_unmount_devices(void)
{
	kern_unmount(devices);
}

/**
 * kmaplab_open - open a device
 * @name: below /dev
 * @flags: O_RDWR, O_RDONLY or O_WRONLY
 *
 * Return: the file, or the error of opening it as an ERR_PTR.
 */
struct file *kmaplab_open(const char *name, int flags)
{
	return file_open_root_mnt(devices, name, flags, 0);
}
EXPORT_SYMBOL_GPL(kmaplab_open);

/**
 * kmaplab_close - close a file, and wait until that is done
 * @file: an open file
 *
 * In a kernel thread fput() leaves the last step to a worker.
 */
void kmaplab_close(struct file *file)
{
	fput(file);
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(kmaplab_close);
