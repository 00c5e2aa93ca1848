// SPDX-License-Identifier: GPL-2.0
/*
 * Using a lab from a case as a program would: open, map, read, write, request
 */
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/random.h>
#include <linux/uaccess.h>

#include "lab_kunit.h"
#include "lab_kunit_compat.h"
#include "lab_pattern.h"

/* Of user memory, so that a transfer can cross the end of a page. */
#define LAB_KUNIT_SCRATCH (2 * PAGE_SIZE)

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "what the contents follow from (default: random)");

static struct vfsmount *devices;

/*
 * The suite and its cases
 */

/**
 * lab_kunit_suite_init - prepare for the cases, for kunit_suite
 * @suite: the suite that begins
 *
 * Return: 0.
 */
int lab_kunit_suite_init(struct kunit_suite *suite)
{
	lab_kunit_keep_mm();
	return 0;
}
EXPORT_SYMBOL_GPL(lab_kunit_suite_init);

/**
 * lab_kunit_suite_exit - undo lab_kunit_suite_init()
 * @suite: the suite that ends
 */
void lab_kunit_suite_exit(struct kunit_suite *suite)
{
	lab_kunit_drop_mm();
}
EXPORT_SYMBOL_GPL(lab_kunit_suite_exit);

/**
 * lab_kunit_begin - say in the kernel log that a case begins, and in which thread
 * @test: the case
 *
 * What the kernel reports from here on, up to the case's result, is the case's;
 * so is what the thread of this number has allocated and lost.
 */
void lab_kunit_begin(struct kunit *test)
{
	pr_info("kmaplab: case %s pid %d\n", test->name, task_pid_nr(current));
}
EXPORT_SYMBOL_GPL(lab_kunit_begin);

/**
 * lab_kunit_init - open the device and get some user memory, for kunit_suite.init
 * @test: the case; its priv is set
 * @name: of the device and of the module
 * @fresh: what every word of the memory holds after the module was loaded
 *
 * Return: 0, or the error of opening the device.
 */
int lab_kunit_init(struct kunit *test, const char *name, u32 fresh)
{
	struct lab_kunit *this;
	unsigned long scratch;

	lab_kunit_begin(test);
	this = kunit_kzalloc(test, sizeof(*this), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, this);
	this->name = name;
	this->fresh = fresh;

	scratch = kunit_vm_mmap(test, NULL, 0, LAB_KUNIT_SCRATCH,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_NE_MSG(test, 0, scratch, "the case has no address space");
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(scratch));
	this->scratch = (void __user *)scratch;
	this->mm = lab_kunit_hold_mm();
	test->priv = this;
	/* Touched now, so that no page fault allocates in the middle of a case. */
	KUNIT_ASSERT_EQ(test, 0, clear_user(this->scratch, LAB_KUNIT_SCRATCH));

	if (lab_kunit_left_a_device(name))
		this->file = ERR_PTR(-EBUSY);
	else
		this->file = lab_kunit_open(name, O_RDWR);
	if (IS_ERR(this->file)) {
		int err = PTR_ERR(this->file);

		kunit_err(test, "no /dev/%s: load the module first", name);
		this->file = NULL;
		lab_kunit_exit(test);
		return err;
	}
	this->lab = lab_of(this->file);
	return 0;
}
EXPORT_SYMBOL_GPL(lab_kunit_init);

/**
 * lab_kunit_exit - close the device, for kunit_suite.exit
 * @test: the case, which may have failed anywhere
 */
void lab_kunit_exit(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);

	if (!this)
		return;
	test->priv = NULL;
	lab_kunit_empty_mm(test, this->mm);
	if (this->file)
		lab_kunit_close(this->file);
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(lab_kunit_exit);

/**
 * lab_kunit_seed - another seed for each call, all of them from the run's
 * @test: the case
 *
 * Return: the seed.
 */
