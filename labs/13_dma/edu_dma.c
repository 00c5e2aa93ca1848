// SPDX-License-Identifier: GPL-2.0
/*
 * The device that copies
 *
 * QEMU's edu device has a memory of its own, a page, which no address of the processor
 * leads to. It copies between that memory and RAM: the driver writes to its registers from
 * where, to where and how much, and the device interrupts when it has done so. (lab_bar.c
 * and edu_registers.c explain PCI, registers and interrupts.)
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include "edu_dma.h"
#include "edu_registers.h"
#include "lab_compat.h"
#include "one_device.h"

static const struct pci_device_id edu_dma_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{ }
};

static struct one_device edu_dma_driver = {
	.driver.name = "lab_dma",
	.driver.id_table = edu_dma_ids,
	.driver.driver.suppress_bind_attrs = true,
	.what = "edu device",
};

/* The device's registers; and whether it has interrupted since it was last told to copy. */
static void __iomem *registers;
static atomic_t interrupted;
static DECLARE_WAIT_QUEUE_HEAD(waiting);

/*
 * Answer the interrupt
 */
static irqreturn_t edu_dma_answer(int irq, void *data)
{
	u32 reasons = ioread32(registers + EDU_REASONS);

	if (!reasons)
		return IRQ_NONE;
	iowrite32(reasons, registers + EDU_ACKNOWLEDGE);
	if (reasons & EDU_REASON_DMA) {
		atomic_set(&interrupted, 1);
		wake_up(&waiting);
	}
	return IRQ_HANDLED;
}

/**
 * edu_dma_is_copying - is the device still copying?
 *
 * Return: what the device itself says.
 */
bool edu_dma_is_copying(void)
{
	return ioread32(registers + EDU_DMA_COMMAND) & EDU_DMA_RUN;
}
EXPORT_SYMBOL_GPL(edu_dma_is_copying);

/*
 * When is the device done?
 *
 * The interrupt alone does not say so: it may be that of an earlier copy, whose request gave
 * up waiting.
 */
static bool edu_dma_is_done(void)
{
	return atomic_read(&interrupted) && !edu_dma_is_copying();
}

/**
 * edu_dma_copy - have the device copy, and wait for it
 * @copy: what and how
 *
 * The command is last: it starts the device, which then reads the other registers.
 * iowrite32() sees to it that earlier stores to memory have arrived there, so the device
 * finds what was written to a coherent buffer.
 *
 * The device cannot be told to stop. If this function gives up waiting, the device goes
 * on copying.
 *
 * Locking: the caller makes one call at a time, and none while edu_dma_is_copying().
 *
 * Return: 0; -ETIMEDOUT, if it was not done in time; -EINTR, if a signal came before.
 */
int edu_dma_copy(const struct edu_copy *copy)
{
	u32 memory = copy->address;
	u32 inside = EDU_DMA_INSIDE + copy->inside;
	long left;

	atomic_set(&interrupted, 0);
	iowrite32(copy->to_device ? memory : inside,
		  registers + EDU_DMA_SOURCE);
	iowrite32(copy->to_device ? inside : memory,
		  registers + EDU_DMA_DESTINATION);
	iowrite32(copy->count, registers + EDU_DMA_COUNT);
	iowrite32(EDU_DMA_RUN | EDU_DMA_INTERRUPT |
		  (copy->to_device ? 0 : EDU_DMA_TO_MEMORY),
		  registers + EDU_DMA_COMMAND);
	left = wait_event_interruptible_timeout(waiting, edu_dma_is_done(),
						msecs_to_jiffies(copy->wait_ms));
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(edu_dma_copy);

/**
 * edu_dma_stop - keep the device from the bus
 * @pdev: the device
 *
 * From here on its reads find nothing, and what it writes goes nowhere.
 */
void edu_dma_stop(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
}
EXPORT_SYMBOL_GPL(edu_dma_stop);

static int edu_dma_identify(struct pci_dev *pdev)
{
	u32 id = ioread32(registers + EDU_ID);

	if ((id & EDU_ID_MASK) == EDU_ID_EXPECTED)
		return 0;
	pci_err(pdev, "lab_dma: 0x%08x is not what an edu device says\n", id);
	return -ENODEV;
}

/*
 * Let it use the bus
 *
 * A device reads and writes memory only after pci_set_master(). It may still be at a copy
 * that it began before the driver was last unloaded, and that memory belongs to others by
 * now. So the copy has to end first, while what the device writes goes nowhere.
 */
static int edu_dma_let_loose(struct pci_dev *pdev)
{
	u32 command;
	int err;

	err = read_poll_timeout(ioread32, command, !(command & EDU_DMA_RUN),
				10 * USEC_PER_MSEC, USEC_PER_SEC, false,
				registers + EDU_DMA_COMMAND);
	if (err)
		pci_err(pdev, "lab_dma: the device copies, and does not end\n");
	else
		pci_set_master(pdev);
	return err;
}

/**
 * edu_dma_get - get the device ready: its registers, the bus, and its interrupt
 * @pdev: the device
 *
 * Return: 0; -ENODEV, if it is no edu device; -EBUSY, if another driver has claimed the
 * registers; -ETIMEDOUT, if it copies and does not end; or the error of the function
 * that failed. The kernel gives back what was got.
 */
int edu_dma_get(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	err = pcim_request_region(pdev, EDU_BAR, "lab_dma");
	if (err)
		return err;
	registers = pcim_iomap(pdev, EDU_BAR, 0);
	if (!registers)
		return -ENOMEM;
	err = edu_dma_identify(pdev);
	if (err)
		return err;
	err = edu_dma_let_loose(pdev);
	if (err)
		return err;
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0),
				edu_dma_answer, IRQF_SHARED, "lab_dma",
				&edu_dma_driver);
}
EXPORT_SYMBOL_GPL(edu_dma_get);

/**
 * edu_dma_register - drive the device
 * @add: called when the device is there, as struct one_device says
 * @remove: called when it goes
 *
 * Return: as one_device_register_for() says.
 */
int edu_dma_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev))
{
	edu_dma_driver.add = add;
	edu_dma_driver.remove = remove;
	return one_device_register(&edu_dma_driver);
}
EXPORT_SYMBOL_GPL(edu_dma_register);

/**
 * edu_dma_unregister - stop driving the device
 */
void edu_dma_unregister(void)
{
	one_device_unregister(&edu_dma_driver);
}
EXPORT_SYMBOL_GPL(edu_dma_unregister);

MODULE_DESCRIPTION("kmaplab: QEMU's edu device and its DMA, for lab_dma");
MODULE_LICENSE("GPL");
