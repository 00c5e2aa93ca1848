// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory type have the two mappings of a lab's first page? It maps that page, and asks
 * the module page_table.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lab.h"
#include "page_table.h"

static const struct {
	unsigned int code;
	const char *name;
} names[] = {
#ifdef __aarch64__
	{ PAGE_TABLE_ARM64_NORMAL_WB, "normal, write-back" },
	{ PAGE_TABLE_ARM64_NORMAL_NC, "normal, uncached" },
	{ PAGE_TABLE_ARM64_DEVICE_NGNRE, "device, nGnRE" },
	{ PAGE_TABLE_ARM64_DEVICE_NGNRNE, "device, nGnRnE" },
#else
	{ PAGE_TABLE_X86_WB, "write-back" },
	{ PAGE_TABLE_X86_WC, "write-combining" },
	{ PAGE_TABLE_X86_UC_MINUS, "uncached, weak" },
	{ PAGE_TABLE_X86_UC, "uncached" },
#endif
	{ 0, NULL },
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int must_open(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		fail(path);
	return fd;
}

static void show(const char *what, int fd, unsigned long request, uint64_t addr)
{
	struct page_table_entry entry = { .addr = addr };
	unsigned int code;
	size_t i;

	if (ioctl(fd, request, &entry))
		fail(what);
	code = page_table_type(&entry);
	for (i = 0; names[i].name && names[i].code != code; i++)
		;
	printf("%-7s 0x%02x  %s\n", what, code,
	       names[i].name ? names[i].name : "another type");
}

int main(int argc, char **argv)
{
	int fd, entries;
	struct lab_info info;
	void *map;

	if (argc != 2) {
		fprintf(stderr, "usage: types /dev/lab_NAME\n");
		return 2;
	}
	fd = must_open(argv[1]);
	entries = must_open("/dev/page_table");
	if (ioctl(fd, LAB_IOC_INFO, &info))
		fail("LAB_IOC_INFO");
	map = mmap(NULL, info.page_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail("mmap()");
	show("kernel", entries, PAGE_TABLE_IOC_ENTRY, info.kernel_addr);
	show("user", entries, PAGE_TABLE_IOC_ENTRY, (uintptr_t)map);
	show("VMA", entries, PAGE_TABLE_IOC_AREA, (uintptr_t)map);
	return 0;
}
