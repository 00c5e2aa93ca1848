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

/*
 * labs/tools/failing_call.c has every ioremap() fail, and is unloaded again. Where the kernel has
 * no probes it cannot be loaded; that is the answer.
 */
bool have_no_ioremap(void);
void have_ioremap_again(void);

/* As often as it was switched on: what is on already no driver has to switch on. */
void switch_off(struct pci_device *device);

/*
 * labs/tools/another_driver.c becomes the driver of a device without one, or claims a BAR of
 * it if the parameters are bar= and its number, or does what others say; and is unloaded again.
 */
void have_another_driver(const struct pci_device *device, const char *parameters);
void remove_another_driver(void);

/*
 * It has the device's interrupt as well, and calls the other handlers once, as if a device of its
 * own had interrupted. Returns how many took that for theirs; -1 if it cannot have the interrupt,
 * since that is not shared.
 */
int handlers_that_take_anothers_interrupt(const struct pci_device *device);

/*
 * The lab's module is unloaded, and must not load: without the device, with ENODEV; beside
 * another driver, which has these parameters, with EBUSY; with a BAR that has no place among the
 * addresses, so that the device cannot be switched on, with EINVAL; with a platform device in
 * place of the PCI device that another driver has made as the parameters say, with ENODEV; and
 * with ENOMEM when ioremap() fails. The log must have a line that says why, and the device as
 * many users as before. Afterwards it is loaded as before.
 */
void assert_load_refused_without(struct pci_device *device);
void assert_load_refused_beside(const struct pci_device *device, const char *parameters);
void assert_load_refused_unplaced(struct pci_device *device, int bar);
void assert_load_refused_as(struct pci_device *device, const char *parameters, int expected);
void assert_load_refused_beside_its_node(void);
void assert_load_refused_of_platform(struct pci_device *device, const char *parameters);
void assert_load_refused_without_ioremap(void);

/*
 * The lab's module is unloaded, and loads although another driver has done something to the
 * device; and it lets go of the device when it is unloaded.
 */
void assert_load_accepted_as(struct pci_device *device, const char *parameters);

#endif /* PCI_DEVICE_H */
