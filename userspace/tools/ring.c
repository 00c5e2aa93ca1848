// SPDX-License-Identifier: GPL-2.0
/* Consumes the records of lab_ring, and prints after each step where head and tail are. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab.h"

static int fd = -1;
static struct lab_ring_header *header;
static struct lab_record *records; /* behind the header */
static __u32 slots;

static struct lab_ring ask(void)
{
	struct lab_ring ring;

	if (ioctl(fd, LAB_IOC_RING, &ring))
		err(1, "LAB_IOC_RING");
	return ring;
}

static void show(const char *after)
{
	printf("%-34s  head %3u  tail %3u  lost %llu\n", after, header->head,
	       header->tail, ask().lost);
	fflush(stdout);
}

static void make_records(unsigned int count)
{
	struct lab_produce produce = { .count = count };
	char step[64];

	if (ioctl(fd, LAB_IOC_PRODUCE, &produce))
		snprintf(step, sizeof(step), "produce %u: %s", count,
			 strerror(errno));
	else
		snprintf(step, sizeof(step), "produce %u: %u stored", count,
			 produce.stored);
	show(step);
}

/*
 * The consumer: no system call. The acquire has the record read after the head that shows
 * it, the release before the tail that gives its slot back.
 */
static unsigned int take_all(void)
{
	__u32 head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
	__u32 tail = header->tail;
	unsigned long long first = 0, last = 0;
	unsigned int taken = 0;
	char step[64];

	while (tail != head) {
		last = records[tail].number;
		first = taken++ ? first : last;
		tail = (tail + 1) % slots;
		__atomic_store_n(&header->tail, tail, __ATOMIC_RELEASE);
	}
	snprintf(step, sizeof(step), taken ? "take records %llu to %llu" :
		 "there is none to take", first, last);
	show(step);
	return taken;
}

static void wait_for_a_stream(unsigned int count)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	struct lab_stream stream = { .count = count };

	if (ioctl(fd, LAB_IOC_STREAM, &stream) || poll(&readable, 1, -1) < 0)
		err(1, "LAB_IOC_STREAM");
	while (ask().left)
		;
	show("wait for a stream");
}

int main(int argc, char **argv)
{
	struct lab_info info;
	void *map;

	if (argc != 2)
		errx(2, "usage: %s /dev/lab_ring", argv[0]);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || ioctl(fd, LAB_IOC_INFO, &info))
		err(1, "%s", argv[1]);
	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	header = map;
	records = (struct lab_record *)(header + 1);
	slots = ask().slots;

	show("at first");
	make_records(3);
	take_all();
	make_records(600);
	make_records(1);
	take_all();
	take_all();
	wait_for_a_stream(5);
	take_all();
	header->tail = slots;
	make_records(1);
	return 0;
}
