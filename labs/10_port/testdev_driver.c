// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver around lab_port: it finds the device
 *
 * lab_bar.c has the same in one file, and explains it.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "lab_compat.h"
#include "testdev_driver.h"

#define TESTDEV_DEVICE_ID 0x0005

/* One user, as it has registered itself. */
static struct {
	const char *name;
	int (*add)(struct pci_dev *pdev);
	void (*remove)(void);
} user;

/* One device; and why it is not used. */
static struct pci_dev *used;
static int error;

/*
 * Probe and remove
 *
 * The kernel calls remove() at the end, and when somebody takes the device out of the
 * machine, which sysfs can do at any time.
 */
static int testdev_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (used)
		return -EBUSY;
	error = user.add(pdev);
	if (!error)
		used = pdev;
	return error;
}

static void testdev_remove(struct pci_dev *pdev)
{
	user.remove();
	used = NULL;
}

static const struct pci_device_id testdev_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, TESTDEV_DEVICE_ID) },
	{ }
};

static struct pci_driver testdev_driver = {
	.name = "lab_port",
	.id_table = testdev_ids,
	.probe = testdev_probe,
	.remove = testdev_remove,
	.driver.suppress_bind_attrs = true,
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
		pci_err(pdev, "%s: BAR %d is not of the right kind\n", user.name,
			bar);
		return -ENODEV;
	}
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	return pcim_request_region(pdev, bar, user.name);
}
EXPORT_SYMBOL_GPL(testdev_claim);

/*
 * Why is there no device to use?
 */
static int testdev_why_not(void)
{
	if (error)
		return error;
	if (pci_dev_present(testdev_ids)) {
		pr_err("%s: another driver has the device\n", user.name);
		return -EBUSY;
	}
	pr_err("%s: this machine has no pci-testdev\n", user.name);
	return -ENODEV;
}

/**
 * testdev_register - drive the device
 * @name: who does, for the log and for claims
 * @add: called when the device is there: get it ready, or return why not. What is
 *	managed (devm_, pcim_) is undone after a failure and after @remove.
 * @remove: called when it goes, and must not be used any more
 *
 * Return: 0; -ENODEV, if there is no such device; -EBUSY, if another driver has it;
 * or what @add returned.
 */
int testdev_register(const char *name, int (*add)(struct pci_dev *pdev),
		     void (*remove)(void))
{
	int err;

	user.name = name;
	user.add = add;
	user.remove = remove;
	error = 0;
	err = pci_register_driver(&testdev_driver);
	if (err || used)
		return err;
	err = testdev_why_not();
	pci_unregister_driver(&testdev_driver);
	return err;
}
EXPORT_SYMBOL_GPL(testdev_register);

/**
 * testdev_unregister - drive it no more
 */
void testdev_unregister(void)
{
	pci_unregister_driver(&testdev_driver);
}
EXPORT_SYMBOL_GPL(testdev_unregister);

MODULE_DESCRIPTION("kmaplab: the PCI driver around lab_port");
MODULE_LICENSE("GPL");
