// SPDX-License-Identifier: GPL-2.0
/*
 * Drawing arguments at random
 */
#include "draw.h"

#include "lab_pattern.h"

static uint64_t drawn_from;

void draw_from_seed(uint64_t seed)
{
	drawn_from = seed;
}

/* SplitMix64. */
uint64_t draw(uint64_t limit)
{
	drawn_from += 0x9e3779b97f4a7c15ull;
	return lab_pattern_mix(drawn_from) % limit;
}

bool one_in(uint64_t count)
{
	return draw(count) == 0;
}

enum descriptor draw_descriptor(void)
{
	static const enum descriptor descriptors[] = {
		BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH,
		BY_BOTH, BY_BOTH, BY_BOTH, BY_READER, BY_READER, BY_READER,
		BY_READER, BY_WRITER, BY_WRITER, BY_WRITER, BY_WRITER,
		BY_NOBODY,
	};

	return DRAW_FROM(descriptors);
}

unsigned long draw_address(void)
{
	size_t room = model.room - 2 * model.info.pages;
	size_t spot = draw(room), i;

	if (!one_in(6)) {
		for (i = 0; i < room; i++)
			if (model.spot[(spot + i) % room].vma)
				break;
		spot = (spot + i) % room;
	}
	return model.base + spot * page_size();
}
