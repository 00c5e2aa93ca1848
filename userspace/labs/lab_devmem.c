// SPDX-License-Identifier: GPL-2.0
/*
 * lab_devmem: what a program reaches without a driver
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "contract/memory_type.h"
#include "page_table.h"
#include "shared/checks.h"
#include "shared/linear_map.h"
#include "shared/refusals.h"
#include "shared/regions.h"
#include "shared/waiting.h"
#include "shared/witness.h"

static int open_dev_mem(void)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		skip("no /dev/mem");
	ck_assert_msg(fd >= 0, "/dev/mem: %s", strerror(errno));
	return fd;
}

/* So many pages that begin at a physical address, shared, or MAP_FAILED. */
static void *map_physical(int mem, uint64_t address, uint64_t count)
{
	return mmap(NULL, count * lab.info.page_size, READ_WRITE, MAP_SHARED,
		    mem, (off_t)address);
}

static void *must_map_physical(int mem, uint64_t address, uint64_t count)
{
	void *map = map_physical(mem, address, count);

	ck_assert_msg(map != MAP_FAILED, "/dev/mem at 0x%" PRIx64 ": %s",
		      address, strerror(errno));
	return map;
}

/* The lab anew, with a claim or without one. */
static void reload(bool claim)
{
	close_and_unload();
	must_load_with(claim ? "claim=1" : "claim=0");
	open_lab();
}

/*
 * 17.1: what nobody has claimed
 */

START_TEST(unclaimed_memory_is_shown_by_dev_mem)
{
	int mem = open_dev_mem();
	uint32_t *map;

	reload(false);
	kernel_fills();
	map = must_map_physical(mem, lab.info.phys_addr, lab.info.pages);
	assert_words(map, lab.info.size / sizeof(*map), 0, expect_pattern, "/dev/mem shows");
	lab.seed++;
	write_unguarded(map);
	kernel_checks();
	must_unmap(map, lab.info.size);
	close(mem);
}
END_TEST

/*
 * 17.2: what a driver has claimed
 */

/* Where the claim is, as the kernel says it: the lab may say something else. */
static struct region must_find_claim(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	struct region claim = { 0, 0 };
	char line[256];

	ck_assert_ptr_nonnull(iomem);
	while (!claim.last && fgets(line, sizeof(line), iomem))
		if (!strstr(line, ": lab_devmem") ||
		    sscanf(line, " %" SCNx64 "-%" SCNx64, &claim.first,
			   &claim.last) != 2)
			claim.last = 0;
	fclose(iomem);
	ck_assert_msg(claim.last, "nobody claimed the region");
	return claim;
}

START_TEST(claimed_memory_is_refused_by_dev_mem)
{
	int mem = open_dev_mem();
	struct region claim;
	uint64_t i;

	reload(true);
	claim = must_find_claim();
	for (i = 0; i < lab.info.pages; i++)
		assert_refused(map_physical(mem, claim.first +
					    i * lab.info.page_size, 1), EPERM,
			       "claimed memory through /dev/mem");
	close(mem);
}
END_TEST

static volatile uint32_t *mapped_before;

static bool touch(void)
{
	return *mapped_before || true;
}

START_TEST(claim_ends_a_mapping_of_dev_mem)
{
	int mem = open_dev_mem();
	uint64_t start;

	reload(true);
	start = must_find_claim().first;
	close_lab();
	must_unload();
	mapped_before = must_map_physical(mem, start, 1);
	ck_assert(touch());
	must_load_with("claim=0");
	ck_assert(touch());
	must_unload();
	must_load_with("claim=1");
	assert_killed(touch, SIGBUS, "an access to memory that was claimed since");
	must_unmap(mapped_before, lab.info.page_size);
	close(mem);
}
END_TEST

/*
 * 17.3: RAM of the kernel
 */

