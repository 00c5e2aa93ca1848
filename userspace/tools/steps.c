// SPDX-License-Identifier: GPL-2.0
/*
 * Leads a mapping of a device through its life, and waits at each step for the host, which
 * looks at the stopped machine from outside:
 *
 *	steps PREFIX DEVICE SEED
 *
 * What the program itself knows it prints, each line behind the prefix:
 *
 *	zone START END PHYSICAL		kernel addresses, and where their first one leads:
 *					none where each page is mapped for itself
 *	step NAME			the steps are those of main()
 *	info FLAGS MAPPINGS		what LAB_IOC_INFO says
 *	page INDEX KERNEL-ADDRESS PFN	what LAB_IOC_PAGE says of a page
 *	look WHO BOX ADDRESS		a process waits with its box, and the memory is, was or
 *					will be mapped at this address
 *	area START END OFFSET RIGHTS VMFLAGS	a VMA of the process that waits next
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"
#include "../shared/core_file.h"
#include "../shared/witness.h"

static const char *prefix, *device;
static int fd;
static struct lab_info info;
static char *map;

/* Of its own to each process: a child that writes to it gets a copy. */
static struct waiting_box box;

/* To the child, which answers on the other one. */
static int orders[2], answers[2];
static bool has_child;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs(prefix, stdout);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	va_end(arguments);
}

static void say_zone(const core_segment *zone)
{
	uint64_t start = zone->p_vaddr;
	char physical[32] = "none";

	/* The linear map of 32-bit x86 begins with physical address 0. */
	if (zone->p_paddr != UINTPTR_MAX)
		snprintf(physical, sizeof(physical), "0x%" PRIx64,
			 (uint64_t)zone->p_paddr);
	say("zone 0x%" PRIx64 " 0x%" PRIx64 " %s", start,
	    start + zone->p_memsz, physical);
}

/*
 * /proc/kcore shows the kernel's memory as a core file: a segment for each zone.
 * User-mode Linux has none.
 */
static void say_zones(void)
{
	int kcore = open("/proc/kcore", O_RDONLY);
	core_header header;
	core_segment zone;
	int i;

	if (kcore < 0)
		return;
	if (pread(kcore, &header, sizeof(header), 0) != sizeof(header))
		err(1, "/proc/kcore");
	for (i = 0; i < header.e_phnum; i++) {
		off_t place = (off_t)(header.e_phoff + i * sizeof(zone));

		if (pread(kcore, &zone, sizeof(zone), place) != sizeof(zone))
			err(1, "/proc/kcore");
		if (zone.p_type == PT_LOAD)
			say_zone(&zone);
	}
	close(kcore);
}

/* A picture has no room for more, and the harness reads no more (runs/mapping_lives.py). */
#define MOST_PAGES 64

static uint64_t pages_shown(void)
{
	return info.pages < MOST_PAGES ? info.pages : MOST_PAGES;
}

static void say_lab(void)
{
	uint64_t i;

	if (ioctl(fd, LAB_IOC_INFO, &info))
		err(1, "LAB_IOC_INFO");
	say("info 0x%x %llu", info.flags, (unsigned long long)info.mappings);
	for (i = 0; i < pages_shown(); i++) {
		struct lab_page page = { .index = i };

		if (ioctl(fd, LAB_IOC_PAGE, &page))
			err(1, "LAB_IOC_PAGE");
		say("page %" PRIu64 " 0x%llx 0x%llx", i,
		    (unsigned long long)page.kernel_addr,
		    (unsigned long long)page.pfn);
	}
}

/* Those VMAs of this process that show the device. */
static void say_vmas(void)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[512], area[128] = "";

	if (!smaps)
		err(1, "/proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		char rights[8], offset[32], path[256] = "";
		uint64_t start, end;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %31s %*s %*s %255s",
			   &start, &end, rights, offset, path) >= 4)
			snprintf(area, strcmp(path, device) ? 1 : sizeof(area),
				 "0x%" PRIx64 " 0x%" PRIx64 " 0x%s %s",
				 start, end, offset, rights);
		else if (!strncmp(line, "VmFlags:", 8) && *area)
			say("area %s %s", area, line + 9);
	}
	fclose(smaps);
}

/*
 * No system call while it waits: when the host stops the machine, the processor must be in
 * this program, with the page tables of this process in use.
 */
static void wait_for_host(const char *who, uint64_t number)
{
	say_vmas();
	box.magic = WITNESS_MAGIC;
	box.who = number;
	box.state = WITNESS_WAITED_FOR;
	say("look %s 0x%" PRIxPTR " 0x%" PRIxPTR, who, (uintptr_t)&box,
	    (uintptr_t)map);
	while (box.state != WITNESS_WAS_HERE)
		;
}

static void pass_on(int pipe)
{
	if (write(pipe, "", 1) != 1)
		err(1, "write to a pipe");
}

static bool is_told(int pipe)
{
	char byte;

	return read(pipe, &byte, 1) == 1;
}

static void stop_at(const char *name)
{
	say("step %s", name);
	say_lab();
	wait_for_host("parent", 0);
	if (has_child) {
		pass_on(orders[1]);
		is_told(answers[0]);
	}
}

/* It only waits where its parent does, until there is nobody to give an order. */
static void be_child(void)
{
	close(orders[1]);
	while (is_told(orders[0])) {
		wait_for_host("child", 1);
		pass_on(answers[1]);
	}
	_exit(0);
}

static void start_child(void)
{
	if (pipe(orders) || pipe(answers))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		be_child();
	}
	has_child = true;
}

static void end_child(void)
{
	close(orders[1]);
	wait(NULL);
	has_child = false;
}

/* An address where there is room: so it is known before anything is mapped there. */
static char *find_room(void)
{
	char *room = mmap(NULL, info.size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || munmap(room, info.size))
		err(1, "mmap");
	return room;
}

int main(int argc, char **argv)
{
	uint64_t seed, middle;

	if (argc != 4)
		errx(1, "call me as: steps PREFIX DEVICE SEED");
	prefix = argv[1];
	device = argv[2];
	seed = strtoull(argv[3], NULL, 0);
	fd = open(device, O_RDWR);
	if (fd < 0 || ioctl(fd, LAB_IOC_INFO, &info))
		err(1, "%s", device);
	say_zones();
	map = find_room();
	stop_at("before");

	if (mmap(map, info.size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) != map)
		err(1, "mmap of %s", device);
	stop_at("mmap");

	middle = pages_shown() / 2 * info.page_size;
	*(volatile uint64_t *)(map + middle) = seed;
	stop_at("touch");

	start_child();
	stop_at("fork");

	munmap(map + middle, info.page_size);
	stop_at("munmap");

	end_child();
	munmap(map, info.size);
	stop_at("last");
	return 0;
}
