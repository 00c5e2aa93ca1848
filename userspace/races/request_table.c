// SPDX-License-Identifier: GPL-2.0
/*
 * The requests of lab.h in one table, and what they answer
 */
#include "request_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "racer.h"
#include "shared/checks.h"

/* They differ in one byte: a 32-bit kernel may copy a number of 64 bits byte by byte. */
uint64_t pattern_seed(int pattern)
{
	return pattern ? lab.seed ^ 0xff : lab.seed;
}

/* Computed once for each check: most of the time would go there. */
const uint32_t *pattern_words(int pattern)
{
	static uint32_t *words[PATTERNS];
	static uint64_t seed[PATTERNS];
	size_t i;

	if (words[pattern] && seed[pattern] == pattern_seed(pattern))
		return words[pattern];
	seed[pattern] = pattern_seed(pattern);
	words[pattern] = realloc(words[pattern], lab.info.size);
	ck_assert_ptr_nonnull(words[pattern]);
	for (i = 0; i < lab.words; i++)
		words[pattern][i] = lab_pattern_word(seed[pattern], i);
	return words[pattern];
}

void store_pattern(int pattern)
{
	const uint32_t *words = pattern_words(pattern);
	size_t i;

	for (i = 0; i < lab.words; i++)
		lab.map[i] = words[i];
}

static size_t page_values(uint64_t values[MOST_VALUES])
{
	values[0] = 0;
	values[1] = lab.info.pages - 1;
	values[2] = lab.info.pages;
	values[3] = 1ull << 32;
	values[4] = UINT64_MAX;
	return 5;
}

static size_t user_page_values(uint64_t values[MOST_VALUES])
{
	values[0] = (uintptr_t)lab.map;
	values[1] = (uintptr_t)mapped_page(lab.info.pages - 1);
	values[2] = (uintptr_t)&lab; /* memory, but no mapping of the device */
	values[3] = lab.info.kernel_addr;
	values[4] = UINT64_MAX;
	return 5;
}

static size_t seed_values(uint64_t values[MOST_VALUES])
{
	values[0] = pattern_seed(0);
	values[1] = pattern_seed(1);
	return 2;
}

#define REQUEST(name_, needs_, structure_, values_)			\
	{ .name = #name_, .number = (name_), .needs = (needs_),		\
	  .size = sizeof(structure_), .values = (values_) }

const struct raced_request raced_requests[] = {
	REQUEST(LAB_IOC_INFO, CAN_INFO, struct lab_info, NULL),
	REQUEST(LAB_IOC_PAGE, CAN_PAGE, struct lab_page, page_values),
	REQUEST(LAB_IOC_FILL, CAN_FILL, struct lab_fill, seed_values),
	REQUEST(LAB_IOC_CHECK, CAN_CHECK, struct lab_check, seed_values),
	REQUEST(LAB_IOC_USER_PAGE, CAN_USER_PAGE, struct lab_user_page,
		user_page_values),
};

const size_t raced_request_count = sizeof(raced_requests) / sizeof(*raced_requests);

/* What the kernel does not write shows up in the answer, too. */
#define UNTOUCHED 0xa5a5a5a5a5a5a5a5ull

struct answer ask_at(const struct raced_request *request, volatile uint64_t *argument,
		     volatile void *address)
{
	struct answer answer = { .error = 0 };
	size_t words = request->size / sizeof(*argument), i;

	for (i = 1; i < words; i++)
		argument[i] = UNTOUCHED;
	if (ioctl(lab.fd, request->number, address))
		answer.error = errno;
	for (i = 1; i < words; i++)
		answer.words[i] = argument[i];
	return answer;
}

struct answer ask(const struct raced_request *request, volatile uint64_t *argument)
{
	return ask_at(request, argument, argument);
}

bool is_same_answer(const struct answer *one, const struct answer *other)
{
	return one->error == other->error &&
	       !memcmp(one->words, other->words, sizeof(one->words));
}

bool object_to(const struct answer *answer, const char *what)
{
	return object("the answer is %s: %s, 0x%" PRIx64 " 0x%" PRIx64
		      " 0x%" PRIx64, what, answer->error ?
		      strerrorname_np(answer->error) : "no error",
		      answer->words[1], answer->words[2], answer->words[3]);
}
