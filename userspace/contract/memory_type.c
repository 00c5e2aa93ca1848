// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 6.1: all mappings of a page frame have the same memory type
 *
 * Two things show it. x86 keeps a list of the types in use for all that is not
 * System RAM. On x86 and arm64 each page table entry selects one of the types in a
 * register, and our module page_table reads both.
 */
#include "memory_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/page_entries.h"

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
	FILE *list = fopen(PAT_LIST, "r");
	int count;

	if (!list)
		return false;
	count = count_in_list(list, expected == CACHED ? "write-back" :
						       "uncached-minus");
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

unsigned int memory_type_at(uint64_t addr)
{
	struct page_table_entry entry;
	int fd = open_page_table();

	if (fd < 0)
		skip("no " PAGE_TABLE);
	entry = entry_of(fd, addr);
	close(fd);
	return page_table_type(&entry);
}

static void assert_type_of_page(int fd, uint64_t page,
				enum memory_type expected)
{
	struct page_table_entry user, kernel;
	unsigned int user_type, kernel_type;

	(void)*mapped_page(page);
	user = entry_of(fd, (uintptr_t)mapped_page(page));
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

static bool assert_type_of_entries(enum memory_type expected)
{
	int fd = open_page_table();
	uint64_t i;

	if (fd < 0)
		return false;
	for (i = 0; i < lab.info.pages; i++)
		assert_type_of_page(fd, i, expected);
	close(fd);
	return true;
}

void assert_memory_type(enum memory_type expected)
{
	void *page = must_map(lab.fd, lab.info.page_size, PROT_READ,
			      MAP_SHARED, 0);
	bool listed = assert_type_in_list(expected);
	bool read = assert_type_of_entries(expected);

	must_unmap(page, lab.info.page_size);
	if (!listed && !read)
		skip("no " PAT_LIST " and no " PAGE_TABLE);
}
