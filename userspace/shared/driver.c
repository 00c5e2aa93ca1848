// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that nobody here wrote
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "buffers.h"
#include "compare.h"
#include "page_entries.h"
#include "user_side.h"

struct driver driver = { .mode = 0600, .kind = &pfnmap, .parameters = "" };

struct program driver_program = {
	.lab = DRIVER_PROGRAM,
	.mapping = &pfnmap,
	/* By another mapping, as far as they are requests. */
	.operations = MAPS | CAN_PAGE | CAN_FILL | CAN_CHECK | CAN_USER_PAGE,
	.fresh = expect_zero,
};

bool is_driver(void)
{
	return lab.program == &driver_program;
}

bool is_module(void)
{
	return !is_driver() || driver.file;
}

bool maps_from_offsets(void)
{
	return !is_driver() || !driver.whole_only;
}

void needs_offsets(void)
{
	if (!maps_from_offsets())
		not_for_driver("it is documented to map from the beginning only");
}

struct lab_info driver_info(void)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	const uint64_t size = driver.size ?: 4 * page;

	return (struct lab_info){
		.size = size,
		.page_size = page,
		.pages = size / page,
	};
}

void needs_pages(uint64_t pages, const char *why)
{
	if (lab.info.pages >= pages)
		return;
	if (is_driver())
		not_for_driver("its memory has too few pages");
	skip("%s: load with pages=%" PRIu64 " or more", why, pages);
}

void needs_an_end(void)
{
	if (is_driver() && !driver.size)
		not_for_driver("its memory has no end");
}

bool is_shared(enum driver_shares shares)
{
	return !is_driver() || driver.shares <= shares;
}

void needs_shared_memory(enum driver_shares shares)
{
	if (is_shared(shares))
		return;
	if (driver.shares == SHARED_BY_DESCRIPTOR)
		not_for_driver("each descriptor has memory of its own");
	not_for_driver("each mapping has memory of its own");
}

/*
 * What is documented
 */

static void __attribute__((noreturn)) refuse(const char *name)
{
	fprintf(stderr, "--driver: %s makes no sense\n", name);
	exit(2);
}

