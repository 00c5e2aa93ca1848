// SPDX-License-Identifier: GPL-2.0
/*
 * The device that lab_uio hands on
 *
 * The part of a driver for QEMU's edu device that must be in the kernel: to find the
 * device, to claim its registers, and to have its interrupt line. What the registers are for
 * the program knows. (lab_bar.c and edu_registers.c explain PCI, registers and interrupts.)
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
 * edu_uio_quiet - stop the device
 *
 * It no longer wants to interrupt when it has computed, and has no reason to interrupt. A
 * reason that comes after this stays until it is acknowledged.
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
 * Messages would be no use: of the bit that switches off an interrupt, in the register that
 * all PCI devices have, only the line takes notice.
 *
 * pci_set_master() is missing, and that is meant. The program has all registers, so it
 * could have the device write to any memory; without that bit it cannot.
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
 * edu_uio_take - have the device, for as long as it is there
 * @pdev: the device
 *
 * All is managed: the kernel undoes it when @pdev loses its driver.
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
 * edu_uio_unregister - drive it no more
 */
void edu_uio_unregister(void)
{
	one_device_unregister(&edu_uio_driver);
}
EXPORT_SYMBOL_GPL(edu_uio_unregister);

MODULE_DESCRIPTION("kmaplab: QEMU's edu device, for lab_uio");
MODULE_LICENSE("GPL");
