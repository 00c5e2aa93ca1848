// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver around lab_port: it finds the device
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "lab_compat.h"
#include "one_device.h"
#include "testdev_driver.h"

#define TESTDEV_DEVICE_ID 0x0005

static const struct pci_device_id testdev_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, TESTDEV_DEVICE_ID) },
	{ }
};

static struct one_device testdev_driver = {
	.driver.name = "lab_port",
	.driver.id_table = testdev_ids,
	.driver.driver.suppress_bind_attrs = true,
	.what = "pci-testdev",
};

/**
 * testdev_claim - enable the device and claim one of its BARs
 * @pdev: the device
 * @bar: any number
 * @kinds: IORESOURCE_IO, IORESOURCE_MEM or both: what the BAR may be
 *
 * Ports are claimed as memory is, and are listed in /proc/ioports as that is in
 * /proc/iomem. Both end by themselves, with the driver.
 *
 * Return: 0; -ENODEV, if there is no such BAR, or it is of the wrong kind; -EBUSY, if
 * another driver has claimed it.
 */
int testdev_claim(struct pci_dev *pdev, int bar, unsigned long kinds)
{
	int err;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS ||
	    !(pci_resource_flags(pdev, bar) & kinds)) {
		pci_err(pdev, "lab_port: BAR %d is not of the right kind\n",
			bar);
		return -ENODEV;
	}
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	return pcim_request_region(pdev, bar, "lab_port");
}
EXPORT_SYMBOL_GPL(testdev_claim);

/**
 * testdev_register - drive the device
 * @add: called when the device is there, as struct one_device says
 * @remove: called when it goes
 *
 * Return: as one_device_register_for() says.
 */
int testdev_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev))
{
	testdev_driver.add = add;
	testdev_driver.remove = remove;
	return one_device_register(&testdev_driver);
}
EXPORT_SYMBOL_GPL(testdev_register);

/**
 * testdev_unregister - drive it no more
 */
void testdev_unregister(void)
{
	one_device_unregister(&testdev_driver);
}
EXPORT_SYMBOL_GPL(testdev_unregister);

MODULE_DESCRIPTION("kmaplab: the PCI driver around lab_port");
MODULE_LICENSE("GPL");
