// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of a PCI device
 *
 * QEMU's edu device has registers behind its BAR 0. They are not memory: what is
 * read need not be what was written, a write can start something, and each must be
 * accessed as 32 bits at once. The driver reaches them through accessors, and waits
 * for the device's interrupt. A program can map the same registers; then it needs
 * the driver only for interrupts.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "edu_registers.h"
#include "lab_compat.h"
#include "lab_core.h"

static bool intx;
module_param(intx, bool, 0444);
MODULE_PARM_DESC(intx, "use the interrupt line (default: a message, where there are any)");

/**
 * struct edu - the device and its node
 * @lab: the node and the guards before mmap(); whoever has the device do something
 *	holds its lock
 * @pdev: the device, from probe() to remove()
 * @registers: the kernel's mapping of the page with the registers
 * @interrupts: how many came since the load
 * @came: reasons of interrupts that came since the request under way began
 * @wait: where that request waits
 */
struct edu {
	struct lab lab;
	struct pci_dev *pdev;
	void __iomem *registers;
	atomic_t interrupts;
	atomic_t came;
	wait_queue_head_t wait;
};

static struct edu edu;

/*
 * Is it this device, and is it alive?
 *
 * A driver that trusts vendor and device number alone may write to the registers of
 * another version of the device. A device that is not there at all reads as all ones.
 */
static u32 edu_invert(u32 word)
{
	iowrite32(word, edu.registers + EDU_LIVE);
	return ioread32(edu.registers + EDU_LIVE);
}

static int edu_identify(struct pci_dev *pdev)
{
	const u32 word = 0x600df00d;
	u32 id = ioread32(edu.registers + EDU_ID);

	if ((id & EDU_ID_MASK) != EDU_ID_EXPECTED) {
		pci_err(pdev, "0x%08x is not what an edu device says\n", id);
		return -ENODEV;
	}
	if (edu_invert(word) != ~word) {
		pci_err(pdev, "the device does not answer\n");
		return -EIO;
	}
	return 0;
}

/*
 * Answer an interrupt
 *
 * A line is shared with other devices, so the handler first asks whether it was
 * this one. It must acknowledge what it has seen, and nothing else: a line stays
 * raised as long as there is a reason, and a reason that is acknowledged unseen is
 * lost.
 */
static irqreturn_t edu_answer(int irq, void *data)
{
	u32 reasons = ioread32(edu.registers + EDU_REASONS);

	if (!reasons)
		return IRQ_NONE;
	iowrite32(reasons, edu.registers + EDU_ACKNOWLEDGE);
	atomic_inc(&edu.interrupts);
	atomic_or(reasons, &edu.came);
	wake_up(&edu.wait);
	return IRQ_HANDLED;
}

/*
 * Wait for an interrupt, but not for ever: a device can be broken
 *
 * Earlier interrupts are forgotten before the device is told to begin. If they were
 * forgotten afterwards, its answer might already have come, and be forgotten, too.
 */
