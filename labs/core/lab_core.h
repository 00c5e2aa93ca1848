/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_core.h - the interface between a lab and lab_core.c
 *
 * A lab allocates memory, translates its addresses, maps it and frees it. The
 * rest is the same for every lab and is in lab_core.c: the device node with its
 * read(), write(), llseek() and ioctl().
 */
#ifndef LAB_CORE_H
#define LAB_CORE_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "lab.h"

struct vm_area_desc; /* older series do not have it */

/* The size of a lab's memory, in pages, if pages= is not given. */
#define LAB_DEFAULT_PAGES 4

/**
 * struct lab - one piece of memory and its device
 * @misc: the device; the lab sets name, fops and mode (LAB_MISCDEVICE())
 * @view: the kernel's own mapping of the memory, ordinary or I/O memory
 * @size: bytes that can be mapped, a multiple of PAGE_SIZE
 * @flags: LAB_INFO_* bits
 * @mappings: the number of user VMAs that map the memory now, if the lab counts
 *	them
 * @translate: set kernel_addr and pfn of page @index, which is below @size /
 *	PAGE_SIZE; cannot fail and may be called at any time
 * @ioctl: requests that only this lab has, or NULL; returns -ENOTTY for all
 *	others
 * @produce: put one record into the memory, or NULL; called under @lock; returns
 *	-ENOSPC or -EIO if the record is lost
 * @lock: only one fill, check, read or write at a time: a fill or check holds it
 *	from beginning to end, a read or write for one page at a time; user space
 *	writes through its mapping at any time and takes no lock
 * @stream: the work that calls @produce after LAB_IOC_STREAM
 * @left: how often it still has to
 */
struct lab {
	struct miscdevice misc;
	struct iosys_map view;
	size_t size;
	u32 flags;
	atomic_t mappings;
	void (*translate)(const struct lab *lab, unsigned long index,
			  struct lab_page *page);
	long (*ioctl)(struct lab *lab, unsigned int cmd, void __user *arg);
	int (*produce)(struct lab *lab);
	struct mutex lock; /* see above */
	struct work_struct stream;
	u64 left;
};

/*
 * Any free minor of the misc devices, not a major number of its own: a fixed
 * major may be taken already, and register_chrdev() takes all 256 minors of it.
 * 0600 because only root may read and write kernel memory.
 */
#define LAB_MISCDEVICE(name_, fops_) {					\
	.minor = MISC_DYNAMIC_MINOR,					\
	.name = (name_),						\
	.fops = (fops_),						\
	.mode = 0600,							\
}

/*
 * The file operations that all labs share. .owner must be the lab and not the
 * core: then each open file and each mapping holds a reference to the lab's
 * module, and neither its code nor its buffer can be removed while in use.
 */
#define LAB_FILE_OPERATIONS						\
	.owner = THIS_MODULE,						\
	.llseek = lab_llseek,						\
	.read = lab_read,						\
	.write = lab_write,						\
	.unlocked_ioctl = lab_ioctl,					\
	.compat_ioctl = compat_ptr_ioctl

/**
 * struct lab_number - a module parameter for which 0 and -1 differ from "not given"
 * @value: the number, if it is given
 * @given: whether the user gave the parameter
 */
struct lab_number {
	long value;
	bool given;
};

extern const struct kernel_param_ops lab_number_ops;

loff_t lab_llseek(struct file *file, loff_t offset, int whence);
ssize_t lab_read(struct file *file, char __user *buf, size_t count,
		 loff_t *pos);
ssize_t lab_write(struct file *file, const char __user *buf, size_t count,
		  loff_t *pos);
long lab_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

int lab_set_size(struct lab *lab, long pages, unsigned long max_pages);
int lab_refuse_mmap(const struct lab *lab, struct vm_area_struct *vma);
int lab_refuse_prepare(const struct lab *lab, struct vm_area_desc *desc);
int lab_register(struct lab *lab);
void lab_unregister(struct lab *lab);

/**
 * lab_of - the lab behind an open file
 * @file: a file that one of our devices opened
 *
 * misc_open() leaves the miscdevice in private_data.
 *
 * Return: the lab that the device belongs to.
 */
static inline struct lab *lab_of(const struct file *file)
{
	return container_of(file->private_data, struct lab, misc);
}

/**
 * lab_range_fits - does a mapping lie inside the memory?
 * @size: bytes of memory, a multiple of PAGE_SIZE
 * @pgoff: first page of the mapping, any value
 * @len: bytes of the mapping, a multiple of PAGE_SIZE, any value
 *
 * The obvious test, (pgoff << PAGE_SHIFT) + len <= size, is also true for very
 * large offsets, because the shift or the sum wraps around. So this compares in
 * pages and subtracts instead of adding: nothing here can wrap.
 *
 * Return: whether the whole mapping does.
 */
static inline bool lab_range_fits(size_t size, unsigned long pgoff,
				  unsigned long len)
{
	unsigned long pages = size >> PAGE_SHIFT;

	return pgoff < pages && len >> PAGE_SHIFT <= pages - pgoff;
}

#endif /* LAB_CORE_H */
