/* SPDX-License-Identifier: GPL-2.0 */
/*
 * blocks.h - pages that arrive together
 *
 * With huge=1 lab_fault maps 2 MiB by one entry, which begin at a multiple of 2 MiB
 * in the addresses and in the memory alike. All other pages have an entry each.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A kernel with less than 512 MiB has large entries turned off, and any other may. For a
 * lab with huge= these turn them on, and then as they were before.
 */
void allow_large_entries(void);
void restore_large_entries(void);

/**
 * struct blocks - which pages arrive together in a mapping of all the memory
 * @map: the mapping
 * @size: bytes that one entry maps where addresses and frames allow it; a page, if
 *	the kernel or the load has no larger entries
 */
struct blocks {
	const volatile uint32_t *map;
	size_t size;
};

struct blocks blocks_of(const volatile uint32_t *map);

/* Whether a block of its addresses is a block of frames, too. */
bool frames_fit(const struct blocks *blocks);

/* What the entry of a page must map; and whether two pages have one entry. */
size_t entry_size(const struct blocks *blocks, uint64_t page);
bool share_an_entry(const struct blocks *blocks, uint64_t page, uint64_t other);

/* The entries of such a mapping, and so the faults until all of it has arrived. */
uint64_t count_entries(const volatile uint32_t *map);

/*
 * Addresses for all the memory, free at the moment. Its blocks lie there as at @map,
 * but for @pages by which they are lower.
 */
void *find_room_like(const volatile uint32_t *map, uint64_t pages);

/* Pages that have one entry with page 0 of lab.map; ends the check if there are none. */
uint64_t pages_of_first_block(void);

#endif /* BLOCKS_H */