static int edu_tell_and_wait(u32 word, unsigned int offset, u32 reasons,
			     unsigned int wait_ms)
{
	long left;

	atomic_set(&edu.came, 0);
	iowrite32(word, edu.registers + offset);
	left = wait_event_interruptible_timeout(edu.wait,
						atomic_read(&edu.came) & reasons,
						msecs_to_jiffies(wait_ms));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/*
 * The requests: one program at a time has the device do something
 */
static int edu_live(struct edu_live *live)
{
	live->id = ioread32(edu.registers + EDU_ID);
	live->answer = edu_invert(live->word);
	live->interrupts = atomic_read(&edu.interrupts);
	return 0;
}

static int edu_factorial(struct edu_factorial *factorial)
{
	int err;

	if (factorial->number > EDU_MOST_FACTORIAL)
		return -ERANGE;
	/* A program may have told it to compute; then it takes no other number. */
	if (ioread32(edu.registers + EDU_STATUS) & EDU_STATUS_COMPUTING)
		return -EBUSY;
	iowrite32(EDU_STATUS_INTERRUPT, edu.registers + EDU_STATUS);
	err = edu_tell_and_wait(factorial->number, EDU_FACTORIAL,
				EDU_REASON_FACTORIAL, EDU_MOST_WAIT);
	iowrite32(0, edu.registers + EDU_STATUS);
	if (!err)
		factorial->factorial = ioread32(edu.registers + EDU_FACTORIAL);
	return err;
}

static int edu_interrupt(struct edu_interrupt *interrupt)
{
	int err;

	if (interrupt->wait_ms > EDU_MOST_WAIT)
		return -EINVAL;
	err = edu_tell_and_wait(interrupt->reasons, EDU_RAISE,
				interrupt->reasons, interrupt->wait_ms);
	interrupt->reasons &= atomic_read(&edu.came);
	return err;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	union {
		struct edu_live live;
		struct edu_factorial factorial;
		struct edu_interrupt interrupt;
	} request;
	void __user *argp = (void __user *)arg;
	int err;

	if (cmd != EDU_IOC_LIVE && cmd != EDU_IOC_FACTORIAL &&
	    cmd != EDU_IOC_INTERRUPT)
		return -ENOTTY;
	if (copy_from_user(&request, argp, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = mutex_lock_interruptible(&edu.lab.lock);
	if (err)
		return err;
	if (cmd == EDU_IOC_LIVE)
		err = edu_live(&request.live);
	else if (cmd == EDU_IOC_FACTORIAL)
		err = edu_factorial(&request.factorial);
	else
		err = edu_interrupt(&request.interrupt);
	mutex_unlock(&edu.lab.lock);
	if (!err && copy_to_user(argp, &request, _IOC_SIZE(cmd)))
		err = -EFAULT;
	return err;
}

/*
 * Map: the page of the registers
 *
 * vm_iomap_memory() computes the page frames from the VMA's offset, and refuses what
 * lies outside. The BAR has 1 MiB; what a program needs of it is one page.
 */
static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(&edu.lab, vma);

	if (err)
		return err;
	vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	return vm_iomap_memory(vma, pci_resource_start(edu.pdev, EDU_BAR),
			       edu.lab.size);
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.mmap = edu_mmap,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct edu edu = {
	.lab.misc = LAB_MISCDEVICE("edu_registers", &edu_fops),
	.lab.size = PAGE_SIZE,
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(edu.wait),
};

/*
 * Get: the registers, then the interrupt
 *
 * The interrupt is last: from then on the handler can run, and it uses the
 * registers. A device sends a message by a write to memory, so it must be allowed
 * to write (pci_set_master()).
 */
static int edu_get_registers(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	if (!(pci_resource_flags(pdev, EDU_BAR) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, EDU_BAR) < PAGE_SIZE) {
		pci_err(pdev, "BAR %d is no page of registers\n", EDU_BAR);
		return -ENODEV;
	}
	err = pcim_request_region(pdev, EDU_BAR, "edu_registers");
	if (err)
		return err;
	edu.registers = pcim_iomap(pdev, EDU_BAR, PAGE_SIZE);
	return edu.registers ? 0 : -ENOMEM;
}

static int edu_get_interrupt(struct pci_dev *pdev)
{
	int err;

	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1,
				    intx ? PCI_IRQ_INTX : PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), edu_answer,
				IRQF_SHARED, "edu_registers", &edu);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err;

	if (edu.pdev)
		return -EBUSY;
	err = edu_get_registers(pdev);
	if (err)
		return err;
	err = edu_identify(pdev);
	if (err)
		return err;
	err = edu_get_interrupt(pdev);
	if (err)
		return err;

	edu.pdev = pdev;
	err = lab_register(&edu.lab);
	if (err)
		edu.pdev = NULL;
	return err;
}

static void edu_remove(struct pci_dev *pdev)
{
	lab_unregister(&edu.lab);
	edu.pdev = NULL;
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{ }
};

static struct pci_driver edu_driver = {
	.name = "edu_registers",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("kmaplab: registers of a PCI device, for a driver and for user space");
MODULE_LICENSE("GPL");
