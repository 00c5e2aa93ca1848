/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request_table.h - the requests of lab.h in one table, and what they answer
 *
 * Each structure of lab.h begins with the one word that the kernel reads from it, if it
 * reads any.
 */
#ifndef REQUEST_TABLE_H
#define REQUEST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_VALUES 6

/* A structure of lab.h, as words; the largest is struct lab_info. */
#define MOST_WORDS 8

/**
 * struct raced_request - a request of lab.h
 * @name: for the report
 * @number: LAB_IOC_*
 * @size: bytes of its structure, a multiple of 8
 * @needs: bits of enum operation
 * @values: puts values for the first word, right ones and wrong ones, and says how
 *	many; NULL if the kernel reads nothing
 */
struct raced_request {
	const char *name;
	unsigned long number;
	size_t size;
	unsigned int needs;
	size_t (*values)(uint64_t values[MOST_VALUES]);
};

extern const struct raced_request raced_requests[];
extern const size_t raced_request_count;

/* The races know two patterns: their seeds, all words, and one stored in our mapping. */
#define PATTERNS 2
uint64_t pattern_seed(int pattern);
const uint32_t *pattern_words(int pattern);
void store_pattern(int pattern);

/**
 * struct answer - what came back from the kernel
 * @error: errno, or 0
 * @words: the structure behind its first word, the rest 0
 */
struct answer {
	int error;
	uint64_t words[MOST_WORDS];
};

/*
 * Makes a request. The first word of the argument is the caller's affair. The kernel is
 * given another address of the same memory, if there is one.
 */
struct answer ask(const struct raced_request *request, volatile uint64_t *argument);
struct answer ask_at(const struct raced_request *request, volatile uint64_t *argument,
		     volatile void *address);
bool is_same_answer(const struct answer *one, const struct answer *other);

/* Objects that an answer is not what it should be; returns false. */
bool object_to(const struct answer *answer, const char *what);

#endif /* REQUEST_TABLE_H */
