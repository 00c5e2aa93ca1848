// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device, and edu_registers, its driver in the kernel
 */
#include "edu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checks.h"

struct pci_device edu = { .vendor = "0x1234", .device = "0x11e8" };

void load_driver_of_edu(const char *parameters)
{
	char command[128];

	syscall(SYS_delete_module, "edu_registers", O_NONBLOCK);
	snprintf(command, sizeof(command), "modprobe edu_registers %s",
		 parameters);
	ck_assert_msg(!system(command), "%s failed", command);
}

int open_edu(void)
{
	int fd = open(EDU_NODE, O_RDWR | O_CLOEXEC);

	ck_assert_msg(fd >= 0, EDU_NODE ": %s", strerror(errno));
	return fd;
}

int load_edu(const char *parameters)
{
	load_driver_of_edu(parameters);
	return open_edu();
}

void unload_edu(int fd)
{
	if (fd >= 0)
		close(fd);
	ck_assert_msg(!syscall(SYS_delete_module, "edu_registers", O_NONBLOCK),
		      "edu_registers cannot be removed: %s", strerror(errno));
}

void ask_edu(int fd, unsigned long number, void *request)
{
	ck_assert_msg(!ioctl(fd, number, request), EDU_NODE
		      ": request 0x%lx: %s", number, strerror(errno));
}

volatile uint32_t *register_at(volatile void *page, size_t offset)
{
	return (volatile uint32_t *)((volatile char *)page + offset);
}

const uint32_t edu_words[EDU_WORDS] = { 0, 1, 0xdeadbeef, 0x80000000, 0xffffffff };

const uint32_t factorials[EDU_MOST_FACTORIAL + 1] = {
	1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800,
	479001600,
};

void assert_registers_answer(volatile void *page)
{
	volatile uint32_t *alive = register_at(page, EDU_LIVE);
	uint32_t number;
	size_t i;

	ck_assert_uint_eq(*register_at(page, EDU_ID) & EDU_ID_MASK,
			  EDU_ID_EXPECTED);
	for (i = 0; i < EDU_WORDS; i++) {
		*alive = edu_words[i];
		ck_assert_uint_eq(*alive, (uint32_t)~edu_words[i]);
	}
	for (number = 0; number <= EDU_MOST_FACTORIAL; number++) {
		*register_at(page, EDU_FACTORIAL) = number;
		while (*register_at(page, EDU_STATUS) & EDU_STATUS_COMPUTING)
			;
		ck_assert_uint_eq(*register_at(page, EDU_FACTORIAL),
				  factorials[number]);
	}
}
