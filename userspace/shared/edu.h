/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu.h - QEMU's edu device, as checks know it, and edu_registers, its driver in the kernel
 */
#ifndef EDU_H
#define EDU_H

#include <stddef.h>
#include <stdint.h>

#include "edu_registers.h"
#include "pci_device.h"

#define EDU_NODE "/dev/edu_registers"

/* What find_device() looks for. */
extern struct pci_device edu;

/* Loads the driver anew, so that it has begun to count, and opens its node. */
int load_edu(const char *parameters);
void load_driver_of_edu(const char *parameters);
int open_edu(void);
/* Closes the node, unless it is -1, and unloads the driver. */
void unload_edu(int fd);

/* Makes a request, which must work. */
void ask_edu(int fd, unsigned long number, void *request);

/* The registers behind a page that is mapped. */
volatile uint32_t *register_at(volatile void *page, size_t offset);

/* Words to invert, and what the device must compute. */
#define EDU_WORDS 5
extern const uint32_t edu_words[EDU_WORDS];
extern const uint32_t factorials[EDU_MOST_FACTORIAL + 1];

/* The device is there, alive, and computes. */
void assert_registers_answer(volatile void *page);

#endif /* EDU_H */
