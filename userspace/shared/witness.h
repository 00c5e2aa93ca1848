/* SPDX-License-Identifier: GPL-2.0 */
/*
 * witness.h - where a check meets the host that looks at the machine from outside
 *
 * harness/runs/witness.py reads and writes these structures in the RAM of the stopped
 * machine. They have the same layout for every architecture, little-endian.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdint.h>

#include "lab.h"

#define WITNESS_MAGIC 0x6b6d61706c616221
#define WITNESS_MOST_WORDS 16

enum witness_state {
	WITNESS_WAITED_FOR = 1,
	WITNESS_WAS_HERE = 2,
};

/* A word that the host wrote into the memory. */
struct witness_word {
	uint64_t offset; /* in bytes, a multiple of 4 */
	uint64_t value;
};

/**
 * struct witness_box - what the check says, and what the host answers
 * @magic: WITNESS_MAGIC
 * @state: enum witness_state
 * @user_addr: where the memory is mapped, shared, for reading and writing
 * @first: which of its pages is mapped there, 0 if it is all of them
 * @pages: so many pages are mapped there
 * @word_count: how many of @words the host wrote
 * @words: these, in the order of their offsets
 * @kernel_addr: the kernel's address of each of them; of a driver that is no lab, the
 *	address in another mapping
 */
struct witness_box {
	uint64_t magic;
	volatile uint64_t state;
	uint64_t user_addr;
	uint64_t first;
	uint64_t pages;
	volatile uint64_t word_count;
	struct witness_word words[WITNESS_MOST_WORDS];
	uint64_t kernel_addr[];
};

/**
 * struct clock_box - what a check of a clock says
 * @magic: WITNESS_MAGIC
 * @state: enum witness_state
 * @seconds: what the lab has read, since 1970; 0 as long as it has not
 */
struct clock_box {
	uint64_t magic;
	volatile uint64_t state;
	int64_t seconds;
};

#define WITNESS_MOST_ACCESSES 128

/**
 * struct access_box - accesses that the host asks for, and their answers
 * @magic: WITNESS_MAGIC
 * @state: enum witness_state
 * @count: how many the host wants
 * @accesses: these, in turn, and in their places what the lab has answered
 */
struct access_box {
	uint64_t magic;
	volatile uint64_t state;
	volatile uint64_t count;
	struct lab_access accesses[WITNESS_MOST_ACCESSES];
};

/**
 * struct port_box - writes that the host wants to see counted
 * @magic: WITNESS_MAGIC
 * @state: enum witness_state
 * @writes: how many the host wants
 * @count: how many the lab has found counted then
 */
struct port_box {
	uint64_t magic;
	volatile uint64_t state;
	volatile uint64_t writes;
	uint64_t count;
};

/**
 * struct waiting_box - what a process of tools/steps.c waits with
 * @magic: WITNESS_MAGIC
 * @state: enum witness_state
 * @who: the number of the process, for they have their boxes at the same address
 */
struct waiting_box {
	uint64_t magic;
	volatile uint64_t state;
	uint64_t who;
};

#endif /* WITNESS_H */
