// SPDX-License-Identifier: GPL-2.0
/*
 * Maps a device again and again; each time the kernel is made to fail at a
 * later one of the allocations that mmap() takes. Whenever that ends the mmap(),
 * prints how many mappings the driver counts, while there is none.
 *
 * Takes a kernel with fault injection (Documentation/fault-injection there). The guest's
 * init sets it up so that no allocation is spared.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab.h"

/* More than mmap() allocates. */
#define FAULTS 32

/* Far from all else, so that there are page tables to be allocated. */
#define AT ((void *)0x7f0000000)

static int open_or_end(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void *mmap_with_fault(int device, size_t length, int nth)
{
	int fd = open_or_end("/proc/self/fail-nth", O_WRONLY);
	char text[16];
	void *map;
	int error;

	snprintf(text, sizeof(text), "%d", nth);
	if (write(fd, text, strlen(text)) < 0)
		err(1, "fail-nth");
	map = mmap(AT, length, PROT_READ, MAP_SHARED | MAP_FIXED, device, 0);
	error = errno;
	/* A fault that mmap() did not reach may come here. */
	while (pwrite(fd, "0", 1, 0) < 0)
		;
	close(fd);
	errno = error;
	return map;
}

static long long counted(int device)
{
	struct lab_info info;

	if (ioctl(device, LAB_IOC_INFO, &info))
		err(1, "LAB_IOC_INFO");
	return (long long)info.mappings;
}

int main(int argc, char **argv)
{
	int device = argc == 2 ? open_or_end(argv[1], O_RDWR) : -1;
	int nth;

	for (nth = 1; nth <= FAULTS; nth++) {
		if (mmap_with_fault(device, 4096, nth) == MAP_FAILED)
			printf("fault %d: %s, %lld counted\n", nth,
			       strerror(errno), counted(device));
		else
			munmap(AT, 4096);
	}
	return counted(device) != 0;
}