static void assert_no_ram(int mem, uint64_t address, const char *what)
{
	char byte;

	assert_refused(map_physical(mem, address, 1), EPERM, what);
	ck_assert_msg(pread(mem, &byte, 1, (off_t)address) == -1 &&
		      (errno == EPERM || errno == EFAULT),
		      "%s: read() of /dev/mem is not refused", what);
}

/* Below 1 MiB x86 lets programs look for the firmware's tables, and shows zeroes for RAM. */
#define FIRST_MIB 0x100000

START_TEST(ram_is_refused_by_dev_mem)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	int mem = open_dev_mem();
	unsigned int count = 0;
	uint64_t start, end;
	char line[256];

	ck_assert_ptr_nonnull(iomem);
	while (fgets(line, sizeof(line), iomem)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " : System RAM", &start,
			   &end) != 2 || !strstr(line, "System RAM") ||
		    start < FIRST_MIB)
			continue;
		count++;
		assert_no_ram(mem, start, "the first page of RAM");
		assert_no_ram(mem, end + 1 - lab.info.page_size,
			      "the last page of RAM");
	}
	fclose(iomem);
	ck_assert_uint_gt(count, 0);
	close(mem);
}
END_TEST

START_TEST(memory_of_the_lab_is_no_ram)
{
	ck_assert_msg(!iomem_lists("System RAM"),
		      "the memory is RAM that the kernel uses");
}
END_TEST

/*
 * 5.4 and 6.1
 */

START_TEST(both_sides_have_the_same_memory_type)
{
	assert_memory_type(CACHED);
}
END_TEST

START_TEST(region_is_reserved_and_claimed)
{
	reload(true);
	assert_reserved_and_claimed();
	reload(false);
	ck_assert_msg(!iomem_lists("lab_devmem"),
		      "the region is claimed with claim=0");
}
END_TEST

/*
 * 17.4: frames of a program's own memory
 */

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define PAGEMAP_FRAME (((uint64_t)1 << 55) - 1)

/* Opened here: it shows what whoever opens it may see. */
static uint64_t pagemap_of(const volatile void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	ck_assert_msg(fd >= 0, "/proc/self/pagemap: %s", strerror(errno));
	ck_assert_int_eq(pread(fd, &entry, sizeof(entry),
			       (off_t)((uintptr_t)addr / lab.info.page_size *
				       sizeof(entry))), sizeof(entry));
	close(fd);
	return entry;
}

static uint64_t frame_of(const volatile void *addr)
{
	uint64_t entry = pagemap_of(addr);

	ck_assert_msg(entry & PAGEMAP_PRESENT, "no page at %p", addr);
	ck_assert_msg(entry & PAGEMAP_FRAME,
		      "pagemap hides the frame at %p from root", addr);
	return entry & PAGEMAP_FRAME;
}

/* Memory with a descriptor and no name, which is mapped and holds the pattern. */
static uint32_t *make_memfd(int *fd, uint64_t count)
{
	size_t size = count * lab.info.page_size;
	uint32_t *map;
	size_t i;

	*fd = memfd_create("kmaplab", MFD_CLOEXEC);
	ck_assert_msg(*fd >= 0, "memfd_create(): %s", strerror(errno));
	ck_assert(!ftruncate(*fd, (off_t)size));
	map = must_map(*fd, size, READ_WRITE, MAP_SHARED, 0);
	for (i = 0; i < size / sizeof(*map); i++)
		map[i] = lab_pattern_word(lab.seed, i);
	return map;
}

START_TEST(memory_of_a_program_is_refused_by_dev_mem)
{
	int mem = open_dev_mem(), fd;
	uint32_t *map = make_memfd(&fd, 1);

	assert_no_ram(mem, frame_of(map) * lab.info.page_size,
		      "a page of this program");
	must_unmap(map, lab.info.page_size);
	close(fd);
	close(mem);
}
END_TEST

