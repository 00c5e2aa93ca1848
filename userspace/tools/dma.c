// SPDX-License-Identifier: GPL-2.0
/* Has the device of lab_dma copy: to itself, or from itself into the lab's memory. */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lab.h"

#define NODE "/dev/lab_dma"

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

int main(int argc, char **argv)
{
	struct lab_dma dma = { .wait_ms = LAB_DMA_MOST_WAIT };
	int file = open(NODE, O_RDWR);
	struct lab_info info;
	uint64_t physical;

	if (argc < 4 || argc > 5)
		errx(1, "to or from, an offset in the memory, a count, and how many ms to wait");
	if (file < 0 || ioctl(file, LAB_IOC_INFO, &info))
		err(1, NODE);
	dma.direction = strcmp(argv[1], "to") ? LAB_DMA_FROM_DEVICE : LAB_DMA_TO_DEVICE;
	dma.offset = number(argv[2]);
	dma.count = number(argv[3]);
	if (argc == 5)
		dma.wait_ms = number(argv[4]);
	if (ioctl(file, LAB_IOC_DMA, &dma))
		err(1, "LAB_IOC_DMA");
	physical = info.phys_addr + dma.offset;
	printf("%u bytes copied; the device's address is %s\n", dma.count,
	       dma.address == physical ? "the physical one" : "another than the physical one");
	return 0;
}
