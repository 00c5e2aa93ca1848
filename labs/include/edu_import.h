/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * edu_import.h - the requests of /dev/edu_import
 *
 * This file compiles unchanged in the kernel and in user space.
 */
#ifndef EDU_IMPORT_H
#define EDU_IMPORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "lab.h"

/**
 * struct edu_import - have the device reach a buffer
 * @fd: in: a dma-buf; the open file keeps it until the next one, or until it is closed
 */
struct edu_import {
	__s32 fd;
};

/**
 * struct edu_import_copy - have the device copy between that and its own memory
 * @offset: in: the first byte in the buffer
 * @inside: in: the first byte in the device's own memory, of LAB_DMA_INSIDE
 * @count: in: how many bytes
 * @to_device: in: 1: from the buffer to the device; 0: the other way
 * @reserved: in: ignored
 */
struct edu_import_copy {
	__u64 offset;
	__u32 inside;
	__u32 count;
	__u32 to_device;
	__u32 reserved;
};

/*
 *	EDU_IOC_IMPORT		EBADF: no open file; EINVAL: no dma-buf; ENOMEM; or the
 *				exporter's error; what was imported before stays
 *	EDU_IOC_IMPORT_COPY	ENXIO: nothing is imported; EINVAL: it lies outside;
 *				ETIMEDOUT: the device does not end
 *	LAB_IOC_CHECK		ENXIO; the processor's view of the whole buffer is
 *				compared with a pattern, as in lab.h
 */
#define EDU_IOC_IMPORT		_IOW(LAB_IOC_MAGIC, 22, struct edu_import)
#define EDU_IOC_IMPORT_COPY	_IOW(LAB_IOC_MAGIC, 23, struct edu_import_copy)

#endif /* EDU_IMPORT_H */
