/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * testdev.h - the registers of QEMU's pci-testdev
 *
 * The device has the same registers behind two BARs: one of I/O memory, one of I/O
 * ports. Who writes the number of a test to TESTDEV_TEST is told, by the registers
 * behind it, which byte has to be written where; and the device counts how often that
 * is done (docs/specs/pci-testdev.txt of QEMU). Words are little-endian.
 *
 * This file compiles unchanged in the kernel and in user space.
 */
#ifndef TESTDEV_H
#define TESTDEV_H

/* The numbers of the two BARs. */
#define TESTDEV_MEMORY		0
#define TESTDEV_PORTS		1

/* Written: a test begins, and the device counts from 0. The first test is the plain one. */
#define TESTDEV_TEST		0x00
#define TESTDEV_PLAIN		0
/* Read, 8 bits: how many bytes a write must have; another number: no such test. */
#define TESTDEV_WIDTH		0x01
/* Read, 32 bits each: where to write, from the beginning of the BAR, and what. */
#define TESTDEV_OFFSET		0x04
#define TESTDEV_DATA		0x08
/* Read, 32 bits: how often that was written. */
#define TESTDEV_COUNT		0x0c
/* Read, byte after byte: the name of the test, which ends with a 0. */
#define TESTDEV_NAME		0x10
#define TESTDEV_NAME_SIZE	32

/* Bytes that a BAR must have for all of that. */
#define TESTDEV_LEAST		(TESTDEV_NAME + TESTDEV_NAME_SIZE)

#endif /* TESTDEV_H */
