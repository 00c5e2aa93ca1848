/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare.h - comparing memory, word by word, with what should be there
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What word @index should be: by the pattern of lab.seed, in a fresh buffer, 0. */
uint32_t expect_pattern(uint64_t index);
uint32_t expect_fresh(uint64_t index);
uint32_t expect_zero(uint64_t index);

/* The first word that is not the expected one; @differ is false if there is none. */
struct difference {
	bool differ;
	uint64_t index;
	uint32_t expected;
	uint32_t found;
};

struct difference find_difference(const volatile uint32_t *words, size_t count,
				  uint64_t first_index,
				  uint32_t (*expect)(uint64_t));

/* These fail the check; @reader begins the message, as "the kernel reads". */
void assert_same(struct difference difference, const char *reader);
void assert_words(const volatile uint32_t *words, size_t count,
		  uint64_t first_index, uint32_t (*expect)(uint64_t),
		  const char *reader);

#endif /* COMPARE_H */
