// SPDX-License-Identifier: GPL-2.0
/* Maps a device, closes it, says "ready" and waits to be killed. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED) {
		perror("hold");
		return 1;
	}
	close(fd);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
