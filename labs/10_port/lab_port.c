// SPDX-License-Identifier: GPL-2.0
/*
 * I/O ports beside I/O memory
 *
 * Processors of the x86 family have a second address space, in which there are only
 * devices: 65536 ports of one byte each. No load or store reaches them, and no page
 * table maps them, but two instructions of their own, in and out. All other
 * processors have devices in the one address space that there is; where a bus has
 * ports all the same, as PCI has, the machine has a window of I/O memory for them, and
 * port N is byte N of the window.
 *
 * QEMU's pci-testdev has the same registers behind a BAR of memory and behind a BAR
 * of ports. So this driver can try both, in the two ways that a driver has: by the
 * number of a port, or by a cookie that stands for either. (testdev_driver.c finds the
 * device.)
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "lab_core.h"
#include "testdev.h"
#include "testdev_driver.h"

static int bar = TESTDEV_PORTS;
module_param(bar, int, 0444);
MODULE_PARM_DESC(bar, "number of the BAR: 1, the ports (default), or 0, the memory");

static bool numbers;
module_param(numbers, bool, 0444);
MODULE_PARM_DESC(numbers, "use ports by their numbers: inb() and outb() (default: ioread8() of a cookie)");

static uint bytes;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "bytes of the BAR to use, from its start (default: all)");

/* The device, and how it is reached. */
static struct {
	bool is_there;
	u32 size;
	unsigned long first; /* number of the first port */
	void __iomem *cookie;
} testdev;

/* One request at a time; and none while the device goes. */
static DEFINE_MUTEX(lab_port_lock);

/*
 * Get: claim the BAR, and have an address for it
 *
 * A cookie may stand for either kind. Numbers are for ports only: the address of a BAR
 * of memory, taken for a number, would lead to a port of some other device.
 *
 * A port has its number, and there is no page table to enter it in, so to use it by
 * number nothing has to be mapped. pcim_iomap() looks at the kind of the BAR: memory
 * it maps by ioremap(), and for ports it calls ioport_map(). On x86 that maps nothing
 * either: it adds 64 KiB to the number, so that accessors can tell it from an address.
 */
static int lab_port_get(struct pci_dev *pdev)
{
	int err = testdev_claim(pdev, bar, IORESOURCE_IO |
				(numbers ? 0 : IORESOURCE_MEM));

	if (err)
		return err;
	testdev.size = bytes ?: pci_resource_len(pdev, bar);
	if (testdev.size < TESTDEV_LEAST ||
	    testdev.size > pci_resource_len(pdev, bar)) {
		pci_err(pdev, "lab_port: %u bytes of BAR %d are too few or too many\n",
			testdev.size, bar);
		return -EINVAL;
	}
	testdev.first = pci_resource_start(pdev, bar);
	testdev.cookie = pcim_iomap(pdev, bar, testdev.size);
	return testdev.cookie ? 0 : -ENOMEM;
}

/*
 * Access: by number, or by cookie
 *
 * inb() takes a number and is an instruction of x86; elsewhere it is a load from
 * the window. ioread8() takes a cookie and does the right thing for either kind, which
 * on x86 costs it a comparison for each access. Both outb() and iowrite8() take the
 * value first and then the place: most functions have it the other way round.
 */
static u8 lab_port_get8(unsigned int offset)
{
	return numbers ? inb(testdev.first + offset) :
			 ioread8(testdev.cookie + offset);
}

static u32 lab_port_get32(unsigned int offset)
{
	return numbers ? inl(testdev.first + offset) :
			 ioread32(testdev.cookie + offset);
}

static void lab_port_put8(u8 value, unsigned int offset)
{
	if (numbers)
		outb(value, testdev.first + offset);
	else
		iowrite8(value, testdev.cookie + offset);
}

/*
 * What the device says
 *
 * The name is read byte after byte: ioread8_rep() and insb() read one register again
 * and again. And what a device says is input as well: it may be broken, or switched
 * off, and then all bits are set, or none.
 */
static int lab_port_look(struct lab_port *port)
{
	unsigned int i;

	port->width = lab_port_get8(TESTDEV_WIDTH);
	port->offset = lab_port_get32(TESTDEV_OFFSET);
	port->data = lab_port_get32(TESTDEV_DATA);
	if (port->width != sizeof(u8) || port->offset >= testdev.size)
		return -EIO;
	for (i = 0; i < TESTDEV_NAME_SIZE; i++)
		port->name[i] = lab_port_get8(TESTDEV_NAME + i);
	return 0;
}

/*
 * Have the device count
 *
 * A write to memory may still be under way when the processor goes on; a write to a
 * port has arrived. Reading the same device back makes sure of both.
 */
static int lab_port_write(struct lab_port *port)
{
	u32 i;
	int err;

	if (port->begin)
		lab_port_put8(TESTDEV_PLAIN, TESTDEV_TEST);
	err = lab_port_look(port);
	if (err)
		return err;
	for (i = 0; i < port->writes; i++)
		lab_port_put8(port->data, port->offset);
	port->count = lab_port_get32(TESTDEV_COUNT);
	return 0;
}

/*
 * The only request: so many writes, and what the device says of them
 */
static long lab_port_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	struct lab_port port;
	int err;

	if (cmd != LAB_IOC_PORT)
		return -ENOTTY;
	if (copy_from_user(&port, argp, sizeof(port)))
		return -EFAULT;
	if (port.writes > LAB_PORT_MOST || port.begin > 1)
		return -EINVAL;
	err = mutex_lock_interruptible(&lab_port_lock);
	if (err)
		return err;
	err = testdev.is_there ? lab_port_write(&port) : -ENODEV;
	mutex_unlock(&lab_port_lock);
	if (!err && copy_to_user(argp, &port, sizeof(port)))
		err = -EFAULT;
	return err;
}

/*
 * The device node
 */
static const struct file_operations lab_port_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = lab_port_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_port", &lab_port_fops),
};

/*
 * Add: called when the device is found; the last thing is the node
 */
static int lab_port_add(struct pci_dev *pdev)
{
	struct lab_port port = { .begin = 1 };
	int err = lab_port_get(pdev);

	if (err)
		return err;
	err = lab_port_write(&port);
	if (err) {
		pci_err(pdev, "lab_port: this is no pci-testdev, or it is silent\n");
		return err;
	}
	testdev.is_there = true;
	err = lab_register(&lab);
	if (err)
		testdev.is_there = false;
	return err;
}

/*
 * Remove: at the end, or when the device is taken out of the machine
 *
 * Then a program may still have the node open. Its requests fail from here on. What is
 * managed is undone afterwards.
 */
static void lab_port_remove(struct pci_dev *pdev)
{
	lab_unregister(&lab);
	mutex_lock(&lab_port_lock);
	testdev.is_there = false;
	mutex_unlock(&lab_port_lock);
}

static int __init lab_port_init(void)
{
	return testdev_register(lab_port_add, lab_port_remove);
}

static void __exit lab_port_exit(void)
{
	testdev_unregister();
}

module_init(lab_port_init);
module_exit(lab_port_exit);

MODULE_DESCRIPTION("kmaplab: I/O ports and I/O memory of a PCI device, by one driver");
MODULE_LICENSE("GPL");
