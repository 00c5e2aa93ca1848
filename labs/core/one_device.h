/* SPDX-License-Identifier: GPL-2.0 */
/*
 * one_device.h - a PCI driver that drives one device
 */
#ifndef ONE_DEVICE_H
#define ONE_DEVICE_H

#include <linux/pci.h>

/**
 * struct one_device - a PCI driver that drives one device
 * @driver: the driver, with its name and its table of devices
 * @what: what the device is called in the log
 * @add: called when the device is there: get it ready, or return why not. What is
 *	managed (devm_, pcim_) is undone after a failure and after @remove.
 * @remove: called when it goes, and must not be used any more
 * @used: the device, or NULL
 * @error: why it is not used: what @add returned
 */
struct one_device {
	struct pci_driver driver;
	const char *what;
	int (*add)(struct pci_dev *pdev);
	void (*remove)(struct pci_dev *pdev);
	struct pci_dev *used;
	int error;
};

/* The driver belongs to the module that calls this, as with pci_register_driver(). */
#define one_device_register(one_) \
	one_device_register_for((one_), THIS_MODULE, KBUILD_MODNAME)

int one_device_register_for(struct one_device *one, struct module *owner,
			    const char *module);
void one_device_unregister(struct one_device *one);

#endif /* ONE_DEVICE_H */