START_TEST(memfd_is_one_memory_for_all_who_map_it)
{
	int fd;
	uint32_t *map = make_memfd(&fd, 2);
	size_t size = 2 * lab.info.page_size;
	uint32_t *again = must_map(fd, size, READ_WRITE, MAP_SHARED, 0);

	ck_assert_int_eq(memcmp(map, again, size), 0);
	ck_assert_uint_eq(frame_of(map), frame_of(again));
	ck_assert_uint_eq(frame_of(map + lab.page_words),
			  frame_of(again + lab.page_words));
	must_unmap(map, size);
	must_unmap(again, size);
	close(fd);
}
END_TEST

/* Of a mapping by page frame number pagemap shows nothing, not even that it is there. */
START_TEST(pagemap_shows_nothing_of_a_drivers_frames)
{
	(void)*lab.map;
	ck_assert_uint_eq(pagemap_of(lab.map) &
			  (PAGEMAP_PRESENT | PAGEMAP_FRAME), 0);
}
END_TEST

/* The largest page that can be had by MAP_HUGETLB without asking for a size. */
static size_t huge_page_size(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	ck_assert_ptr_nonnull(file);
	while (!kib && fgets(line, sizeof(line), file))
		if (sscanf(line, "Hugepagesize: %lu", &kib) != 1)
			kib = 0;
	fclose(file);
	return kib * 1024;
}

static void set_huge_pages(const char *count)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip("the kernel has no hugetlbfs");
	ck_assert_int_gt(write(fd, count, strlen(count)), 0);
	close(fd);
}

START_TEST(huge_page_is_physically_contiguous)
{
	size_t size = huge_page_size(), page = lab.info.page_size;
	volatile char *map;
	uint64_t first;
	size_t i;
	bool follow = true;

	set_huge_pages("1");
	map = mmap(NULL, size, READ_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (map == MAP_FAILED) {
		set_huge_pages("0");
		skip("no %zu bytes in one piece: %s", size, strerror(errno));
	}
	*map = 1;
	first = frame_of(map);
	for (i = 0; i < size / page; i++)
		follow = follow && frame_of(map + i * page) == first + i;
	must_unmap(map, size);
	set_huge_pages("0");
	ck_assert_msg(follow, "its frames do not follow one another");
	ck_assert_uint_eq(first % (size / page), 0);
}
END_TEST

static bool drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets))
		return false;
	sets[0].permitted &= ~CAP_TO_MASK(capability);
	sets[0].effective = sets[0].permitted;
	sets[1].effective = sets[1].permitted;
	return !syscall(SYS_capset, &header, sets);
}

static volatile uint32_t *own_memory;

static bool frames_are_hidden(void)
{
	struct lab_page page = { .index = 0 };
	struct lab_info info;
	uint64_t entry;

	if (!drop_capability(CAP_SYS_ADMIN) || ioctl(lab.fd, LAB_IOC_INFO, &info))
		return false;
	(void)*own_memory;
	entry = pagemap_of(own_memory);
	return entry & PAGEMAP_PRESENT && !(entry & PAGEMAP_FRAME) &&
	       !info.phys_addr && ioctl(lab.fd, LAB_IOC_PAGE, &page) == -1;
}

static bool dev_mem_is_closed(void)
{
	return drop_capability(CAP_SYS_RAWIO) &&
	       open("/dev/mem", O_RDONLY | O_CLOEXEC) == -1 && errno == EPERM;
}

START_TEST(frames_are_for_those_who_may_see_them)
{
	int fd;

	own_memory = make_memfd(&fd, 1);
	ck_assert_uint_gt(frame_of(own_memory), 0);
	ck_assert_msg(run_in_child(frames_are_hidden),
		      "a page frame is shown without CAP_SYS_ADMIN");
	ck_assert_msg(run_in_child(dev_mem_is_closed),
		      "/dev/mem can be opened without CAP_SYS_RAWIO");
	must_unmap(own_memory, lab.info.page_size);
	close(fd);
}
END_TEST

/*
 * 17.4: the machine, once more
 */

#define WITNESSED_PAGES 2

static void assert_words_of_host(const struct witness_box *box,
				 const volatile uint32_t *map)
{
	uint64_t i;

	for (i = 0; i < box->word_count && i < WITNESS_MOST_WORDS; i++)
		ck_assert_uint_eq(map[box->words[i].offset / sizeof(*map)],
				  box->words[i].value);
}

