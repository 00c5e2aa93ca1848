// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that arrive together
 */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "kernel_side.h"
#include "lines.h"
#include "user_side.h"

/* Without these files the kernel has no entries of that kind. */
#define THP "/sys/kernel/mm/transparent_hugepage/"

/* When the kernel uses large entries: a word, of which the file shows all in a line. */
static char chosen_before[16];

static void choose(const char *word)
{
	FILE *file = fopen(THP "enabled", "w");

	if (!file)
		return;
	fputs(word, file);
	fclose(file);
}

void allow_large_entries(void)
{
	const char *chosen;
	char line[64];

	/* No check runs yet that read_parameter() could fail. */
	read_line("/sys/module/lab_fault/parameters/huge", line, sizeof(line));
	if (!*line)
		return;
	read_line(THP "enabled", line, sizeof(line));
	chosen = strchr(line, '[');
	if (chosen && sscanf(chosen, "[%15[a-z]", chosen_before) == 1)
		choose("always");
}

void restore_large_entries(void)
{
	if (*chosen_before)
		choose(chosen_before);
}

/*
 * Since 6.12, on machines of 64 bits, an entry for 2 MiB may hold a page frame number
 * (lab_compat.h).
 */
static size_t largest_entry(void)
{
	char line[64];

	if (!mapping_kind()->by_fault || !can(CAN_FAULTS) ||
	    !is_loaded_with("huge=Y") || !kernel_is_since(6, 12))
		return lab.info.page_size;
	read_line(THP "hpage_pmd_size", line, sizeof(line));
	return strtoul(line, NULL, 10) ?: lab.info.page_size;
}

struct blocks blocks_of(const volatile uint32_t *map)
{
	return (struct blocks){ .map = map, .size = largest_entry() };
}

/* The pages that have one entry with a page: a block, or the page alone. */
struct pages {
	uint64_t first;
	uint64_t count;
};

/* The memory that has blocks is contiguous. */
bool frames_fit(const struct blocks *blocks)
{
	return (uintptr_t)blocks->map % blocks->size ==
	       lab.info.phys_addr % blocks->size;
}

static struct pages pages_with(const struct blocks *blocks, uint64_t page)
{
	const struct pages alone = { .first = page, .count = 1 };
	uint64_t addr = (uintptr_t)(blocks->map + page * lab.page_words);
	struct pages block = { .count = blocks->size / lab.info.page_size };
	uint64_t inside = addr % blocks->size / lab.info.page_size;

	if (block.count == 1 || !frames_fit(blocks) || inside > page ||
	    page - inside + block.count > lab.info.pages)
		return alone;
	block.first = page - inside;
	return block;
}

size_t entry_size(const struct blocks *blocks, uint64_t page)
{
	return pages_with(blocks, page).count * lab.info.page_size;
}

bool share_an_entry(const struct blocks *blocks, uint64_t page, uint64_t other)
{
	return pages_with(blocks, page).first == pages_with(blocks, other).first;
}

uint64_t count_entries(const volatile uint32_t *map)
{
	struct blocks blocks = blocks_of(map);
	uint64_t count = 0;
	uint64_t page;

	for (page = 0; page < lab.info.pages; page++)
		count += pages_with(&blocks, page).first == page;
	return count;
}

void *find_room_like(const volatile uint32_t *map, uint64_t pages)
{
	size_t size = largest_entry();
	char *room = find_room(lab.info.size + size);
	uintptr_t wanted = (uintptr_t)map - pages * lab.info.page_size;

	/* The size is a power of two, so a difference below zero does no harm. */
	return room + (wanted - (uintptr_t)room) % size;
}

uint64_t pages_of_first_block(void)
{
	struct blocks blocks = blocks_of(lab.map);
	uint64_t count = entry_size(&blocks, 0) / lab.info.page_size;

	if (count == 1)
		skip("no block: it takes huge=1, pages=512, Linux 6.12, x86_64 or arm64");
	return count;
}