u64 lab_kunit_seed(struct kunit *test)
{
	static u64 calls;

	return lab_pattern_mix(seed + ++calls);
}
EXPORT_SYMBOL_GPL(lab_kunit_seed);

/*
 * Files and mappings
 */

/**
 * lab_kunit_open - open a device
 * @name: below /dev
 * @flags: O_RDWR, O_RDONLY or O_WRONLY
 *
 * Return: the file, or the error of opening it as an ERR_PTR.
 */
struct file *lab_kunit_open(const char *name, int flags)
{
	return file_open_root_mnt(devices, name, flags, 0);
}
EXPORT_SYMBOL_GPL(lab_kunit_open);

/**
 * lab_kunit_close - drop a file, now
 * @file: an open file
 *
 * A kernel thread's fput() leaves the last step to a worker; this waits for it.
 */
void lab_kunit_close(struct file *file)
{
	fput(file);
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(lab_kunit_close);

/**
 * lab_kunit_map - map the device for the rest of the case
 * @test: the case
 * @pgoff: first page
 * @pages: how many
 *
 * Return: the address; ends the case if it cannot be mapped, and skips it where
 * user space cannot have such a mapping.
 */
unsigned long lab_kunit_map(struct kunit *test, unsigned long pgoff,
			    unsigned long pages)
{
	struct lab_kunit *this = lab_kunit_of(test);
	unsigned long addr;

	if (IS_ENABLED(CONFIG_UML) && this->lab->view.is_iomem)
		kunit_skip(test, "emulated I/O memory has no frames to map");

	addr = kunit_vm_mmap(test, this->file, 0, pages << PAGE_SHIFT,
			     PROT_READ | PROT_WRITE, MAP_SHARED,
			     pgoff << PAGE_SHIFT);
	KUNIT_ASSERT_NE(test, 0, addr);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr),
			       "mmap of %lu pages at page %lu: error %ld",
			       pages, pgoff, (long)addr);
	return addr;
}
EXPORT_SYMBOL_GPL(lab_kunit_map);

/**
 * lab_kunit_unmap - unmap before the case's end
 * @test: the case
 * @addr: what lab_kunit_map() gave, or a page behind it
 * @pages: how many
 */
void lab_kunit_unmap(struct kunit *test, unsigned long addr,
		     unsigned long pages)
{
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, pages << PAGE_SHIFT));
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(lab_kunit_unmap);

/* So far from all else that a mapping there needs page tables of its own. */
#define LAB_KUNIT_FAR_AWAY BIT(31)

/**
 * lab_kunit_try_map - map and, if that worked, unmap again
 * @file: the device
 * @pgoff: first page, any value
 * @len: bytes, any value
 * @prot: PROT_* bits
 * @flags: MAP_* bits
 *
 * Return: 0, or what mmap() refused it with.
 */
long lab_kunit_try_map(struct file *file, unsigned long pgoff,
		       unsigned long len, unsigned long prot,
		       unsigned long flags)
{
	unsigned long addr = vm_mmap(file, LAB_KUNIT_FAR_AWAY, len, prot, flags,
				     pgoff << PAGE_SHIFT);

	if (IS_ERR_VALUE(addr))
		return (long)addr;
	/* It needs memory too, and a case may have let that one fail. */
	if (vm_munmap(addr, len))
		vm_munmap(addr, len);
	flush_delayed_fput();
	return 0;
}
EXPORT_SYMBOL_GPL(lab_kunit_try_map);

/*
 * Requests and transfers: through user memory, as the device expects it
 */

/**
 * lab_kunit_request - ioctl()
 * @test: the case
 * @file: the device
 * @cmd: any number
 * @arg: the structure that goes with it; holds the answer afterwards
 * @size: its size in bytes
 *
 * Return: what the device returned.
 */
