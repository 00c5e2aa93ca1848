/* SPDX-License-Identifier: GPL-2.0 */
/*
 * testdev_driver.h - the PCI driver around lab_port
 */
#ifndef TESTDEV_DRIVER_H
#define TESTDEV_DRIVER_H

#include <linux/pci.h>

int testdev_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev));
void testdev_unregister(void);
int testdev_claim(struct pci_dev *pdev, int bar, unsigned long kinds);

#endif /* TESTDEV_DRIVER_H */