START_TEST(machine_finds_the_frame_that_pagemap_shows)
{
	struct witness_box *box;
	uint32_t *map;
	int fd, i;

	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	lab.seed = settings.witness_seed;
	map = make_memfd(&fd, WITNESSED_PAGES);
	box = calloc(1, sizeof(*box) + WITNESSED_PAGES * sizeof(uint64_t));
	ck_assert_ptr_nonnull(box);
	box->magic = WITNESS_MAGIC;
	box->user_addr = (uintptr_t)map;
	box->pages = WITNESSED_PAGES;
	for (i = 0; i < WITNESSED_PAGES; i++) {
		uint64_t frame = frame_of(map + i * lab.page_words);

		box->kernel_addr[i] = linear_address_of(frame * lab.info.page_size);
	}
	wait_for_host("pagemap ", box, &box->state);
	assert_words_of_host(box, map);
	free(box);
	must_unmap(map, WITNESSED_PAGES * lab.info.page_size);
	close(fd);
}
END_TEST

/*
 * 17.5: the memory type
 *
 * Nobody says which memory type the driver's mapping has. x86 looks it up in its list; arm64
 * takes memory that is no RAM of the kernel for a device.
 */
START_TEST(dev_mem_guesses_the_memory_type)
{
	int mem = open_dev_mem();
	unsigned int kernel, user;
	void *map;

	need_memory_types();
	reload(false);
	map = must_map_physical(mem, lab.info.phys_addr, 1);
	kernel = memory_type_at(kernel_page(0).kernel_addr);
	user = memory_type_at((uintptr_t)map);
#ifdef __aarch64__
	ck_assert_uint_eq(kernel, PAGE_TABLE_ARM64_NORMAL_WB);
	ck_assert_uint_eq(user, PAGE_TABLE_ARM64_DEVICE_NGNRNE);
#else
	ck_assert_uint_eq(kernel, PAGE_TABLE_X86_WB);
	ck_assert_uint_eq(user, kernel);
#endif
	must_unmap(map, lab.info.page_size);
	close(mem);
}
END_TEST

#define ASKS (CAN_INFO | CAN_PAGE)

START_TEST(load_of_more_than_the_region_is_refused)
{
	assert_ends_with(reserved_region());
}
END_TEST

static const struct check checks[] = {
	CHECK(region_is_reserved_and_claimed, CAN_INFO),
	CHECK(both_sides_have_the_same_memory_type, MAPS | CAN_PAGE),
	CHECK(unclaimed_memory_is_shown_by_dev_mem, ASKS | CAN_FILL | CAN_CHECK),
	CHECK(claimed_memory_is_refused_by_dev_mem, CAN_INFO),
	THOROUGH_CHECK(claim_ends_a_mapping_of_dev_mem, CAN_INFO),
	CHECK(memory_of_the_lab_is_no_ram, CAN_INFO),
	CHECK(ram_is_refused_by_dev_mem, CAN_INFO),
	CHECK(memory_of_a_program_is_refused_by_dev_mem, CAN_INFO),
	CHECK(memfd_is_one_memory_for_all_who_map_it, CAN_INFO),
	CHECK(pagemap_shows_nothing_of_a_drivers_frames, MAPS),
	CHECK(huge_page_is_physically_contiguous, CAN_INFO),
	CHECK(frames_are_for_those_who_may_see_them, ASKS),
	CHECK(machine_finds_the_frame_that_pagemap_shows, CAN_INFO),
	CHECK(dev_mem_guesses_the_memory_type, ASKS),
	THOROUGH_CHECK(load_of_more_than_the_region_is_refused, CAN_INFO),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_devmem",
	.mapping = &pfnmap,
	.page_by_page = true,
	.operations = USUAL_OPERATIONS,
	.not_in_kcore = "/proc/kcore shows no memremap() mappings",
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
