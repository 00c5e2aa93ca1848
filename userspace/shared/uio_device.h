/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uio_device.h - a driver in user space, for QEMU's edu device behind UIO
 *
 * Set it beside labs/09_bar/edu_registers.c: uio_attach() has what is left of
 * edu_get_registers(), uio_answer() what the handler edu_answer() did, uio_wait() the wait of
 * edu_tell_and_wait(), and uio_factorial() is edu_factorial(). The tools of the lessons
 * include this file, and the checks do.
 *
 * Functions return 0, or a negative errno, as in the kernel.
 */
#ifndef UIO_DEVICE_H
#define UIO_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu_registers.h"

#define UIO_CLASS "/sys/class/uio"

/**
 * struct uio_device - a node of UIO that is open
 * @fd: the node
 * @config: the device's configuration space, if the driver in the kernel does not switch
 *	the interrupt on; else -1
 * @registers: region 0, its first page
 */
struct uio_device {
	int fd;
	int config;
	volatile uint32_t *registers;
};

/* What the last call has failed with: it must have been something. */
static inline int uio_error(void)
{
	const int error = errno;

	return error > 0 ? -error : -EIO;
}

/* Finds the node that a driver has registered under this name, as "uio0". */
static inline bool uio_find(const char *name, char *node, size_t size)
{
	char found[64] = "", path[128];
	glob_t paths;
	size_t i;

	*node = 0;
	if (glob(UIO_CLASS "/uio*", 0, NULL, &paths))
		return false;
	for (i = 0; i < paths.gl_pathc && strcmp(found, name); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/name", paths.gl_pathv[i]);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%63s", found) == 1 && !strcmp(found, name))
			snprintf(node, size, "%s", strrchr(paths.gl_pathv[i], '/') + 1);
		fclose(file);
	}
	globfree(&paths);
	return *node;
}

static inline uint32_t uio_get(const struct uio_device *uio, unsigned int offset)
{
	return uio->registers[offset / sizeof(uint32_t)];
}

static inline void uio_set(const struct uio_device *uio, unsigned int offset,
			   uint32_t word)
{
	uio->registers[offset / sizeof(uint32_t)] = word;
}

/*
 * The interrupt
 *
 * The kernel has switched it off when it came. It is on again after a write to the node, if
 * the driver in the kernel can do that. Of uio_pci_generic a program has to do it itself, by
 * the same bit.
 */
static inline int uio_switch_on(const struct uio_device *uio)
{
	const uint32_t on = 1;
	uint16_t command;

	if (uio->config < 0)
		return write(uio->fd, &on, sizeof(on)) == sizeof(on) ? 0 : uio_error();
	if (pread(uio->config, &command, sizeof(command), PCI_COMMAND) !=
	    sizeof(command))
		return uio_error();
	command &= ~PCI_COMMAND_INTX_DISABLE;
	return pwrite(uio->config, &command, sizeof(command), PCI_COMMAND) ==
	       sizeof(command) ? 0 : uio_error();
}

/* Waits so many milliseconds; what is read is how many there were, since the device came. */
static inline int uio_wait(const struct uio_device *uio, int wait_ms, uint32_t *count)
{
	struct pollfd one = { .fd = uio->fd, .events = POLLIN };
	int ready = poll(&one, 1, wait_ms);

	if (ready < 0)
		return uio_error();
	if (!ready)
		return -ETIMEDOUT;
	return read(uio->fd, count, sizeof(*count)) == sizeof(*count) ? 0 : uio_error();
}

/* Returns why the device has interrupted; from now on it may again. */
static inline uint32_t uio_answer(const struct uio_device *uio)
{
	uint32_t reasons = uio_get(uio, EDU_REASONS);

	uio_set(uio, EDU_ACKNOWLEDGE, reasons);
	uio_switch_on(uio);
	return reasons;
}

/*
 * Have the device compute, and wait for its interrupt
 */
static inline int uio_factorial(const struct uio_device *uio, uint32_t number,
				int wait_ms, uint32_t *factorial)
{
	uint32_t count, reasons = 0;
	int err = 0;

	if (number > EDU_MOST_FACTORIAL)
		return -ERANGE;
	if (uio_get(uio, EDU_STATUS) & EDU_STATUS_COMPUTING)
		return -EBUSY;
	/* What came before is forgotten. */
	if (!uio_wait(uio, 0, &count))
		uio_answer(uio);
	uio_set(uio, EDU_STATUS, EDU_STATUS_INTERRUPT);
	uio_set(uio, EDU_FACTORIAL, number);
	while (!err && !(reasons & EDU_REASON_FACTORIAL)) {
		err = uio_wait(uio, wait_ms, &count);
		if (!err)
			reasons = uio_answer(uio);
	}
	uio_set(uio, EDU_STATUS, 0);
	if (!err)
		*factorial = uio_get(uio, EDU_FACTORIAL);
	return err;
}

/*
 * Attach and detach
 */

/* If the driver in the kernel does not get the device ready, that is done here. */
static inline int uio_take_over(struct uio_device *uio, const char *node)
{
	char path[128];

	snprintf(path, sizeof(path), UIO_CLASS "/%s/device/config", node);
	uio->config = open(path, O_RDWR | O_CLOEXEC);
	if (uio->config < 0)
		return uio_error();
	uio_set(uio, EDU_STATUS, 0);
	uio_set(uio, EDU_ACKNOWLEDGE, ~0u);
	return uio_switch_on(uio);
}

static inline void uio_detach(struct uio_device *uio)
{
	if (uio->registers)
		munmap((void *)uio->registers, (size_t)sysconf(_SC_PAGESIZE));
	if (uio->config >= 0)
		close(uio->config);
	if (uio->fd >= 0)
		close(uio->fd);
	*uio = (struct uio_device){ .fd = -1, .config = -1 };
}

/* Opens a node, as "uio0", and maps the registers. */
static inline int uio_attach(struct uio_device *uio, const char *node)
{
	char path[128];
	void *page;
	int err;

	*uio = (struct uio_device){ .fd = -1, .config = -1 };
	snprintf(path, sizeof(path), "/dev/%s", node);
	uio->fd = open(path, O_RDWR | O_CLOEXEC);
	if (uio->fd < 0)
		return uio_error();
	/* Region 0. */
	page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_SHARED, uio->fd, 0);
	if (page == MAP_FAILED) {
		err = uio_error();
		uio_detach(uio);
		return err;
	}
	uio->registers = page;
	err = uio_switch_on(uio);
	if (err == -ENOSYS)
		err = uio_take_over(uio, node);
	if (err)
		uio_detach(uio);
	return err;
}

#endif /* UIO_DEVICE_H */
