// SPDX-License-Identifier: GPL-2.0
/*
 * lab_types: one piece of memory, with each memory type
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/memory_type.h"
#include "page_table.h"
#include "shared/checks.h"
#include "shared/kernel_log.h"
#include "shared/parameters.h"
#include "shared/refusals.h"
#include "shared/regions.h"

/*
 * What each type is called, what the entries' bits must say, and how the list of x86 has it.
 * On x86 uc and device are the same.
 */
struct type {
	const char *name;
	unsigned int code;
	enum memory_type kind;
};

static const struct type types[] = {
#ifdef __aarch64__
	{ "wb", PAGE_TABLE_ARM64_NORMAL_WB, CACHED },
	{ "wc", PAGE_TABLE_ARM64_NORMAL_NC, COMBINED },
	{ "uc", PAGE_TABLE_ARM64_DEVICE_NGNRNE, UNCACHED },
	{ "device", PAGE_TABLE_ARM64_DEVICE_NGNRE, UNCACHED },
#else
	{ "wb", PAGE_TABLE_X86_WB, CACHED },
	{ "wc", PAGE_TABLE_X86_WC, COMBINED },
	{ "uc", PAGE_TABLE_X86_UC_MINUS, UNCACHED },
	{ "device", PAGE_TABLE_X86_UC_MINUS, UNCACHED },
#endif
};

#define TYPES (sizeof(types) / sizeof(*types))

/* The one that the module is loaded with. */
static const struct type *loaded_type(void)
{
	char name[16];
	size_t i;

	read_parameter("lab_types", "type", name, sizeof(name));
	for (i = 0; i < TYPES; i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	ck_abort_msg("loaded with type=%s", name);
}

static void assert_entry(uint64_t addr, const struct type *type,
			 const char *what)
{
	unsigned int code = memory_type_at(addr);

	ck_assert_msg(code == type->code,
		      "%s: expected the memory type 0x%02x of %s, found 0x%02x",
		      what, type->code, type->name, code);
}

/* So many pages from an address on, which were not touched yet, perhaps. */
static void assert_entries(volatile void *map, uint64_t count,
			   const struct type *type, const char *what)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		assert_entry((uintptr_t)map + i * lab.info.page_size, type,
			     what);
}

/*
 * 6.1 and 16.1: the kernel's mapping
 */

START_TEST(kernel_maps_with_the_type_asked_for)
{
	const struct type *type = loaded_type();
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		assert_entry(kernel_page(i).kernel_addr, type, "kernel");
}
END_TEST

START_TEST(both_sides_have_the_same_memory_type)
{
	assert_memory_type(loaded_type()->kind);
}
END_TEST

START_TEST(flags_say_how_the_kernel_maps)
{
	static const uint32_t flags[] = {
		[CACHED] = 0,
		[COMBINED] = LAB_INFO_UNCACHED,
		[UNCACHED] = LAB_INFO_UNCACHED | LAB_INFO_IOMEM,
	};

	ck_assert_uint_eq(lab.info.flags &
			  (LAB_INFO_UNCACHED | LAB_INFO_IOMEM),
			  flags[loaded_type()->kind]);
}
END_TEST

/*
 * 16.2: the program's mapping, and its VMA
 */

START_TEST(program_has_the_type_of_the_kernel)
{
	assert_entries(lab.map, lab.info.pages, loaded_type(), "user");
}
END_TEST

static void assert_vma(volatile void *map, const char *what)
{
	const struct type *type = loaded_type();
	unsigned int code = memory_type_of_vma((uintptr_t)map);

	ck_assert_msg(code == type->code,
		      "%s: the VMA gives new entries the memory type 0x%02x, expected 0x%02x, of %s",
		      what, code, type->code, type->name);
}

START_TEST(vma_has_the_type_of_its_entries)
{
	size_t page = lab.info.page_size;
	volatile void *one;

	need_memory_types();
	one = must_map(lab.fd, page, PROT_READ, MAP_SHARED,
		       (lab.info.pages - 1) * page);
	assert_vma(lab.map, "all pages");
	assert_vma(one, "the last page, for reading");
	must_unmap(one, page);
}
END_TEST

