// SPDX-License-Identifier: GPL-2.0
/* Prints how many mappings a driver counts while they come, split, fork and go. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

static int fd = -1;

static void show(const char *after)
{
	struct lab_info info;

	if (ioctl(fd, LAB_IOC_INFO, &info))
		err(1, "LAB_IOC_INFO");
	printf("%-24s %llu\n", after, (unsigned long long)info.mappings);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char *map;

	if (argc == 2)
		fd = open(argv[1], O_RDWR);
	show("open");
	map = mmap(NULL, 16384, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	show("mmap of 4 pages");
	munmap(map + 4096, 4096);
	show("munmap of page 1");
	if (fork() == 0) {
		show("fork, in the child");
		_exit(0);
	}
	wait(NULL);
	show("exit of the child");
	return 0;
}
