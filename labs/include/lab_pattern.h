/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * lab_pattern.h - the bytes that both sides compute
 *
 * A check that writes one constant everywhere cannot tell page 0 from page 3,
 * nor this run from the last. Here every 32-bit word depends on a seed and on
 * where the word stands, so a page that is mapped in the wrong place, mapped
 * twice, or left over from an earlier run does not match.
 */
#ifndef LAB_PATTERN_H
#define LAB_PATTERN_H

#include <linux/types.h>

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
 * lab_pattern_word - the word that belongs at a place
 * @seed: any value
 * @index: number of the 32-bit word, its byte offset / 4
 *
 * The seed is mixed before the index is added: without that, the pattern of
 * one seed would be the pattern of another, shifted.
 *
 * Return: the word, in the CPU's byte order.
 */
static inline __u32 lab_pattern_word(__u64 seed, __u64 index)
{
	__u64 start = lab_pattern_mix(seed + 0x9e3779b97f4a7c15ull);

	return (__u32)(lab_pattern_mix(start + index) >> 32);
}

#endif /* LAB_PATTERN_H */
