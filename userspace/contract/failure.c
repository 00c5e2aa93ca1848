// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 7.2: calls that fail leave nothing half done
 * Contract 7.5: a load and calls may wait for memory
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"
#include "memory_group.h"
#include "memory_type.h"
#include "shared/checks.h"

/*
 * open()
 */

static long call_open(void)
{
	return open_device(O_RDWR);
}

static void undo_open(long fd)
{
	close((int)fd);
}

START_TEST(open_fails_cleanly)
{
	static const struct failing_call call = {
		.name = "open()", .make = call_open, .undo = undo_open,
	};

	require_faults();
	fail_each(&call);
}
END_TEST

/*
 * mmap()
 */

/* What call_mmap() maps, in bytes, and to which address. */
static uint64_t map_offset, map_length;
static void *map_place;

/*
 * Addresses that have no page tables yet: most of the allocations in the driver's
 * part of mmap() are for these tables. With pages of 4 KiB a table covers 2 MiB,
 * and one of the next level 1 GiB; with addresses of 32 bits 4 MiB, and all.
 */
static void find_place(void)
{
	const size_t covered = sizeof(long) == 4 ? 4ul << 20 : 1ul << 30;
	char *room = find_room(3 * covered);

	map_place = room + covered + (-(uintptr_t)room & (covered - 1));
}

static long call_mmap(void)
{
	return (long)mmap(map_place, map_length, READ_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, lab.fd,
			  (off_t)map_offset);
}

/* A mapping that was made in spite of a fault is whole. */
static void undo_mmap(long map)
{
	if (is_shared(SHARED_BY_DESCRIPTOR))
		assert_words((volatile uint32_t *)map,
			     map_length / sizeof(uint32_t),
			     map_offset / sizeof(uint32_t), expect_pattern,
			     "a mapping made in spite of a fault");
	must_unmap((volatile void *)map, map_length);
}

static struct failing_call mmap_of(const char *name, uint64_t from, uint64_t pages)
{
	map_offset = from * lab.info.page_size;
	map_length = pages * lab.info.page_size;
	return (struct failing_call){
		.name = name, .make = call_mmap, .undo = undo_mmap,
	};
}

static void fail_mmap(const char *name, uint64_t from, uint64_t pages)
{
	const struct failing_call call = mmap_of(name, from, pages);

	fail_each(&call);
}

START_TEST(mmap_fails_cleanly)
{
	uint64_t last = lab.info.pages - 1;

	require_faults();
	find_place();
	write_pattern(lab.map);
	fail_mmap("mmap() of all pages", 0, last + 1);
	fail_mmap("mmap() of the first page", 0, 1);
	if (maps_from_offsets())
		fail_mmap("mmap() of the last page", last, 1);
	if (last && maps_from_offsets())
		fail_mmap("mmap() of all pages but the first", 1, last);
	assert_pages(0, last + 1, "the mapping from before");
	kernel_checks();
}
END_TEST

/*
 * The VMA takes a page, and where mmap() enters the pages, so does each new page table.
 * The driver's call must pass on that there was none: what is left are addresses without
 * pages, and a program that knows nothing of it.
 */
static bool body_maps_with_few_pages(void)
{
	const struct failing_call call =
		mmap_of("mmap() with few pages left", 0, lab.info.pages);

	prepare_for_groups();
	fail_with_few_pages(&call, mapping_kind()->populated ? 2 : 1);
	return true;
}

/*
 * Before 6.16 remap_pfn_range() of a whole VMA takes back twice on x86 what it has noted of the
 * memory's type, and warns, whoever called it. A call for a page of many notes nothing.
 */
static void require_a_quiet_remap(void)
{
	bool notes_types = !access(PAT_LIST, F_OK);

	if (notes_types && !kernel_is_since(6, 16) &&
	    strstr(mapping_kind()->vm_flags, "pf") &&
	    !lab.program->page_by_page)
		skip("this kernel warns when remap_pfn_range() fails on x86");
}

START_TEST(mmap_without_pages_for_page_tables_fails_cleanly)
{
	require_a_quiet_remap();
	require_memory_groups();
	find_place();
	write_pattern(lab.map);
	ck_assert(run_in_child(body_maps_with_few_pages));
	assert_pages(0, lab.info.pages, "the mapping from before");
	kernel_checks();
}
END_TEST

