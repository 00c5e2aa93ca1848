// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 6.1: all mappings of a page frame have the same memory type
 *
 * Two things show it. x86 keeps a list of the types in use for all that is not
 * System RAM. On x86 and arm64 each page table entry selects one of the types in a
 * register, and our module page_table reads both.
 */
#include "memory_type.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/page_entries.h"

/*
 * A processor without types of ours
 */

/*
 * Each 64-bit processor has the register that says which types there are, the page attribute
 * table. Emulators of 32-bit ones may lack it: then Linux has no write-combining, keeps no
 * list, and the bits in the entries mean something else.
 */
static bool has_types(void)
{
	bool found = false;
	char *line = NULL;
	size_t room = 0;
	FILE *file;

	if (sizeof(void *) > 4)
		return true;
	file = fopen("/proc/cpuinfo", "r");
	ck_assert_ptr_nonnull(file);
	while (!found && getline(&line, &room, file) > 0)
		found = !strncmp(line, "flags", 5) &&
			(strstr(line, " pat ") || strstr(line, " pat\n"));
	free(line);
	fclose(file);
	return found;
}

static void skip_without_types(void)
{
	if (!has_types())
		skip("the processor has no page attribute table (no pat in /proc/cpuinfo)");
}

/*
 * The list of x86
 */

/* How many mappings of the memory are on the list? All must have this type. */
static int count_in_list(FILE *list, const char *expected)
{
	uint64_t from = lab.info.phys_addr;
	uint64_t to = from + lab.info.size;
	int count = 0;
	char line[256];

	while (fgets(line, sizeof(line), list)) {
		uint64_t start, end;
		char type[64];

		if (sscanf(line, "PAT: [mem %" SCNi64 "-%" SCNi64 "] %63s",
			   &start, &end, type) != 3 ||
		    end <= from || to <= start)
			continue;
		count++;
		ck_assert_msg(!strcmp(type, expected),
			      "expected %s, found %s", expected, line);
	}
	return count;
}

/*
 * The list has a user mapping only if one call of remap_pfn_range() made all of
 * it: here, if it has one page.
 */
static bool assert_type_in_list(enum memory_type expected)
{
	static const char *const names[] = {
		[CACHED] = "write-back",
		[COMBINED] = "write-combining",
		[UNCACHED] = "uncached-minus",
	};
	FILE *list = fopen(PAT_LIST, "r");
	int count;

	if (!list)
		return false;
	count = count_in_list(list, names[expected]);
	fclose(list);
	ck_assert_msg(count >= 2,
		      "expected kernel and user mapping in " PAT_LIST ", found %d",
		      count);
	return true;
}

/*
 * The entries
 */

#ifdef __aarch64__
#define WRITE_BACK PAGE_TABLE_ARM64_NORMAL_WB
#else
#define WRITE_BACK PAGE_TABLE_X86_WB
#endif

static int must_open_page_table(void)
{
	int fd;

	skip_without_types();
	fd = open_page_table();
	if (fd < 0)
		skip("no " PAGE_TABLE);
	return fd;
}

void need_memory_types(void)
{
	close(must_open_page_table());
}

unsigned int memory_type_at(uint64_t addr)
{
	int fd = must_open_page_table();
	struct page_table_entry entry = entry_of(fd, addr);

	close(fd);
	return page_table_type(&entry);
}

unsigned int memory_type_of_vma(uint64_t addr)
{
	int fd = must_open_page_table();
	struct page_table_entry entry = vma_of(fd, addr);

	close(fd);
	return page_table_type(&entry);
}

static void assert_type_of_page(int fd, uint64_t page,
				const volatile uint32_t *where,
				enum memory_type expected)
{
	struct page_table_entry user, kernel;
	unsigned int user_type, kernel_type;

	(void)*where;
	user = entry_of(fd, (uintptr_t)where);
	kernel = entry_of(fd, kernel_page(page).kernel_addr);
	user_type = page_table_type(&user);
	kernel_type = page_table_type(&kernel);
	ck_assert_msg(user_type == kernel_type, "page %" PRIu64
		      ": memory type 0x%02x for the user, 0x%02x for the kernel",
		      page, user_type, kernel_type);
	ck_assert_msg((user_type == WRITE_BACK) == (expected == CACHED),
		      "page %" PRIu64 ": memory type 0x%02x is not %s", page,
		      user_type, expected == CACHED ? "cached" : "uncached");
}

/* Those who only read, by their mapping or by their descriptor, get the same type. */
static void assert_type_for_readers(int fd, enum memory_type expected)
{
	const int descriptors[] = { lab.fd, must_open(O_RDONLY) };
	size_t i;

	for (i = 0; i < 2; i++) {
		void *page = must_map(descriptors[i], lab.info.page_size,
				      PROT_READ, MAP_SHARED, 0);

		assert_type_of_page(fd, 0, page, expected);
		must_unmap(page, lab.info.page_size);
	}
	close(descriptors[1]);
}

static bool assert_type_of_entries(enum memory_type expected)
{
	int fd = open_page_table();
	uint64_t i;

	if (fd < 0)
		return false;
	for (i = 0; i < lab.info.pages; i++)
		assert_type_of_page(fd, i, mapped_page(i), expected);
	assert_type_for_readers(fd, expected);
	close(fd);
	return true;
}

void assert_memory_type(enum memory_type expected)
{
	bool listed, read;
	void *page;

	skip_without_types();
	page = must_map(lab.fd, lab.info.page_size, PROT_READ, MAP_SHARED, 0);
	listed = assert_type_in_list(expected);
	read = assert_type_of_entries(expected);
	must_unmap(page, lab.info.page_size);
	if (!listed && !read)
		skip("no " PAT_LIST " and no " PAGE_TABLE);
}
