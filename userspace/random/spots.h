/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spots.h - ranges of spots
 *
 * A VMA is a run of spots with one number. The kernel merges adjacent VMAs that
 * are alike, but never special ones, as those of all labs are: so here they are
 * split and never merged.
 */
#ifndef SPOTS_H
#define SPOTS_H

#include "model.h"

/* From spot @first to before spot @end. */
struct range {
	size_t first;
	size_t end;
};

bool is_aligned(unsigned long number);

/* As PAGE_ALIGN(): the largest numbers become 0. */
unsigned long whole_pages(unsigned long len);

/* Of bytes, as far as there are spots; and whether there are too few. */
struct range range_of(unsigned long addr, unsigned long len);
bool reaches_out(unsigned long addr, unsigned long len);
bool range_is_free(struct range range);

/* The number of the VMA at a spot, at an address, or 0. */
unsigned int vma_at(size_t i);
bool has_vma(unsigned long addr);

/* The first spot after the part of a VMA that begins at @i; at most @limit. */
size_t end_of_part(size_t i, size_t limit);

/* What LAB_IOC_INFO must count. */
uint64_t model_mappings(void);

/* If @i is in the middle of a VMA, a new one begins there. */
void split_at(size_t i);
void unmap_range(struct range range);

/* To free spots, from @to on; what moves becomes a VMA of its own. */
void move_range(struct range from, size_t to);

#endif /* SPOTS_H */
