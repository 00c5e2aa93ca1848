/* SPDX-License-Identifier: GPL-2.0 */
/*
 * draw.h - drawing arguments at random
 *
 * One seed draws one sequence: nothing else decides, not even the kernel's choice
 * of addresses.
 */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

void draw_from_seed(uint64_t seed);

/* A number below @limit. */
uint64_t draw(uint64_t limit);
bool one_in(uint64_t count);

#define DRAW_FROM(array) ({						\
	__auto_type all_ = &(array);					\
	(*all_)[draw(sizeof(*all_) / sizeof(**all_))];			\
})

/* Where addresses have 32 bits: a number of whole pages beyond them all. */
#define MANY_PAGES 0xf0000000ul

/* 2 to the power of @exponent, or MANY_PAGES if an address cannot be so large. */
static inline unsigned long power_of_two(unsigned int exponent)
{
	if (sizeof(long) == 4 && exponent > 30)
		return MANY_PAGES;
	return (unsigned long)(1ull << exponent);
}

enum descriptor draw_descriptor(void);

/* The address of a spot, more often one where something is mapped. */
unsigned long draw_address(void);

#endif /* DRAW_H */
