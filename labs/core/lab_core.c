// SPDX-License-Identifier: GPL-2.0
/*
 * The device of every lab
 *
 * How memory is allocated and mapped is the labs' own part. This file has the
 * part that they share: the device node, access to the memory through the
 * kernel's own mapping of it, and the guards before every mmap().
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "lab_compat.h"
#include "lab_core.h"
#include "lab_pattern.h"

/*
 * Sizes and bounds
 *
 * Every number from outside, a module parameter or an argument of mmap(), is
 * checked here before it is used.
 */

static int lab_number_set(const char *text, const struct kernel_param *param)
{
	struct lab_number *number = param->arg;
	int err = kstrtol(text, 0, &number->value);

	number->given = !err;
	return err;
}

static int lab_number_get(char *buffer, const struct kernel_param *param)
{
	const struct lab_number *number = param->arg;

	return number->given ? sysfs_emit(buffer, "%ld\n", number->value) :
			       sysfs_emit(buffer, "not given\n");
}

/* For module_param_cb(), with a struct lab_number as the argument. */
const struct kernel_param_ops lab_number_ops = {
	.set = lab_number_set,
	.get = lab_number_get,
};
EXPORT_SYMBOL_GPL(lab_number_ops);

/**
 * lab_set_size - turn a pages= parameter into the lab's size
 * @lab: the lab; its size is set
 * @pages: the parameter, any value
 * @max_pages: the largest number that the lab's allocator can serve
 *
 * Locking: none; called before the device exists.
 *
 * Return: 0, or -EINVAL, with a message in the log, if @pages is not 1 to
 * @max_pages.
 */
int lab_set_size(struct lab *lab, long pages, unsigned long max_pages)
{
	max_pages = min(max_pages, SIZE_MAX >> PAGE_SHIFT);
	if (pages < 1 || (unsigned long)pages > max_pages) {
		pr_err("%s: pages=%ld is out of range: 1 to %lu are possible\n",
		       lab->misc.name, pages, max_pages);
		return -EINVAL;
	}
	lab->size = (size_t)pages << PAGE_SHIFT;
	return 0;
}
EXPORT_SYMBOL_GPL(lab_set_size);

/* The guards, for ->mmap() and ->mmap_prepare() alike. */
static int lab_refuse(const struct lab *lab, unsigned long pgoff,
		      unsigned long len, vm_flags_t flags)
{
	/* Outside of the lab's memory is memory of others. */
	if (!lab_range_fits(lab->size, pgoff, len))
		return -EINVAL;

	/*
	 * The first store to a page of a private mapping makes a copy, which
	 * the kernel never sees: from then on the two sides differ. The test is
	 * for VM_MAYSHARE, which every MAP_SHARED mapping has. VM_SHARED is
	 * missing if the descriptor is read-only.
	 */
	if (!(flags & VM_MAYSHARE))
		return -EINVAL;

	/* Data is not code. The callers also remove VM_MAYEXEC. */
	return flags & VM_EXEC ? -EPERM : 0;
}

/**
 * lab_refuse_mmap - the guards before every mapping
 * @lab: the lab whose memory is to be mapped
 * @vma: the VMA that mmap() made; unless it is refused, it loses VM_MAYEXEC, so
 *	that no later mprotect() can make it executable
 *
 * The caller holds the mmap lock for writing, as ->mmap() does.
 *
 * Return: 0 if the lab may map @vma, else the error for mmap() to return.
 */
int lab_refuse_mmap(const struct lab *lab, struct vm_area_struct *vma)
{
	int err = lab_refuse(lab, vma->vm_pgoff, vma->vm_end - vma->vm_start,
			     vma->vm_flags);

	if (!err)
		vm_flags_clear(vma, VM_MAYEXEC);
	return err;
}
EXPORT_SYMBOL_GPL(lab_refuse_mmap);

#ifdef LAB_HAS_MMAP_PREPARE
/**
 * lab_refuse_prepare - the same guards, for ->mmap_prepare()
 * @lab: the lab whose memory is to be mapped
 * @desc: the VMA that mmap() is about to make; unless it is refused, it loses
 *	VMA_MAYEXEC_BIT
 *
 * Locking: none; only the caller uses @desc.
 *
 * Return: 0 if the lab may have @desc mapped, else the error for mmap() to
 * return.
 */
int lab_refuse_prepare(const struct lab *lab, struct vm_area_desc *desc)
{
	int err = lab_refuse(lab, desc->pgoff, vma_desc_size(desc),
			     vma_flags_to_legacy(desc->vma_flags));

	if (!err)
		vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	return err;
}
EXPORT_SYMBOL_GPL(lab_refuse_prepare);
#endif

