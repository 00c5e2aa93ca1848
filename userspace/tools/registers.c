// SPDX-License-Identifier: GPL-2.0
/* Asks an edu device by its registers, which some file maps, without its driver's help. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu_registers.h"

static volatile uint32_t *registers;

static uint32_t get(unsigned int offset)
{
	return registers[offset / sizeof(uint32_t)];
}

static void set(unsigned int offset, uint32_t word)
{
	registers[offset / sizeof(uint32_t)] = word;
}

int main(int argc, char *argv[])
{
	int fd = open(argc == 2 ? argv[1] : "", O_RDWR);

	if (fd < 0) {
		perror(argv[1] ? argv[1] : "registers: a file is missing");
		return 1;
	}
	registers = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
			 PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	printf("identification  0x%08x\n", get(EDU_ID));
	set(EDU_LIVE, 0x0000ffff);
	printf("0x0000ffff  ->  0x%08x\n", get(EDU_LIVE));
	set(EDU_FACTORIAL, 10);
	while (get(EDU_STATUS) & EDU_STATUS_COMPUTING)
		;
	printf("10!             %u\n", get(EDU_FACTORIAL));
	set(EDU_RAISE, 0x10);
	usleep(10000);
	printf("reasons         0x%x\n", get(EDU_REASONS));
	return 0;
}
