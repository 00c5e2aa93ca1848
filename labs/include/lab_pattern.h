/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * lab_pattern.h - the contents that both sides compute
 *
 * With one constant everywhere, page 0 would look like page 3, and this run like
 * the last. So every 32-bit word of the pattern depends on a seed and on its own
 * position. A page that is mapped at the wrong place, mapped twice, or left from
 * an earlier run does not match.
 */
#ifndef LAB_PATTERN_H
#define LAB_PATTERN_H

#include <linux/types.h>

#include "lab.h"

/* The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static inline __u64 lab_pattern_mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	x ^= x >> 31;
	return x;
}

/**
 * lab_pattern_word - the word of the pattern at one position
 * @seed: any value
 * @index: number of the 32-bit word, its byte offset / 4
 *
 * The seed is mixed before the index is added. Otherwise the pattern of seed 1
 * would be the pattern of seed 0, shifted by one word.
 *
 * Return: the word, in the CPU's byte order.
 */
static inline __u32 lab_pattern_word(__u64 seed, __u64 index)
{
	__u64 start = lab_pattern_mix(seed + 0x9e3779b97f4a7c15ull);

	return (__u32)(lab_pattern_mix(start + index) >> 32);
}

#define LAB_RECORD_WORDS (sizeof(((struct lab_record *)0)->words) / sizeof(__u32))

/**
 * lab_record_write - write the record that has a number
 * @record: the slot, or a copy to compare a slot with
 * @number: any value
 */
static inline void lab_record_write(struct lab_record *record, __u64 number)
{
	unsigned int i;

	record->number = number;
	for (i = 0; i < LAB_RECORD_WORDS; i++)
		record->words[i] = lab_pattern_word(number, i);
}

#endif /* LAB_PATTERN_H */
