// SPDX-License-Identifier: GPL-2.0
/*
 * The device that lab_uio hands on
 *
 * The part of a driver for QEMU's edu device that must be in the kernel: it finds the device,
 * claims its registers, and sets up its interrupt line. What the registers are for, only the
 * program knows. (lab_bar.c and edu_registers.c explain PCI, registers and interrupts.)
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "edu_uio.h"
#include "lab_compat.h"
#include "one_device.h"

static const struct pci_device_id edu_uio_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{ }
};

static struct one_device edu_uio_driver = {
	.driver.name = "lab_uio",
	.driver.id_table = edu_uio_ids,
	.what = "edu device",
};

static void __iomem *registers;

/**
 * edu_uio_quiet - have the device forget why it interrupts
 *
 * It no longer interrupts when it has computed, and the reasons that it had are gone. A reason
 * that comes after this call stays until it is acknowledged.
 */
void edu_uio_quiet(void)
{
	iowrite32(0, registers + EDU_STATUS);
	iowrite32(~0, registers + EDU_ACKNOWLEDGE);
}
EXPORT_SYMBOL_GPL(edu_uio_quiet);

/*
 * Get: the registers, and the line
 *
 * It has to be the line and not messages: lab_uio_answer() switches the interrupt off by a
 * bit that all PCI devices have, and that bit has no effect on messages.
 *
 * pci_set_master() is missing on purpose. The program has all registers, so it could have the
 * device write to any memory. Without the bit that pci_set_master() sets, the device cannot.
 */
static int edu_uio_claim(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	if (!(pci_resource_flags(pdev, EDU_BAR) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, EDU_BAR) < PAGE_SIZE) {
		pci_err(pdev, "lab_uio: BAR %d is no page of registers\n",
			EDU_BAR);
		return -ENODEV;
	}
	err = pcim_request_region(pdev, EDU_BAR, "lab_uio");
	if (err)
		return err;
	registers = pcim_iomap(pdev, EDU_BAR, PAGE_SIZE);
	return registers ? 0 : -ENOMEM;
}

/**
 * edu_uio_take - get the device ready: its registers, and its line
 * @pdev: the device
 *
 * All calls are managed: the kernel undoes them when @pdev loses its driver.
 *
 * Return: 0, with the interrupt off; -EBUSY, if somebody else has
 * claimed the registers; -ENODEV, if it is another device; or the kernel's error.
 */
int edu_uio_take(struct pci_dev *pdev)
{
	int err = edu_uio_claim(pdev);
	u32 id;

	if (err)
		return err;
	id = ioread32(registers + EDU_ID);
	if ((id & EDU_ID_MASK) != EDU_ID_EXPECTED) {
		pci_err(pdev, "lab_uio: 0x%08x is not what an edu device says\n",
			id);
		return -ENODEV;
	}
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_INTX);
	if (err < 0)
		return err;
	pci_clear_master(pdev);
	pci_intx(pdev, 0);
	return 0;
}
EXPORT_SYMBOL_GPL(edu_uio_take);

/**
 * edu_uio_register - drive the device
 * @add: called when the device is there, as struct one_device says
 * @remove: called when it goes
 *
 * Return: as one_device_register_for() says.
 */
int edu_uio_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev))
{
	int err;

	edu_uio_driver.add = add;
	edu_uio_driver.remove = remove;
	err = one_device_register(&edu_uio_driver);
	if (edu_uio_driver.error)
		pr_err("lab_uio: the device cannot be had: %pe\n",
		       ERR_PTR(err));
	return err;
}
EXPORT_SYMBOL_GPL(edu_uio_register);

/**
 * edu_uio_unregister - stop driving the device
 */
void edu_uio_unregister(void)
{
	one_device_unregister(&edu_uio_driver);
}
EXPORT_SYMBOL_GPL(edu_uio_unregister);

MODULE_DESCRIPTION("kmaplab: QEMU's edu device, for lab_uio");
MODULE_LICENSE("GPL");
