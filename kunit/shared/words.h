/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words.h - write and compare whole patterns, through either mapping
 */
#ifndef KMAPLAB_WORDS_H
#define KMAPLAB_WORDS_H

#include <kunit/test.h>

void kmaplab_write_user_pattern(struct kunit *test, unsigned long addr,
				u64 seed, size_t words);
void kmaplab_expect_user_pattern(struct kunit *test, unsigned long addr,
				 u64 seed, size_t first, size_t words);
void kmaplab_expect_kernel_pattern(struct kunit *test, u64 seed);

#endif /* KMAPLAB_WORDS_H */