long lab_kunit_request(struct kunit *test, struct file *file,
		       unsigned int cmd, void *arg, size_t size)
{
	void __user *scratch = lab_kunit_of(test)->scratch;
	long ret;

	KUNIT_ASSERT_LE(test, size, LAB_KUNIT_SCRATCH);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(scratch, arg, size));
	ret = file->f_op->unlocked_ioctl(file, cmd, (unsigned long)scratch);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(arg, scratch, size));
	return ret;
}
EXPORT_SYMBOL_GPL(lab_kunit_request);

/**
 * lab_kunit_fill - LAB_IOC_FILL
 * @test: the case
 * @seed: of the pattern
 *
 * Return: what the device returned.
 */
long lab_kunit_fill(struct kunit *test, u64 seed)
{
	struct lab_fill fill = { .seed = seed };

	return lab_kunit_request(test, lab_kunit_of(test)->file, LAB_IOC_FILL,
				 &fill, sizeof(fill));
}
EXPORT_SYMBOL_GPL(lab_kunit_fill);

/**
 * lab_kunit_check - LAB_IOC_CHECK
 * @test: the case
 * @check: the seed goes in, what was found comes out
 *
 * Return: what the device returned.
 */
long lab_kunit_check(struct kunit *test, struct lab_check *check)
{
	return lab_kunit_request(test, lab_kunit_of(test)->file, LAB_IOC_CHECK,
				 check, sizeof(*check));
}
EXPORT_SYMBOL_GPL(lab_kunit_check);

/**
 * lab_kunit_read - read()
 * @test: the case
 * @to: where to, kernel memory
 * @count: bytes, two pages at most
 * @pos: offset in bytes, any value
 *
 * Return: what the device returned.
 */
ssize_t lab_kunit_read(struct kunit *test, void *to, size_t count, loff_t pos)
{
	struct lab_kunit *this = lab_kunit_of(test);
	ssize_t ret;

	KUNIT_ASSERT_LE(test, count, LAB_KUNIT_SCRATCH);
	ret = this->file->f_op->read(this->file, this->scratch, count, &pos);
	if (ret > 0)
		KUNIT_ASSERT_EQ(test, 0,
				copy_from_user(to, this->scratch, ret));
	return ret;
}
EXPORT_SYMBOL_GPL(lab_kunit_read);

/**
 * lab_kunit_write - write()
 * @test: the case
 * @from: where from, kernel memory
 * @count: bytes, two pages at most
 * @pos: offset in bytes, any value
 *
 * Return: what the device returned.
 */
ssize_t lab_kunit_write(struct kunit *test, const void *from, size_t count,
			loff_t pos)
{
	struct lab_kunit *this = lab_kunit_of(test);

	KUNIT_ASSERT_LE(test, count, LAB_KUNIT_SCRATCH);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(this->scratch, from, count));
	return this->file->f_op->write(this->file, this->scratch, count, &pos);
}
EXPORT_SYMBOL_GPL(lab_kunit_write);

/*
 * Where the devices are found
 *
 * The kernel's own mount of devtmpfs is the same file system that user space
 * has at /dev, but it is there before anything is mounted: a suite that is
 * built in runs before init.
 */
static int __init lab_kunit_start(void)
{
	struct file_system_type *type = get_fs_type("devtmpfs");
	int err;

	if (!type)
		return -ENODEV;
	devices = kern_mount(type);
	if (IS_ERR(devices))
		return PTR_ERR(devices);

	err = lab_kunit_watch_loads();
	if (err)
		goto unmount;

	if (!seed)
		seed = get_random_u64();
	pr_info("lab_kunit: seed=0x%llx\n", seed);
	return 0;

unmount:
	kern_unmount(devices);
	return err;
}

static void __exit lab_kunit_stop(void)
{
	lab_kunit_ignore_loads();
	kern_unmount(devices);
}

/* Before the suites of a kernel that has all of this built in. */
subsys_initcall(lab_kunit_start);
module_exit(lab_kunit_stop);

MODULE_DESCRIPTION("kmaplab: what the KUnit suites share");
MODULE_LICENSE("GPL");
