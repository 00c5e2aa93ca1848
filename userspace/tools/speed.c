// SPDX-License-Identifier: GPL-2.0
/*
 * How fast is the memory of a lab, through a mapping of it, and by read() and write()?
 *
 * The figures are of the machine that it runs on: an emulator has no caches, so there they
 * say nothing of memory types. speed_of_types.sh beside it makes a table of all four types.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef __aarch64__
#include <cpuid.h>
#endif

/* Each of the four is repeated for so long. */
#define SECONDS 0.2

static int fd;
static size_t size;
static volatile uint64_t *map;
static void *copy;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* The four: each moves all of the memory once. */

static void store(void)
{
	size_t i;

	for (i = 0; i < size / sizeof(*map); i++)
		map[i] = i;
	/* Until what waits in a write-combining buffer is gone. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void load(void)
{
	size_t i;

	for (i = 0; i < size / sizeof(*map); i++)
		(void)map[i];
}

static void by_write(void)
{
	if (pwrite(fd, copy, size, 0) != (ssize_t)size)
		fail("write()");
}

static void by_read(void)
{
	if (pread(fd, copy, size, 0) != (ssize_t)size)
		fail("read()");
}

/* In MB, which are a million bytes, a second. */
static double speed_of(void (*move)(void))
{
	double begin = now(), end = begin;
	double bytes = 0;

	while (end < begin + SECONDS) {
		move();
		bytes += size;
		end = now();
	}
	return bytes / (end - begin) / 1e6;
}

/* Is this machine QEMU, with an emulated processor? -1: with one that may be emulated. */
static int is_emulated(void)
{
#ifndef __aarch64__
	unsigned int answer[4];

	/* Who runs the virtual machine, as twelve letters. */
	__cpuid(0x40000000, answer[0], answer[1], answer[2], answer[3]);
	return !memcmp(&answer[1], "TCGTCGTCGTCG", 12);
#else
	char model[64] = "";
	int file = open("/proc/device-tree/compatible", O_RDONLY);

	if (file >= 0 && read(file, model, sizeof(model) - 1) < 0)
		model[0] = 0;
	return strcmp(model, "linux,dummy-virt") ? 0 : -1;
#endif
}

static void say_how(FILE *where)
{
	fputs("usage: speed /dev/lab_NAME [TITLE]\n"
	      "The memory of a loaded lab, in MB a second: stored and loaded through a mapping,\n"
	      "and by write() and read(). The line begins with TITLE, or with the name of the node.\n",
	      where);
}

static void open_and_map(const char *node)
{
	off_t end;

	fd = open(node, O_RDWR);
	if (fd < 0)
		fail(node);
	end = lseek(fd, 0, SEEK_END);
	if (end <= 0)
		fail("lseek()");
	size = end;
	copy = malloc(size);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || !copy)
		fail("mmap()");
	memset(copy, 1, size);
}

int main(int argc, char **argv)
{
	int emulated = is_emulated();

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		say_how(stdout);
		return 0;
	}
	if (argc != 2 && argc != 3) {
		say_how(stderr);
		return 2;
	}
	open_and_map(argv[1]);

	printf("%8zu bytes, MB/s    stored    loaded   write()    read()\n", size);
	printf("%-18s %9.0f", argv[argc - 1], speed_of(store));
	printf(" %9.0f", speed_of(load));
	printf(" %9.0f", speed_of(by_write));
	printf(" %9.0f\n", speed_of(by_read));
	if (emulated > 0)
		puts("An emulated processor has no caches: no memory type is slower here.");
	else if (emulated)
		puts("If this processor is emulated, no memory type is slower: it has no caches.");
	return 0;
}
