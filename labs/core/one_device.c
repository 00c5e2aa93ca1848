// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI driver that drives one device
 *
 * The kernel calls a driver for each device of its table, and is content if there is none. A
 * lab has one node, and is of no use without its device. lab_bar.c has the same in one file,
 * and explains it.
 */
#include <linux/module.h>

#include "one_device.h"

static struct one_device *one_device_of(struct pci_dev *pdev)
{
	return container_of(to_pci_driver(pdev->dev.driver), struct one_device,
			    driver);
}

/*
 * Probe and remove
 *
 * The kernel calls remove() at the end, and when somebody takes the device out of the
 * machine, which sysfs can do at any time.
 */
static int one_device_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct one_device *one = one_device_of(pdev);

	if (one->used)
		return -EBUSY;
	one->error = one->add(pdev);
	if (!one->error)
		one->used = pdev;
	return one->error;
}

static void one_device_remove(struct pci_dev *pdev)
{
	struct one_device *one = one_device_of(pdev);

	one->remove(pdev);
	one->used = NULL;
}

/*
 * Why is there no device to use?
 */
static int one_device_why_not(const struct one_device *one)
{
	if (one->error)
		return one->error;
	if (pci_dev_present(one->driver.id_table)) {
		pr_err("%s: another driver has the device\n", one->driver.name);
		return -EBUSY;
	}
	pr_err("%s: this machine has no %s\n", one->driver.name, one->what);
	return -ENODEV;
}

/**
 * one_device_register_for - drive a device
 * @one: the driver; probe and remove are set
 * @owner: the module that it belongs to
 * @module: the name of that module
 *
 * Return: 0; -ENODEV, if there is no such device; -EBUSY, if another driver has it;
 * or what @one->add returned.
 */
int one_device_register_for(struct one_device *one, struct module *owner,
			    const char *module)
{
	int err;

	one->driver.probe = one_device_probe;
	one->driver.remove = one_device_remove;
	one->error = 0;
	err = __pci_register_driver(&one->driver, owner, module);
	if (err || one->used)
		return err;
	err = one_device_why_not(one);
	pci_unregister_driver(&one->driver);
	return err;
}
EXPORT_SYMBOL_GPL(one_device_register_for);

/**
 * one_device_unregister - stop driving the device
 * @one: the driver
 */
void one_device_unregister(struct one_device *one)
{
	pci_unregister_driver(&one->driver);
}
EXPORT_SYMBOL_GPL(one_device_unregister);

MODULE_DESCRIPTION("kmaplab: a PCI driver that drives one device");
MODULE_LICENSE("GPL");
