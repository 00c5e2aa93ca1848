// SPDX-License-Identifier: GPL-2.0
/*
 * Has lab_regs access a register:
 *	access DEVICE read|write|read_be|write_be WIDTH OFFSET [VALUE]
 *	access DEVICE drain|feed|set|copy_from|copy_to|submit WIDTH OFFSET COUNT [VALUE]
 * Bytes that go to the device all have the value.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lab.h"

static const char *const hows[] = {
	"read", "write", "read_be", "write_be", "drain", "feed", "set", "copy_from",
	"copy_to", "submit",
};

static uint32_t how_of(const char *name)
{
	uint32_t how;

	for (how = 0; how < sizeof(hows) / sizeof(*hows); how++)
		if (!strcmp(hows[how], name))
			return how;
	errx(2, "%s is no access", name);
}

static uint64_t number(int argc, char **argv, int which, uint64_t usual)
{
	return which < argc ? strtoull(argv[which], NULL, 0) : usual;
}

int main(int argc, char **argv)
{
	struct lab_access access = { .count = 1 };
	int fd = argc > 4 ? open(argv[1], O_RDWR) : -1;
	uint32_t i;

	access.how = argc > 2 ? how_of(argv[2]) : 0;
	access.width = number(argc, argv, 3, 4);
	access.offset = number(argc, argv, 4, 0);
	access.value = number(argc, argv, 5, 0);
	if (access.how >= LAB_ACCESS_DRAIN) {
		access.count = access.value;
		access.value = number(argc, argv, 6, 0);
		memset(access.bytes, (int)access.value, sizeof(access.bytes));
	}
	if (ioctl(fd, LAB_IOC_ACCESS, &access))
		err(1, "LAB_IOC_ACCESS");
	if (access.how == LAB_ACCESS_DRAIN || access.how == LAB_ACCESS_COPY_FROM) {
		for (i = 0; i < access.width * access.count; i++)
			printf("%02x%c", access.bytes[i],
			       i + 1 < access.width * access.count ? ' ' : '\n');
	} else {
		printf("0x%llx\n", access.value);
	}
	return 0;
}