/*
 * 16.3: what becomes of the mapping later
 */

static void must_protect(volatile void *map, size_t length, int prot)
{
	ck_assert_msg(!mprotect((void *)map, length, prot), "mprotect(): %s",
		      strerror(errno));
}

START_TEST(type_stays_when_the_protection_changes)
{
	const struct type *type = loaded_type();
	size_t page = lab.info.page_size;

	need_memory_types();
	must_protect(lab.map, page, PROT_READ);
	assert_entries(lab.map, lab.info.pages, type, "read-only");
	must_protect(lab.map, page, READ_WRITE);
	assert_entries(lab.map, lab.info.pages, type, "writable again");
	must_protect(lab.map, lab.info.size, PROT_NONE);
	must_protect(lab.map, lab.info.size, READ_WRITE);
	assert_entries(lab.map, lab.info.pages, type, "accessible again");
}
END_TEST

static bool child_has_the_type(void)
{
	assert_entries(lab.map, lab.info.pages, loaded_type(), "in a child");
	must_protect(lab.map, lab.info.size, PROT_READ);
	assert_entries(lab.map, lab.info.pages, loaded_type(),
		       "read-only in a child");
	return true;
}

START_TEST(type_is_inherited)
{
	need_memory_types();
	ck_assert(run_in_child(child_has_the_type));
}
END_TEST