static const struct mapping_kind *find_kind(const char *name)
{
	static const struct mapping_kind *const kinds[] = {
		&pfnmap, &mixedmap, &fault, &fault_pfn, &shmem,
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (name && !strcmp(kinds[i]->name, name))
			return kinds[i];
	refuse("kind");
}

static enum driver_shares find_shares(const char *name)
{
	static const char *const names[] = { "all", "descriptor", "nobody" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (name && !strcmp(names[i], name))
			return i;
	refuse("shared_by");
}

static driver_buffers *find_buffers(const char *name)
{
	if (name && !strcmp(name, "udmabuf"))
		return pages_of_a_memfd;
	if (name && !strcmp(name, "heap"))
		return memory_of_a_heap;
	refuse("buffers");
}

static size_t find_number(const char *text, const char *name)
{
	char *end;
	size_t number = text ? strtoul(text, &end, 0) : 0;

	if (!text || !*text || *end)
		refuse(name);
	return number;
}

enum word {
	DEVICE, MODULE, MODULE_FILE, KIND, SIZE, MODE, SHARED_BY, WHOLE_ONLY, READ_ONLY, PRIVATE,
	EXECUTABLE, ZEROES, BUFFERS,
};

static char *const words[] = {
	[DEVICE] = "device", [MODULE] = "module", [MODULE_FILE] = "file",
	[KIND] = "kind",
	[SIZE] = "size", [MODE] = "mode", [SHARED_BY] = "shared_by",
	[WHOLE_ONLY] = "whole_only", [READ_ONLY] = "read_only", [PRIVATE] = "private",
	[EXECUTABLE] = "executable", [ZEROES] = "zeroes",
	[BUFFERS] = "buffers",
	NULL,
};

static void take_word(int word, char *value)
{
	switch (word) {
	case DEVICE:
		driver.device = value ?: "";
		break;
	case MODULE:
		driver_program.lab = value ?: "";
		break;
	case MODULE_FILE:
		driver.file = value ?: "";
		break;
	case KIND:
		driver.kind = find_kind(value);
		break;
	case SIZE:
		driver.size = find_number(value, "size");
		break;
	case MODE:
		driver.mode = find_number(value, "mode");
		break;
	case SHARED_BY:
		driver.shares = find_shares(value);
		break;
	case WHOLE_ONLY:
		driver.whole_only = true;
		break;
	case READ_ONLY:
		driver.read_only = true;
		break;
	case PRIVATE:
		driver.may_be_private = true;
		break;
	case EXECUTABLE:
		driver.may_be_executed = true;
		break;
	case ZEROES:
		driver.fresh_is_zero = true;
		break;
	case BUFFERS:
		driver.buffers = find_buffers(value);
		break;
	default:
		refuse(value);
	}
}

/*
 * Where execution is allowed, mprotect() may add it: "me". What can only be read has
 * neither "wr" nor "mw", and to the kernel is not shared, "sh", but may be.
 */
static const struct mapping_kind *adapt(const struct mapping_kind *kind)
{
	static struct mapping_kind adapted;
	static char flags[64];
	const char *flag;
	char *end = flags;

	for (flag = kind->vm_flags; *flag; flag += 3)
		if (!driver.read_only || !has_vm_flag("wr sh mw ", flag))
			end = mempcpy(end, flag, 3);
	if (driver.may_be_executed && !has_vm_flag(kind->vm_flags, "me"))
		end = stpcpy(end, "me ");
	*end = 0;
	adapted = *kind;
	adapted.vm_flags = flags;
	return &adapted;
}

void parse_driver(char *text)
{
	char *value;
	int word;

	while (*text) {
		word = getsubopt(&text, words, &value);
		take_word(word, value);
	}
	if (!driver.device)
		refuse("device");
	if (driver.read_only)
		driver_program.operations = MAPS;
	driver_program.mapping = adapt(driver.kind);
}

/*
 * Page frames
 */

/* Where an entry of each of our architectures has the address of the frame, up to 48 bits. */
#define FRAME_BITS 0x0000fffffffff000ull

bool find_frame(const volatile void *addr, uint64_t *frame)
{
	struct page_table_entry entry = { .addr = (uintptr_t)addr };
	int fd = open_page_table();
	bool found;
	int error;

	if (fd < 0)
		skip(PAGE_TABLE ": %s", strerror(errno));
	found = !ioctl(fd, PAGE_TABLE_IOC_ENTRY, &entry);
	error = errno;
	close(fd);
	ck_assert_msg(found || error == ENXIO, PAGE_TABLE ": %s",
		      strerror(error));
	if (found)
		*frame = (((entry.entry & FRAME_BITS) & -entry.size) |
			  (entry.addr & (entry.size - 1))) /
			 lab.info.page_size;
	return found;
}

/*
 * Another mapping
 */

volatile uint32_t *map_again(void)
{
	int fd = driver.shares == SHARED_BY_ALL ? must_open(O_RDWR) : lab.fd;
	void *map = must_map(fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);

	if (fd != lab.fd)
		close(fd);
	return map;
}

void another_mapping_fills(void)
{
	volatile uint32_t *map;

	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	map = map_again();
	write_unguarded(map);
	lab.kernel_wrote = true;
	must_unmap(map, lab.info.size);
}

/* Memory that only one mapping shows is compared by the caller alone. */
void another_mapping_agrees(void)
{
	volatile uint32_t *map;

	if (!is_shared(SHARED_BY_DESCRIPTOR))
		return;
	map = map_again();
	assert_words(map, lab.words, 0, expect_pattern,
		     "another mapping reads");
	must_unmap(map, lab.info.size);
	summary->user_to_kernel += lab.info.size;
}

/* As they were when a check first asked for one. */
static uint64_t *frames;

static void note_frames(void)
{
	bool alone = !is_shared(SHARED_BY_DESCRIPTOR);
	volatile uint32_t *map = alone ? lab.map : map_again();
	uint64_t i;

	frames = calloc(lab.info.pages, sizeof(*frames));
	ck_assert_ptr_nonnull(frames);
	for (i = 0; i < lab.info.pages; i++) {
		volatile uint32_t *page = map + i * lab.page_words;

		(void)*page;
		ck_assert_msg(find_frame(page, &frames[i]),
			      "page %" PRIu64 " is read and has no page table entry",
			      i);
	}
	if (!alone)
		must_unmap(map, lab.info.size);
}

uint64_t frame_in_another_mapping(uint64_t page)
{
	if (!frames)
		note_frames();
	return frames[page];
}

void assert_frames_are_shared(void)
{
	uint64_t i;

	for (i = 0; is_driver() && i < lab.info.pages; i++)
		ck_assert_msg(mapped_pfn(mapped_page(i)) ==
			      frame_in_another_mapping(i),
			      "page %" PRIu64 " has another frame in another mapping",
			      i);
}

void forget_frames(void)
{
	free(frames);
	frames = NULL;
}
