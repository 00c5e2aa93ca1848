/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu_uio.h - QEMU's edu device, as lab_uio uses it
 */
#ifndef EDU_UIO_H
#define EDU_UIO_H

#include <linux/pci.h>

#include "edu_registers.h"

int edu_uio_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev));
void edu_uio_unregister(void);
int edu_uio_take(struct pci_dev *pdev);
void edu_uio_quiet(void);

#endif /* EDU_UIO_H */
