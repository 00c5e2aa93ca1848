// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of spots
 */
#include "spots.h"

bool is_aligned(unsigned long number)
{
	return number % page_size() == 0;
}

unsigned long whole_pages(unsigned long len)
{
	unsigned long page = page_size();

	return (len + page - 1) & ~(page - 1);
}

struct range range_of(unsigned long addr, unsigned long len)
{
	unsigned long below = addr < model.base ? model.base - addr : 0;
	size_t first, pages;

	if (below < len) {
		addr += below;
		len -= below;
	}
	first = (addr - model.base) / page_size();
	pages = len / page_size();
	if (first > model.room)
		first = model.room;
	if (pages > model.room - first)
		pages = model.room - first;
	return (struct range){ first, first + pages };
}

bool reaches_out(unsigned long addr, unsigned long len)
{
	struct range range = range_of(addr, len);

	return range.end - range.first < len / page_size();
}

unsigned int vma_at(size_t i)
{
	return i < model.room ? model.spot[i].vma : 0;
}

size_t end_of_part(size_t i, size_t limit)
{
	unsigned int vma = vma_at(i);

	while (i < limit && vma_at(i) == vma)
		i++;
	return i;
}

bool has_vma(unsigned long addr)
{
	return vma_at(range_of(addr, 0).first);
}

bool range_is_free(struct range range)
{
	while (range.first < range.end)
		if (vma_at(range.first++))
			return false;
	return true;
}

uint64_t model_mappings(void)
{
	uint64_t count = model.info.mappings;
	size_t i;

	if (!(model.info.flags & LAB_INFO_COUNTS_MAPPINGS))
		return count;
	for (i = 0; i < model.room; i++)
		if (vma_at(i) && (!i || vma_at(i - 1) != vma_at(i)))
			count++;
	return count;
}

void split_at(size_t i)
{
	size_t end = end_of_part(i, model.room);

	if (!i || !vma_at(i) || vma_at(i - 1) != vma_at(i))
		return;
	model.numbered++;
	while (i < end)
		model.spot[i++].vma = model.numbered;
}

void unmap_range(struct range range)
{
	if (range.first == range.end)
		return;
	split_at(range.first);
	split_at(range.end);
	while (range.first < range.end)
		model.spot[range.first++] = (struct spot){ 0 };
}

void move_range(struct range from, size_t to)
{
	split_at(from.first);
	split_at(from.end);
	model.numbered++;
	for (; from.first < from.end; from.first++, to++) {
		model.spot[to] = model.spot[from.first];
		model.spot[to].vma = model.numbered;
		model.spot[to].looked_at = false;
		model.spot[from.first] = (struct spot){ 0 };
	}
}