/*
 * Requests
 *
 * A request writes its whole answer by one copy, at its end: when that fails,
 * nothing of the answer is there.
 */

/* The structure of each request begins with its input. */
static const struct request *request;
static uint64_t given;

static long call_request(void)
{
	const uint64_t before[16] = { given };
	uint64_t argument[16] = { given };
	long result = ioctl(lab.fd, request->number, argument);

	if (result == -1 && memcmp(argument, before, sizeof(argument)))
		errno = EPROTO; /* no driver returns it */
	return result;
}

static void fail_request(const struct request *which,
			 void (*make_fail)(const struct failing_call *call))
{
	struct failing_call call = { .name = which->name, .make = call_request };

	request = which;
	given = which->number == LAB_IOC_USER_PAGE ? (uintptr_t)lab.map :
		which->number == LAB_IOC_FILL ||
		which->number == LAB_IOC_CHECK ? lab.seed : 0;
	make_fail(&call);
}

START_TEST(requests_fail_cleanly)
{
	size_t i;

	require_faults();
	write_pattern(lab.map);
	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			fail_request(&requests[i], fail_each);
	kernel_checks();
}
END_TEST

/*
 * read() and write()
 */

static uint32_t *bytes;

static long call_read(void)
{
	return pread(lab.fd, bytes, lab.info.size, 0);
}

static long call_write(void)
{
	return pwrite(lab.fd, bytes, lab.info.size, 0);
}

static void fail_transfer(const char *name, long (*make)(void))
{
	const struct failing_call call = {
		.name = name, .make = make, .whole = (long)lab.info.size,
		.may_be_short = true,
	};

	fail_each(&call);
}

START_TEST(read_and_write_fail_cleanly)
{
	require_faults();
	bytes = calloc(1, lab.info.size);
	ck_assert_ptr_nonnull(bytes);
	write_pattern(lab.map);
	fail_transfer("read()", call_read);
	assert_words(bytes, lab.words, 0, expect_pattern, "read()");
	kernel_checks();

	lab.seed = ~lab.seed;
	write_unguarded(bytes);
	fail_transfer("write()", call_write);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "user reads what write() wrote");
	kernel_checks();
	free(bytes);
}
END_TEST

/*
 * 7.5: the kernel itself loads a module with allocations that may not wait. On the way of
 * these calls it has none that they need.
 */
START_TEST(transfers_may_wait_for_memory)
{
	const struct failing_call reading = {
		.name = "read()", .make = call_read,
	};
	const struct failing_call writing = {
		.name = "write()", .make = call_write,
	};

	require_faults();
	bytes = calloc(1, lab.info.size);
	ck_assert_ptr_nonnull(bytes);
	if (can(CAN_READ))
		fail_what_cannot_wait(&reading);
	if (can(CAN_WRITE))
		fail_what_cannot_wait(&writing);
	free(bytes);
}
END_TEST

START_TEST(open_and_mmap_may_wait_for_memory)
{
	const struct failing_call opening = {
		.name = "open()", .make = call_open, .undo = undo_open,
	};
	const struct failing_call mapping = {
		.name = "mmap()", .make = call_mmap, .undo = undo_mmap,
	};

	require_faults();
	find_place();
	write_pattern(lab.map);
	map_offset = 0;
	map_length = lab.info.size;
	fail_what_cannot_wait(&opening);
	fail_what_cannot_wait(&mapping);
}
END_TEST

START_TEST(requests_may_wait_for_memory)
{
	size_t i;

	require_faults();
	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			fail_request(&requests[i], fail_what_cannot_wait);
}
END_TEST

const struct check failure_checks[] = {
	THOROUGH_CHECK(open_fails_cleanly, CAN_INFO | ANY_DRIVER),
	THOROUGH_CHECK(mmap_fails_cleanly, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(mmap_without_pages_for_page_tables_fails_cleanly,
		       WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(requests_fail_cleanly, WRITES | CAN_CHECK),
	THOROUGH_CHECK(read_and_write_fail_cleanly,
		       WRITES | CAN_READ | CAN_WRITE | CAN_CHECK),
	THOROUGH_CHECK(transfers_may_wait_for_memory, CAN_READ | CAN_WRITE),
	THOROUGH_CHECK(open_and_mmap_may_wait_for_memory, WRITES | ANY_DRIVER),
	THOROUGH_CHECK(requests_may_wait_for_memory, CAN_INFO),
	{ .name = NULL },
};
