// SPDX-License-Identifier: GPL-2.0
/*
 * What a pci-testdev says: by the numbers of its ports, by their file in sysfs, or by
 * lab_port, which is asked for some writes
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../shared/ports.h"
#include "lab.h"
#include "testdev.h"

static int file = -1;
static uint16_t first;

static void open_ports(const char *number)
{
	first = (uint16_t)strtoul(number, NULL, 16);
	if (ioperm(first, TESTDEV_LEAST, 1))
		err(1, "ioperm");
}

static uint8_t get(unsigned int offset)
{
	uint8_t byte = 0;

	if (file < 0)
		return inb((uint16_t)(first + offset));
	if (pread(file, &byte, 1, offset) != 1)
		err(1, "pread");
	return byte;
}

static void look(void)
{
	struct lab_port port = { .count = 0 };
	unsigned int i;

	for (i = 0; i < sizeof(port.count); i++)
		port.count |= (uint32_t)get(TESTDEV_COUNT + i) << 8 * i;
	for (i = 0; i < TESTDEV_NAME_SIZE - 1; i++)
		port.name[i] = get(TESTDEV_NAME + i);
	printf("%s: %u writes counted\n", (char *)port.name, port.count);
}

static void ask(const char *writes)
{
	struct lab_port port = { .writes = (uint32_t)strtoul(writes, NULL, 0) };

	if (ioctl(file, LAB_IOC_PORT, &port))
		err(1, "LAB_IOC_PORT");
	printf("%s: byte 0x%02x to place 0x%02x, %u writes counted\n",
	       (char *)port.name, port.data, port.offset, port.count);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(1, "a port, a file in sysfs, or /dev/lab_port and a number");
	if (!strncmp(argv[1], "0x", 2)) {
		open_ports(argv[1]);
	} else {
		file = open(argv[1], O_RDWR);
		if (file < 0)
			err(1, "%s", argv[1]);
	}
	if (argc == 3)
		ask(argv[2]);
	else
		look();
	return 0;
}