/*
 * The kernel's side of the memory
 *
 * An iosys_map is the kernel's type for a mapping of either ordinary memory or
 * I/O memory. So the code below is the same for both: iosys_map reads ordinary
 * memory by a load and I/O memory by readl() and memcpy_fromio(), because an
 * address from ioremap() is for accessors only.
 */

/* A large buffer takes seconds: let other tasks run, and stop if killed. */
static int lab_pause(size_t offset)
{
	if (offset_in_page(offset))
		return 0;
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static int lab_fill(struct lab *lab, u64 seed)
{
	size_t offset;

	for (offset = 0; offset < lab->size; offset += sizeof(u32)) {
		if (lab_pause(offset))
			return -EINTR;
		iosys_map_wr(&lab->view, offset, u32,
			     lab_pattern_word(seed, offset / sizeof(u32)));
	}
	return 0;
}

static int lab_compare(struct lab *lab, struct lab_check *check)
{
	size_t offset;

	for (offset = 0; offset < lab->size; offset += sizeof(u32)) {
		u32 expected = lab_pattern_word(check->seed,
						offset / sizeof(u32));
		u32 found = iosys_map_rd(&lab->view, offset, u32);

		if (found != expected) {
			check->offset = offset;
			check->expected = expected;
			check->found = found;
			return 0;
		}
		if (lab_pause(offset))
			return -EINTR;
	}
	check->offset = LAB_NO_DIFFERENCE;
	check->expected = 0;
	check->found = 0;
	return 0;
}

/*
 * read(), write() and llseek()
 *
 * copy_to_user() may not read I/O memory, so for all labs the bytes go through a
 * page of ordinary memory. One step copies at most that page, so a signal can
 * interrupt the read of a large buffer.
 */

/**
 * lab_llseek - set the file position, 0 to the memory's size
 * @file: the open device
 * @offset: bytes, counted from @whence
 * @whence: SEEK_SET, SEEK_CUR or SEEK_END
 *
 * Return: the new position, or -EINVAL outside of the memory.
 */
loff_t lab_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, lab_of(file)->size);
}
EXPORT_SYMBOL_GPL(lab_llseek);

/* Bytes that the next step of a transfer may move; 0 at the end. */
static size_t lab_step(const struct lab *lab, size_t count, loff_t pos)
{
	if (pos < 0 || pos >= lab->size)
		return 0;
	count = min_t(size_t, count, lab->size - pos);
	return min_t(size_t, count, PAGE_SIZE);
}

/**
 * lab_read - copy from the memory to user space
 * @file: the open device
 * @buf: the destination
 * @count: bytes, any value
 * @pos: file position, moved by what was copied
 *
 * Locking: takes the lab's lock for each page of the transfer.
 *
 * Return: bytes copied, 0 at or past the end, fewer than @count if the memory
 * ends, @buf cannot be written further or a signal comes; -EFAULT, -EINTR or
 * -ENOMEM if nothing was copied.
 */
