// SPDX-License-Identifier: GPL-2.0
/* Prints how many page faults lab_fault answers at each step of a mapping's life. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

#define PAGES 4
#define PAGE 4096

static int fd = -1;
static unsigned long long *before; /* of parent and child alike */

/* Since the last line. */
static void show(const char *after)
{
	struct lab_faults faults;

	if (ioctl(fd, LAB_IOC_FAULTS, &faults))
		err(1, "LAB_IOC_FAULTS");
	printf("%-30s %llu\n", after, faults.count - *before);
	fflush(stdout);
	*before = faults.count;
}

static void read_all(volatile char *map)
{
	int i;

	for (i = 0; i < PAGES; i++)
		(void)map[i * PAGE];
}

int main(int argc, char **argv)
{
	volatile char *map;

	before = mmap(NULL, sizeof(*before), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (before == MAP_FAILED)
		err(1, "mmap");
	if (argc == 2)
		fd = open(argv[1], O_RDWR);
	show("since the load");
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	show("mmap of 4 pages");
	(void)map[0];
	show("read of page 0");
	map[0] = 1;
	show("write to page 0");
	read_all(map);
	show("read of all pages");
	if (madvise((void *)map, PAGE, MADV_DONTNEED))
		warn("MADV_DONTNEED");
	show("MADV_DONTNEED of page 0");
	read_all(map);
	show("read of all pages");
	if (fork() == 0) {
		show("fork");
		read_all(map);
		show("the child reads all pages");
		_exit(0);
	}
	wait(NULL);
	map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	show("mmap with MAP_POPULATE");
	read_all(map);
	show("read of all pages");
	return 0;
}
