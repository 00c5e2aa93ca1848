/* SPDX-License-Identifier: GPL-2.0 */
/*
 * found_registers.h - registers that lab_regs can use, wherever they are
 */
#ifndef FOUND_REGISTERS_H
#define FOUND_REGISTERS_H

#include <linux/ioport.h>
#include <linux/pci.h>

#include "lab.h"

/**
 * struct found_registers - LAB_REGS_SIZE bytes of a device's registers
 * @pdev: the PCI device, or NULL if they belong to a platform device
 * @claim: the claim on them
 * @base: for accessors
 */
struct found_registers {
	struct pci_dev *pdev;
	struct resource *claim;
	void __iomem *base;
};

int found_registers_get(struct found_registers *regs);
void found_registers_give_back(struct found_registers *regs);
bool found_registers_allow(const struct lab_access *access);

#endif /* FOUND_REGISTERS_H */
