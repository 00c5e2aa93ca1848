// SPDX-License-Identifier: GPL-2.0
/* Prints how many faults bring 513 pages of lab_fault, and how much page 0's entry maps. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lab.h"
#include "page_table.h"

#define PAGES 513
#define PAGE 4096

static int fd, page_table;
static volatile char *map;

static void show(const char *after)
{
	struct page_table_entry entry = { .addr = (unsigned long)map };
	static unsigned long long before;
	struct lab_faults faults;

	if (ioctl(fd, LAB_IOC_FAULTS, &faults))
		err(1, "LAB_IOC_FAULTS");
	printf("%-22s %3llu faults", after, faults.count - before);
	before = faults.count;
	if (ioctl(page_table, PAGE_TABLE_IOC_ENTRY, &entry))
		printf(", page 0 has no entry\n");
	else
		printf(", page 0: an entry for %llu KiB\n", entry.size / 1024);
}

static void read_all(void)
{
	int i;

	for (i = 0; i < PAGES; i++)
		(void)map[i * PAGE];
}

int main(void)
{
	fd = open("/dev/lab_fault", O_RDWR);
	page_table = open("/dev/page_table", O_RDWR);
	if (fd < 0 || page_table < 0)
		err(1, "/dev/lab_fault or /dev/page_table");
	show("since the load");
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	show("mmap of 513 pages");
	(void)map[300 * PAGE];
	show("read of page 300");
	read_all();
	show("read of all pages");
	if (mprotect((void *)(map + 300 * PAGE), PAGE, PROT_READ))
		err(1, "mprotect");
	show("mprotect of page 300");
	read_all();
	show("read of all pages");
	return 0;
}
