/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pci_device.h - a PCI device, as sysfs shows it
 */
#ifndef PCI_DEVICE_H
#define PCI_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "regions.h"

/**
 * struct pci_device - the first device with these numbers
 * @vendor: the vendor's number, as sysfs writes it
 * @device: the device's own, likewise
 * @path: its directory in sysfs, set by find_device()
 */
struct pci_device {
	const char *vendor, *device;
	char path[300];
};

bool device_is_there(struct pci_device *device);

/* Fails the check if it is not there. */
void find_device(struct pci_device *device);

/* Opens a file of its directory, to read and write it, or fails the check. */
int open_file_of(struct pci_device *device, const char *name);

/* Where a BAR is; from 0 to 0 if there is none with this number. */
struct region region_of_bar(struct pci_device *device, int bar);

/* The register of every PCI device that says what it may do; <linux/pci_regs.h> has the bits. */
uint16_t read_command(struct pci_device *device);
void write_command(struct pci_device *device, uint16_t command);

/* The kernel forgets the device; it looks at the bus again. */
void take_away(struct pci_device *device);
void bring_back(struct pci_device *device);

/* Writes a word to a file, or fails the check. */
void write_file(const char *path, const char *text);

/* As often as it was switched on: what is on already no driver has to switch on. */
void switch_off(struct pci_device *device);

/*
 * labs/tools/another_driver.c becomes the driver of a device without one, or claims a BAR of
 * it if the parameters are bar= and its number, or does what others say; and is unloaded again.
 */
void have_another_driver(const struct pci_device *device, const char *parameters);
void remove_another_driver(void);

/*
 * The lab's module is unloaded, and must not load: without the device, with ENODEV; beside
 * another driver, which has these parameters, with EBUSY; with a BAR that has no place among the
 * addresses, so that the device cannot be switched on, with EINVAL. The log must have a line that
 * says why. Afterwards it is loaded as before.
 */
void assert_load_refused_without(struct pci_device *device);
void assert_load_refused_beside(const struct pci_device *device, const char *parameters);
void assert_load_refused_unplaced(struct pci_device *device, int bar);

#endif /* PCI_DEVICE_H */