ssize_t lab_read(struct file *file, char __user *buf, size_t count,
		 loff_t *pos)
{
	struct lab *lab = lab_of(file);
	size_t step, left;
	ssize_t done = 0;
	int err = 0;
	void *page;

	page = (void *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	while (!err && (step = lab_step(lab, count - done, *pos)) > 0) {
		err = mutex_lock_killable(&lab->lock);
		if (err)
			break;
		iosys_map_memcpy_from(page, &lab->view, *pos, step);
		mutex_unlock(&lab->lock);

		left = copy_to_user(buf + done, page, step);
		if (left)
			err = -EFAULT;
		else if (signal_pending(current))
			err = -EINTR;
		*pos += step - left;
		done += step - left;
	}
	free_page((unsigned long)page);
	return done ?: err;
}
EXPORT_SYMBOL_GPL(lab_read);

/**
 * lab_write - copy from user space to the memory
 * @file: the open device
 * @buf: the source
 * @count: bytes, any value
 * @pos: file position, moved by what was copied
 *
 * Locking: takes the lab's lock for each page of the transfer.
 *
 * Return: bytes copied, fewer than @count if the memory ends, @buf cannot be
 * read further or a signal comes; -ENOSPC at the end, -EFAULT, -EINTR or
 * -ENOMEM if nothing was copied.
 */
ssize_t lab_write(struct file *file, const char __user *buf, size_t count,
		  loff_t *pos)
{
	struct lab *lab = lab_of(file);
	size_t step, left;
	ssize_t done = 0;
	int err = 0;
	void *page;

	if (count && !lab_step(lab, count, *pos))
		return -ENOSPC;

	page = (void *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	while (!err && (step = lab_step(lab, count - done, *pos)) > 0) {
		left = copy_from_user(page, buf + done, step);
		if (left)
			err = -EFAULT;
		step -= left;

		if (mutex_lock_killable(&lab->lock)) {
			err = -EINTR;
			break;
		}
		iosys_map_memcpy_to(&lab->view, *pos, page, step);
		mutex_unlock(&lab->lock);

		*pos += step;
		done += step;
		if (signal_pending(current))
			err = err ?: -EINTR;
	}
	free_page((unsigned long)page);
	return done ?: err;
}
EXPORT_SYMBOL_GPL(lab_write);

/*
 * ioctl()
 *
 * The labs show kernel addresses because this is what they teach. A real driver
 * would not: with an address an attacker can undo KASLR. So only a caller with
 * CAP_SYS_ADMIN gets them, whatever mode the node has.
 */

static long lab_ioctl_info(struct lab *lab, void __user *arg)
{
	struct lab_info info = {
		.size = lab->size,
		.page_size = PAGE_SIZE,
		.pages = lab->size >> PAGE_SHIFT,
		.mappings = atomic_read(&lab->mappings),
		.flags = lab->flags,
	};
	struct lab_page first = {};

	if (capable(CAP_SYS_ADMIN)) {
		lab->translate(lab, 0, &first);
		info.kernel_addr = first.kernel_addr;
		info.phys_addr = PFN_PHYS(first.pfn);
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long lab_ioctl_page(struct lab *lab, void __user *arg)
{
	struct lab_page page;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&page, arg, sizeof(page)))
		return -EFAULT;
	if (page.index >= lab->size >> PAGE_SHIFT)
		return -EINVAL;
	lab->translate(lab, page.index, &page);
	return copy_to_user(arg, &page, sizeof(page)) ? -EFAULT : 0;
}

static long lab_ioctl_fill(struct lab *lab, struct file *file,
			   void __user *arg)
{
	struct lab_fill fill;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&fill, arg, sizeof(fill)))
		return -EFAULT;
	err = mutex_lock_killable(&lab->lock);
	if (err)
		return err;
	err = lab_fill(lab, fill.seed);
	mutex_unlock(&lab->lock);
	return err;
}

static long lab_ioctl_check(struct lab *lab, struct file *file,
			    void __user *arg)
{
	struct lab_check check;
	int err;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (copy_from_user(&check, arg, sizeof(check)))
		return -EFAULT;
	err = mutex_lock_killable(&lab->lock);
	if (err)
		return err;
	err = lab_compare(lab, &check);
	mutex_unlock(&lab->lock);
	if (err)
		return err;
	return copy_to_user(arg, &check, sizeof(check)) ? -EFAULT : 0;
}

/*
 * Which frame is in the caller's page table? For ordinary pages
 * /proc/PID/pagemap answers that, but it leaves out VM_PFNMAP mappings, the
 * ones that remap_pfn_range() makes. So the lab reads the entry itself, and only
 * for a mapping of its own device.
 */
static int lab_look_up(struct vm_area_struct *vma, struct lab_user_page *user)
{
	struct follow_pfnmap_args args = {
		.vma = vma,
		.address = user->user_addr,
	};
	struct page *page;
	int err;

	if (vma->vm_flags & VM_PFNMAP) {
		err = follow_pfnmap_start(&args);
		if (err)
			return err;
		user->pfn = args.pfn;
		follow_pfnmap_end(&args);
		return 0;
	}
	/* These frames have a struct page, to which one may take a reference. */
	if (get_user_pages(user->user_addr, 1, 0, &page) != 1)
		return -EINVAL;
	user->pfn = page_to_pfn(page);
	put_page(page);
	return 0;
}

/*
 * The lock is held until the frame is known: without it another thread could
 * unmap the VMA that was checked, and map something else at the address.
 */
static int lab_find_user_pfn(struct file *file, struct lab_user_page *user)
{
	unsigned long address = user->user_addr;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int err = -EINVAL;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, address);
	if (address == user->user_addr && vma && vma->vm_file &&
	    file_inode(vma->vm_file) == file_inode(file))
		err = lab_look_up(vma, user);
	mmap_read_unlock(mm);
	return err;
}

static long lab_ioctl_user_page(struct file *file, void __user *arg)
{
	struct lab_user_page page;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&page, arg, sizeof(page)))
		return -EFAULT;
	err = lab_find_user_pfn(file, &page);
	if (err)
		return err;
	return copy_to_user(arg, &page, sizeof(page)) ? -EFAULT : 0;
}

