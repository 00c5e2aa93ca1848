// SPDX-License-Identifier: GPL-2.0
/*
 * Opening the device before each check, and closing it afterwards
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "kernel_side.h"
#include "parameters.h"
#include "user_side.h"

struct checked_lab lab = { .fd = -1 };
struct settings settings = { .calls = USUAL_CALLS, .rounds = 500 };
struct summary *summary;

bool can(unsigned int operations)
{
	return (lab.program->operations & operations) == operations;
}

bool is_loaded_with(const char *parameter)
{
	const char *value = strchr(parameter, '=') + 1;
	char name[64], found[64] = "";

	snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - parameter),
		 parameter);
	read_parameter(lab.program->lab, name, found, sizeof(found));
	return !strcmp(found, value);
}

const struct mapping_kind *mapping_kind(void)
{
	const struct program *program = lab.program;

	if (program->with && is_loaded_with(program->with))
		return program->mapping_with;
	return program->mapping;
}

static void ask_for_info(void)
{
	bool first = !summary->info.pages;

	if (is_driver())
		lab.info = driver_info();
	else
		must_ioctl(LAB_IOC_INFO, &lab.info, "LAB_IOC_INFO");
	lab.words = lab.info.size / sizeof(uint32_t);
	lab.page_words = lab.info.page_size / sizeof(uint32_t);
	if (first && can(CAN_PAGE) && !is_driver())
		summary->contiguous = frames_are_contiguous();
	summary->info = lab.info;
}

int usual_protection(void)
{
	return is_driver() && driver.read_only ? PROT_READ : READ_WRITE;
}

static void *map_driver(void)
{
	void *map = mmap(NULL, lab.info.size, usual_protection(), MAP_SHARED,
			 lab.fd, 0);
	bool wanted = lab.needs & CAN_MMAP;

	if (map != MAP_FAILED)
		return map;
	if (wanted && errno == ENODEV)
		not_for_driver("it has no mmap()");
	ck_assert_msg(!wanted, "mmap of 0x%zx bytes failed: %s",
		      (size_t)lab.info.size, strerror(errno));
	return NULL;
}

/* A lab that cannot be mapped may still be right in what needs no mapping. */
static void *map_all(void)
{
	void *map;

	if (is_driver())
		return map_driver();
	if ((lab.needs & MAPS) == MAPS)
		return must_map(lab.fd, lab.info.size, READ_WRITE, MAP_SHARED,
				0);
	map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, lab.fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

void open_lab(void)
{
	lab.fd = must_open(is_driver() && driver.read_only ? O_RDONLY : O_RDWR);
	forget_frames();
	lab.kernel_wrote = false;
	if (can(CAN_INFO))
		ask_for_info();
	if (lab.program->map)
		lab.map = lab.needs & (CAN_MMAP | CAN_UIO) ? lab.program->map() : NULL;
	else if (can(MAPS))
		lab.map = map_all();
	summary->user_addr = (uintptr_t)lab.map;
}

void close_lab(void)
{
	if (lab.map)
		munmap((void *)lab.map, lab.info.size);
	if (lab.fd >= 0)
		close(lab.fd);
	lab.map = NULL;
	lab.fd = -1;
}
