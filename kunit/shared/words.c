// SPDX-License-Identifier: GPL-2.0
/*
 * Writing and comparing whole patterns, through either mapping
 */
#include <linux/uaccess.h>

#include "calls.h"
#include "lab_pattern.h"
#include "words.h"

/**
 * kmaplab_write_user_pattern - write the pattern from its first word on
 * @test: the case; ends if user space cannot write there
 * @addr: in the case's address space
 * @seed: of the pattern
 * @words: how many, of 32 bits
 */
void kmaplab_write_user_pattern(struct kunit *test, unsigned long addr,
				u64 seed, size_t words)
{
	u32 __user *to = (u32 __user *)addr;
	size_t i;

	for (i = 0; i < words; i++)
		KUNIT_ASSERT_EQ_MSG(test, 0,
				    put_user(lab_pattern_word(seed, i), to + i),
				    "the user cannot write word %zu", i);
}

/**
 * kmaplab_expect_user_pattern - compare what user space reads with the pattern
 * @test: the case; ends at the first difference
 * @addr: in the case's address space
 * @seed: of the pattern
 * @first: word of the pattern that must be at @addr
 * @words: how many, of 32 bits
 */
void kmaplab_expect_user_pattern(struct kunit *test, unsigned long addr,
				 u64 seed, size_t first, size_t words)
{
	u32 __user *from = (u32 __user *)addr;
	u32 word = 0;
	size_t i;

	for (i = 0; i < words; i++) {
		KUNIT_ASSERT_EQ_MSG(test, 0, get_user(word, from + i),
				    "the user cannot read word %zu", i);
		KUNIT_ASSERT_EQ_MSG(test, word,
				    lab_pattern_word(seed, first + i),
				    "word %zu of the mapping", i);
	}
}

/**
 * kmaplab_expect_kernel_pattern - have the lab compare its memory with the pattern
 * @test: the case
 * @seed: of the pattern
 */
void kmaplab_expect_kernel_pattern(struct kunit *test, u64 seed)
{
	struct lab_check check = { .seed = seed };

	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, LAB_NO_DIFFERENCE);
}
