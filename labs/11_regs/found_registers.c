// SPDX-License-Identifier: GPL-2.0
/*
 * Registers that may be accessed in any way
 *
 * Most registers do something, and a machine has few with which one can play. The SCSI
 * controller 53C895A has a little processor of its own and, behind BAR 2, memory for
 * the programs of that. As long as nobody starts one, whatever is written there is kept
 * and nothing else happens; and still each access goes over the bus to the device. In
 * user-mode Linux the suite emulates a bank of registers.
 */
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "found_registers.h"
#include "lab.h"

#define SCRIPTS_BAR	2

/*
 * Find: the PCI device
 *
 * lab_bar and lab_port are drivers, whose probe() and remove() the kernel calls when a device
 * comes or goes. This lab is no driver, and looks once: if root takes the device away through
 * sysfs, nobody tells it. The reference to the device keeps the structure, and not the claim:
 * that goes with the device's resources. So this is for a device that stays. A module that
 * must know of devices which it does not drive has the bus call it (bus_register_notifier()).
 */
static int find_scripts(struct pci_dev *pdev, struct resource *found)
{
	if (!(pci_resource_flags(pdev, SCRIPTS_BAR) & IORESOURCE_MEM)) {
		pci_err(pdev, "no memory behind BAR %d\n", SCRIPTS_BAR);
		return -ENODEV;
	}
	if (pci_resource_len(pdev, SCRIPTS_BAR) < LAB_REGS_SIZE) {
		pci_err(pdev, "too little memory behind BAR %d\n", SCRIPTS_BAR);
		return -EINVAL;
	}
	found->start = pci_resource_start(pdev, SCRIPTS_BAR);
	return pci_enable_device(pdev);
}

/* Find: or the platform device, by its name */
static int find_bank(struct resource *found)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL,
						     "kmaplab_registers");
	struct resource *res;
	int err = -ENODEV;

	if (!dev)
		return err;
	res = platform_get_resource(to_platform_device(dev), IORESOURCE_MEM, 0);
	if (res && resource_size(res) >= LAB_REGS_SIZE) {
		found->start = res->start;
		err = 0;
	}
	put_device(dev);
	return err;
}

static void forget_device(struct pci_dev *pdev)
{
	if (pdev)
		pci_disable_device(pdev);
	pci_dev_put(pdev);
}

/**
 * found_registers_get - find registers, claim them, map them
 * @regs: where they are
 *
 * Return: 0; -ENODEV if there are none, -EBUSY if they belong to another driver, or
 * another error.
 */
int found_registers_get(struct found_registers *regs)
{
	struct resource found = {};
	int err;

	regs->pdev = pci_get_device(PCI_VENDOR_ID_LSI_LOGIC,
				    PCI_DEVICE_ID_LSI_53C895A, NULL);
	err = regs->pdev ? find_scripts(regs->pdev, &found) : find_bank(&found);
	if (err) {
		pci_dev_put(regs->pdev);
		return err;
	}

	regs->claim = request_mem_region(found.start, LAB_REGS_SIZE, "lab_regs");
	if (!regs->claim) {
		err = -EBUSY;
		goto forget_device;
	}

	regs->base = ioremap(found.start, LAB_REGS_SIZE);
	if (!regs->base) {
		err = -ENOMEM;
		goto release;
	}

	return 0;

release:
	release_mem_region(found.start, LAB_REGS_SIZE);
forget_device:
	forget_device(regs->pdev);
	return err;
}
EXPORT_SYMBOL_GPL(found_registers_get);

/**
 * found_registers_give_back - undo found_registers_get()
 * @regs: what it has filled in
 */
void found_registers_give_back(struct found_registers *regs)
{
	iounmap(regs->base);
	release_mem_region(regs->claim->start, LAB_REGS_SIZE);
	forget_device(regs->pdev);
}
EXPORT_SYMBOL_GPL(found_registers_give_back);

/*
 * Which accesses there are, and which are refused
 *
 * No width that a device might not take, nothing that crosses the end of a register, and
 * nothing outside of the registers that were claimed.
 */

/**
 * struct kind - a kind of access
 * @widths: a sum of those that it can have
 * @most: accesses at once
 * @goes_on: each is behind the one before, and not at the same address
 */
struct kind {
	u32 widths;
	u32 most;
	bool goes_on;
};

static const struct kind kinds[] = {
	[LAB_ACCESS_READ] = { 1 + 2 + 4 + 8, 1 },
	[LAB_ACCESS_WRITE] = { 1 + 2 + 4 + 8, 1 },
	[LAB_ACCESS_READ_BE] = { 2 + 4, 1 },
	[LAB_ACCESS_WRITE_BE] = { 2 + 4, 1 },
	[LAB_ACCESS_DRAIN] = { 1 + 2 + 4, 16 },
	[LAB_ACCESS_FEED] = { 1 + 2 + 4, 16 },
	[LAB_ACCESS_SET] = { 1, 64, true },
	[LAB_ACCESS_COPY_FROM] = { 1, 64, true },
	[LAB_ACCESS_COPY_TO] = { 1, 64, true },
	[LAB_ACCESS_SUBMIT] = { 4, 16, true },
};

/**
 * found_registers_allow - is this an access to the registers?
 * @access: what a program asks for: any numbers
 *
 * Return: whether it is.
 */
bool found_registers_allow(const struct lab_access *access)
{
	const struct kind *kind;
	u32 size;

	if (access->how >= ARRAY_SIZE(kinds))
		return false;
	kind = &kinds[access->how];
	if (!is_power_of_2(access->width) || !(access->width & kind->widths))
		return false;
	if (!access->count || access->count > kind->most)
		return false;
	size = access->width * (kind->goes_on ? access->count : 1);
	return access->offset % access->width == 0 &&
	       access->offset <= LAB_REGS_SIZE - size;
}
EXPORT_SYMBOL_GPL(found_registers_allow);

MODULE_DESCRIPTION("kmaplab: registers that may be accessed in any way");
MODULE_LICENSE("GPL");