START_TEST(type_moves_with_the_mapping)
{
	size_t size = lab.info.size;
	void *place, *moved;

	need_memory_types();
	place = find_room(size);
	moved = mremap((void *)lab.map, size, size,
		       MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ck_assert_ptr_eq(moved, place);
	lab.map = moved;
	assert_entries(moved, lab.info.pages, loaded_type(), "moved");
	must_protect(moved, size, PROT_READ);
	assert_entries(moved, lab.info.pages, loaded_type(),
		       "moved and read-only");
}
END_TEST

/*
 * 16.4: a second type for one page frame
 */

/*
 * What comes of a mapping that asks for one type while the kernel's has another. Without a
 * list it has what it asked for. With one it has the other's; if all of the VMA is mapped at
 * once, not for one that is not to be cached beside one that is.
 */
static const struct type *expected_of(const struct type *kernel,
				      const struct type *asked, bool whole)
{
#ifdef __aarch64__
	(void)kernel;
	(void)whole;
	return asked;
#else
	if (whole && kernel->kind == CACHED && asked->kind != CACHED)
		return NULL;
	return kernel;
#endif
}

static void assert_alias(const struct type *kernel, const struct type *asked,
			 uint64_t count)
{
	const struct type *expected = expected_of(kernel, asked, count == 1);
	size_t length = count * lab.info.page_size;
	void *map;
	char what[64];

	snprintf(what, sizeof(what), "%" PRIu64 " pages, %s beside %s", count,
		 asked->name, kernel->name);
	skip_kernel_log();
	map = mmap(NULL, length, READ_WRITE, MAP_SHARED, lab.fd, 0);
	if (!expected) {
		char *said;

		assert_refused(map, EINVAL, what);
		said = read_kernel_log();
		ck_assert_msg(strstr(said, "x86/PAT"),
			      "%s: the kernel's log does not say why", what);
		free(said);
		return;
	}
	ck_assert_msg(map != MAP_FAILED, "%s: %s", what, strerror(errno));
	assert_entries(map, count, expected, what);
	ck_assert_msg(memory_type_of_vma((uintptr_t)map) == asked->code,
		      "%s: the VMA does not have the type asked for", what);
	must_unmap(map, length);
}

static void assert_aliases_of(const struct type *kernel)
{
	char parameters[64];
	size_t i;

	/* x86 names the caller in the log, with the memory: that is not a line of the lab's. */
	ck_assert(!prctl(PR_SET_NAME, "other_type"));
	for (i = 0; i < TYPES; i++) {
		snprintf(parameters, sizeof(parameters), "user=%s",
			 types[i].name);
		must_load_with(parameters);
		open_lab();
		assert_entry(kernel_page(0).kernel_addr, kernel, "kernel");
		assert_alias(kernel, &types[i], 1);
		assert_alias(kernel, &types[i], lab.info.pages);
		close_lab();
		must_unload();
	}
}

START_TEST(another_type_is_refused_or_follows_the_list)
{
	const struct type *kernel = loaded_type();

	need_memory_types();
	close_and_unload();
	assert_aliases_of(kernel);
	must_load();
}
END_TEST

/*
 * 5.4 and 7.3: loads
 */

START_TEST(region_is_reserved_and_claimed)
{
	assert_reserved_and_claimed();
}
END_TEST

static const struct refusal no_types[] = {
	REFUSAL("type=nosuch", EINVAL),
	REFUSAL("type=", EINVAL),
	REFUSAL("type=same", EINVAL),
	REFUSAL("type=w", EINVAL),
	REFUSAL("type=wbx", EINVAL),
	REFUSAL("type=WB", EINVAL),
	REFUSAL("user=nosuch", EINVAL),
	REFUSAL("user=", EINVAL),
	REFUSAL("user=samex", EINVAL),
	REFUSAL("user=wt", EINVAL),
	REFUSAL("mem_start=-1", EINVAL),
	REFUSAL("mem_start=3000", ENXIO),
	REFUSAL("mem_start=many", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_of_an_unknown_type_is_refused)
{
	assert_refusals(no_types);
}
END_TEST

START_TEST(load_of_more_than_the_region_is_refused)
{
	assert_ends_with(reserved_region());
}
END_TEST

/* Returns what the other driver's load, by modprobe, says. */
static int claim_for_another_driver(uint64_t address)
{
	char command[96];

	snprintf(command, sizeof(command),
		 "modprobe another_driver memory=0x%" PRIx64 " 2>/dev/null",
		 address);
	return system(command);
}

static void remove_another_driver(void)
{
	ck_assert_msg(!syscall(SYS_delete_module, "another_driver", O_NONBLOCK),
		      "another_driver cannot be removed: %s", strerror(errno));
}

/* Nothing is asserted until the other driver is gone: the next check needs the memory. */
START_TEST(load_beside_another_claim_is_refused)
{
	uint64_t start = lab.info.phys_addr;
	int beside = claim_for_another_driver(start);
	int alone, error;
	char *said;

	if (!beside)
		remove_another_driver();
	close_and_unload();
	alone = claim_for_another_driver(start);
	skip_kernel_log();
	error = load_with("") ? errno : 0;
	said = read_kernel_log();
	if (!error)
		must_unload();
	if (!alone)
		remove_another_driver();
	must_load();

	ck_assert_msg(beside, "another driver could claim the memory as well");
	ck_assert_msg(!alone, "nobody can claim the memory when the lab is gone");
	ck_assert_msg(error == EBUSY,
		      "loaded beside another driver: expected EBUSY, found %s",
		      error ? strerrorname_np(error) : "that it works");
	ck_assert_msg(strstr(said, "lab_types"),
		      "the kernel's log does not say why it was refused");
	free(said);
}
END_TEST

static const struct check checks[] = {
	CHECK(region_is_reserved_and_claimed, CAN_INFO),
	CHECK(flags_say_how_the_kernel_maps, CAN_INFO),
	CHECK(both_sides_have_the_same_memory_type, MAPS | CAN_PAGE),
	CHECK(kernel_maps_with_the_type_asked_for, CAN_PAGE),
	CHECK(program_has_the_type_of_the_kernel, MAPS),
	CHECK(vma_has_the_type_of_its_entries, MAPS),
	CHECK(type_stays_when_the_protection_changes, MAPS),
	CHECK(type_is_inherited, MAPS),
	CHECK(type_moves_with_the_mapping, MAPS),
	CHECK(another_type_is_refused_or_follows_the_list, MAPS | CAN_PAGE),
	CHECK(load_of_an_unknown_type_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_of_more_than_the_region_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_beside_another_claim_is_refused, CAN_INFO),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_types",
	.mapping = &pfnmap,
	.page_by_page = true,
	.operations = USUAL_OPERATIONS,
	.not_in_kcore = "/proc/kcore shows no ioremap() or memremap() mappings",
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
