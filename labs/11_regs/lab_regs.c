// SPDX-License-Identifier: GPL-2.0
/*
 * Registers are not memory: the accessors
 *
 * A device sees each access: whether it was a read or a write, where it began, how
 * wide it was, and what came before it. Compiler and processor may join, split, leave
 * out and move accesses to memory. So a driver never follows a pointer to a device; it
 * calls a function whose name says what the device is to see.
 *
 * A program asks for one access at a time. From outside, the harness compares
 * what QEMU's device has seen with what was asked for; in user-mode Linux the suite
 * does, with the record of an emulated device.
 */
#include <linux/io.h>
/* On 32 bits an access of 64 becomes two: the low half first. */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "found_registers.h"
#include "lab_core.h"

static struct found_registers registers;

/*
 * One register: a number, of which the device has the lowest byte first
 *
 * That is so for any PCI device, whatever the CPU's own order is: the accessors swap
 * where they must. The width belongs to the register. A wider access also reaches the
 * registers beside it, and even a read may change those; and two narrow ones are not
 * the same as one wide.
 */
static void lab_regs_read(void __iomem *at, struct lab_access *access)
{
	if (access->width == 1)
		access->value = readb(at);
	else if (access->width == 2)
		access->value = readw(at);
	else if (access->width == 4)
		access->value = readl(at);
	else
		access->value = readq(at);
}

static void lab_regs_write(void __iomem *at, struct lab_access *access)
{
	if (access->width == 1)
		writeb(access->value, at);
	else if (access->width == 2)
		writew(access->value, at);
	else if (access->width == 4)
		writel(access->value, at);
	else
		writeq(access->value, at);
}

/*
 * One register of a device that has the highest byte first
 *
 * ioread and iowrite also serve I/O ports (lab_port). For memory they are the same as
 * those above, but only they have forms with the other order.
 */
static void lab_regs_read_be(void __iomem *at, struct lab_access *access)
{
	if (access->width == 2)
		access->value = ioread16be(at);
	else
		access->value = ioread32be(at);
}

static void lab_regs_write_be(void __iomem *at, struct lab_access *access)
{
	if (access->width == 2)
		iowrite16be(access->value, at);
	else
		iowrite32be(access->value, at);
}

/*
 * One register, behind which is a queue: again and again the same address
 *
 * What goes through it is a stream of bytes and no number: nothing is swapped.
 */
static void lab_regs_drain(void __iomem *at, struct lab_access *access)
{
	if (access->width == 1)
		ioread8_rep(at, access->bytes, access->count);
	else if (access->width == 2)
		ioread16_rep(at, access->bytes, access->count);
	else
		ioread32_rep(at, access->bytes, access->count);
}

static void lab_regs_feed(void __iomem *at, struct lab_access *access)
{
	if (access->width == 1)
		iowrite8_rep(at, access->bytes, access->count);
	else if (access->width == 2)
		iowrite16_rep(at, access->bytes, access->count);
	else
		iowrite32_rep(at, access->bytes, access->count);
}

/*
 * A range: memory of a device, for instance a frame buffer
 *
 * These may use any width, in any order, and touch a byte twice. So they are
 * for what behaves as memory, and not for registers that do something.
 */
static void lab_regs_set(void __iomem *at, struct lab_access *access)
{
	memset_io(at, access->value, access->count);
}

static void lab_regs_copy_from(void __iomem *at, struct lab_access *access)
{
	memcpy_fromio(access->bytes, at, access->count);
}

static void lab_regs_copy_to(void __iomem *at, struct lab_access *access)
{
	memcpy_toio(at, access->bytes, access->count);
}

/*
 * A job: some registers say what to do, and the last one starts it
 *
 * The relaxed accessors keep their order among each other, for one device, but not
 * towards memory. writel() comes after all that the driver has written before, also to
 * memory that the device will read.
 *
 * It may return before the write has arrived: a bridge on the way may keep it, it is
 * posted. A read of the same device is answered only after all writes before it. So a
 * driver that has to wait for 10 us, say, from the write on, reads first.
 */
static void lab_regs_submit(void __iomem *at, struct lab_access *access)
{
	const u32 *word = (const u32 *)access->bytes;
	void __iomem *last = at + 4 * (access->count - 1);

	for (; at < last; at += 4)
		writel_relaxed(*word++, at);
	writel(*word, last);
	access->value = readl(last);
}

/*
 * The only request: one access
 *
 * Which ones there are is in found_registers_allow(). One at a time, so that two jobs do not mix.
 * Nobody has the lock for longer than a few accesses. In lab_bar, where a request can last for
 * seconds, a signal ends the wait for it.
 */
static void (* const accesses[])(void __iomem *at, struct lab_access *access) = {
	[LAB_ACCESS_READ] = lab_regs_read,
	[LAB_ACCESS_WRITE] = lab_regs_write,
	[LAB_ACCESS_READ_BE] = lab_regs_read_be,
	[LAB_ACCESS_WRITE_BE] = lab_regs_write_be,
	[LAB_ACCESS_DRAIN] = lab_regs_drain,
	[LAB_ACCESS_FEED] = lab_regs_feed,
	[LAB_ACCESS_SET] = lab_regs_set,
	[LAB_ACCESS_COPY_FROM] = lab_regs_copy_from,
	[LAB_ACCESS_COPY_TO] = lab_regs_copy_to,
	[LAB_ACCESS_SUBMIT] = lab_regs_submit,
};

static long lab_regs_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	struct lab *lab = lab_of(file);
	struct lab_access access;

	if (cmd != LAB_IOC_ACCESS)
		return -ENOTTY;
	if (copy_from_user(&access, argp, sizeof(access)))
		return -EFAULT;
	if (!found_registers_allow(&access))
		return -EINVAL;
	mutex_lock(&lab->lock);
	accesses[access.how](registers.base + access.offset, &access);
	mutex_unlock(&lab->lock);
	return copy_to_user(argp, &access, sizeof(access)) ? -EFAULT : 0;
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_regs_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = lab_regs_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_regs", &lab_regs_fops),
};

static int __init lab_regs_init(void)
{
	int err;

	err = found_registers_get(&registers);
	if (err) {
		pr_err("lab_regs: no registers: error %d\n", err);
		return err;
	}

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	found_registers_give_back(&registers);
	return err;
}

static void __exit lab_regs_exit(void)
{
	lab_unregister(&lab);
	found_registers_give_back(&registers);
}

module_init(lab_regs_init);
module_exit(lab_regs_exit);

MODULE_DESCRIPTION("kmaplab: accesses to registers, as a device sees them");
MODULE_LICENSE("GPL");
