// SPDX-License-Identifier: GPL-2.0
/*
 * Comparing memory, word by word, with what should be there
 */
#include "compare.h"

#include <inttypes.h>

#include "fixture.h"
#include "lab_pattern.h"

uint32_t expect_pattern(uint64_t index)
{
	return lab_pattern_word(lab.seed, index);
}

uint32_t expect_fresh(uint64_t index)
{
	return lab.program->fresh(index);
}

uint32_t expect_zero(uint64_t index)
{
	(void)index;
	return 0;
}

struct difference find_difference(const volatile uint32_t *words, size_t count,
				  uint64_t first_index,
				  uint32_t (*expect)(uint64_t))
{
	struct difference difference = { .differ = false };
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t expected = expect(first_index + i);
		uint32_t found = words[i];

		if (found != expected) {
			difference = (struct difference){
				.differ = true,
				.index = first_index + i,
				.expected = expected,
				.found = found,
			};
			break;
		}
	}
	if (lab.kernel_wrote)
		summary->kernel_to_user += i * sizeof(*words);
	return difference;
}

void assert_same(struct difference difference, const char *reader)
{
	if (difference.differ)
		ck_abort_msg("%s: page %" PRIu64 " word %" PRIu64
			     " (offset 0x%" PRIx64 "): expected 0x%08" PRIx32
			     ", found 0x%08" PRIx32, reader,
			     difference.index / lab.page_words,
			     difference.index % lab.page_words,
			     (uint64_t)(difference.index * sizeof(uint32_t)),
			     difference.expected, difference.found);
}

void assert_words(const volatile uint32_t *words, size_t count,
		  uint64_t first_index, uint32_t (*expect)(uint64_t),
		  const char *reader)
{
	assert_same(find_difference(words, count, first_index, expect),
		    reader);
}
