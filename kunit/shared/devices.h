/* SPDX-License-Identifier: GPL-2.0 */
/*
 * devices.h - open the labs' devices from within the kernel
 */
#ifndef KMAPLAB_DEVICES_H
#define KMAPLAB_DEVICES_H

#include <linux/fs.h>

int kmaplab_mount_devices(void);
void kmaplab_unmount_devices(void);

struct file *kmaplab_open(const char *name, int flags);
void kmaplab_close(struct file *file);

#endif /* KMAPLAB_DEVICES_H */