/*
 * Records
 *
 * What a record is and where it goes is up to the lab. Here it is only asked for some,
 * at once or in the background. To produce is to write to the memory.
 */
static long lab_ioctl_produce(struct lab *lab, struct file *file,
			      void __user *arg)
{
	struct lab_produce produce;
	int err, last = 0;
	u32 i;

	if (!lab->produce)
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&produce, arg, sizeof(produce)))
		return -EFAULT;
	if (produce.count > LAB_PRODUCE_MOST)
		return -EINVAL;
	err = mutex_lock_killable(&lab->lock);
	if (err)
		return err;
	produce.stored = 0;
	for (i = 0; i < produce.count; i++) {
		err = lab->produce(lab);
		produce.stored += !err;
		last = err ?: last;
	}
	mutex_unlock(&lab->lock);
	if (produce.count && !produce.stored)
		return last;
	return copy_to_user(arg, &produce, sizeof(produce)) ? -EFAULT : 0;
}

/*
 * The stream: a device would produce in its interrupt, here a work does. It runs in a
 * thread of the kernel, on any processor, and outlives the descriptor of whoever has
 * asked for it. It takes the lock for each record, so that others come in between.
 */
static void lab_stream(struct work_struct *work)
{
	struct lab *lab = container_of(work, struct lab, stream);
	bool more = true;

	while (more) {
		mutex_lock(&lab->lock);
		lab->produce(lab);
		more = --lab->left;
		mutex_unlock(&lab->lock);
		cond_resched();
	}
}

static long lab_ioctl_stream(struct lab *lab, struct file *file,
			     void __user *arg)
{
	struct lab_stream stream;
	int err;

	if (!lab->produce)
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&stream, arg, sizeof(stream)))
		return -EFAULT;
	if (stream.count > LAB_STREAM_MOST)
		return -EINVAL;
	err = mutex_lock_killable(&lab->lock);
	if (err)
		return err;
	if (lab->left) {
		err = -EBUSY;
	} else if (stream.count) {
		lab->left = stream.count;
		queue_work(system_dfl_wq, &lab->stream);
	}
	mutex_unlock(&lab->lock);
	return err;
}

/**
 * lab_ioctl - the requests of lab.h
 * @file: the open device
 * @cmd: LAB_IOC_*, any value
 * @arg: user address of the structure that @cmd takes, any value
 *
 * Locking: fill, check and those that produce take the lab's lock.
 *
 * Return: 0, or the errors that lab.h lists.
 */
long lab_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct lab *lab = lab_of(file);
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case LAB_IOC_INFO:
		return lab_ioctl_info(lab, argp);
	case LAB_IOC_PAGE:
		return lab_ioctl_page(lab, argp);
	case LAB_IOC_FILL:
		return lab_ioctl_fill(lab, file, argp);
	case LAB_IOC_CHECK:
		return lab_ioctl_check(lab, file, argp);
	case LAB_IOC_USER_PAGE:
		return lab_ioctl_user_page(file, argp);
	case LAB_IOC_PRODUCE:
		return lab_ioctl_produce(lab, file, argp);
	case LAB_IOC_STREAM:
		return lab_ioctl_stream(lab, file, argp);
	default:
		return lab->ioctl ? lab->ioctl(lab, cmd, argp) : -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(lab_ioctl);

/*
 * Making and removing the device
 */

/**
 * lab_register - make /dev/NAME
 * @lab: a lab whose memory, size and translate() are ready: user space may
 *	use them before this function has returned
 *
 * Return: 0, or the error of misc_register(), with a message in the log; the
 * caller then has to free the memory.
 */
int lab_register(struct lab *lab)
{
	int err;

	mutex_init(&lab->lock);
	INIT_WORK(&lab->stream, lab_stream);
	err = misc_register(&lab->misc);
	if (err)
		pr_err("%s: cannot make the device: error %d\n",
		       lab->misc.name, err);
	return err;
}
EXPORT_SYMBOL_GPL(lab_register);

/**
 * lab_unregister - remove /dev/NAME
 * @lab: a registered lab
 *
 * Called from the lab's module_exit. That runs only when no file is open, and
 * then there is no mapping left: each VMA holds a reference to its file, and
 * each file one to .owner. Only a stream may still be running. Afterwards the
 * memory can be freed.
 */
void lab_unregister(struct lab *lab)
{
	misc_deregister(&lab->misc);
	cancel_work_sync(&lab->stream);
	mutex_destroy(&lab->lock);
}
EXPORT_SYMBOL_GPL(lab_unregister);

MODULE_DESCRIPTION("kmaplab: the device of every lab");
MODULE_LICENSE("GPL");
