// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.9: the machine itself reaches the same page frames
 */
#include "contract.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/blocks.h"
#include "shared/checks.h"
#include "shared/waiting.h"
#include "shared/witness.h"

/* Of a driver that does not say its kernel's addresses: in its place, NULL for a lab. */
static volatile uint32_t *again;

static uint64_t other_address_of(uint64_t page)
{
	volatile uint32_t *place;

	if (!is_driver())
		return kernel_page(page).kernel_addr;
	place = again + page * lab.page_words;
	(void)*place;
	return (uintptr_t)place;
}

/* For all pages of lab.map, from one on. */
static struct witness_box *make_box(uint64_t first)
{
	uint64_t pages = lab.info.pages - first;
	size_t size = sizeof(struct witness_box) + pages * sizeof(uint64_t);
	struct witness_box *box = calloc(1, size);
	uint64_t i;

	ck_assert_ptr_nonnull(box);
	box->magic = WITNESS_MAGIC;
	box->user_addr = (uintptr_t)mapped_page(first);
	box->first = first;
	box->pages = pages;
	for (i = 0; i < pages; i++)
		box->kernel_addr[i] = other_address_of(first + i);
	return box;
}

static void assert_word(const struct witness_word *word, uint32_t found,
			const char *reader)
{
	ck_assert_msg(found == word->value, "%s at offset 0x%" PRIx64
		      ": expected the host's 0x%08" PRIx64
		      ", found 0x%08" PRIx32, reader, word->offset,
		      word->value, found);
}

/* The first word that the host wrote is the first that differs from the pattern. */
static void kernel_finds(const struct witness_word *first)
{
	struct lab_check check = { .seed = lab.seed };

	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
	ck_assert_uint_eq(check.offset, first->offset);
	assert_word(first, check.found, "the kernel reads");
}

/* Has the host look at the pages of lab.map from one on, and reads its words there. */
static void meet_host(uint64_t first, const char *kind)
{
	struct witness_box *box = make_box(first);
	uint64_t i;

	wait_for_host(kind, box, &box->state);
	for (i = 0; i < box->word_count && i < WITNESS_MOST_WORDS; i++) {
		const struct witness_word *word = &box->words[i];
		uint32_t found;

		assert_word(word, lab.map[word->offset / sizeof(found)],
			    "user reads");
		if (is_driver()) {
			assert_word(word, again[word->offset / sizeof(found)],
				    "another mapping reads");
			continue;
		}
		ck_assert_int_eq(pread(lab.fd, &found, sizeof(found),
				       (off_t)word->offset), sizeof(found));
		assert_word(word, found, "read()");
	}
	if (box->word_count && !is_driver())
		kernel_finds(&box->words[0]);
	free(box);
}

static void fill_for_host(void)
{
	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	lab.seed = settings.witness_seed;
	if (is_shared(SHARED_BY_DESCRIPTOR))
		kernel_fills();
	else
		write_unguarded(lab.map);
	assert_words(lab.map, lab.words, 0, expect_pattern, "user reads");
}

/* What no other mapping shows is looked at through the only one. */
static void meet_host_with_a_driver(void)
{
	bool is_only = !is_shared(SHARED_BY_DESCRIPTOR);

	again = is_only ? lab.map : map_again();
	meet_host(0, "");
	if (!is_only)
		must_unmap(again, lab.info.size);
}

START_TEST(machine_reaches_the_same_frames)
{
	fill_for_host();
	if (is_driver())
		meet_host_with_a_driver();
	else
		meet_host(0, "");
}
END_TEST

/* What is behind the hole arrives again, and has entries of another level. */
START_TEST(machine_finds_a_divided_block_page_by_page)
{
	uint64_t hole = pages_of_first_block() / 2;

	fill_for_host();
	must_unmap(mapped_page(hole), lab.info.page_size);
	assert_pages(hole + 1, lab.info.pages - hole - 1, "behind a hole");
	meet_host(hole + 1, "divided ");
}
END_TEST

const struct check witness_checks[] = {
	CHECK(machine_reaches_the_same_frames,
	      WRITES | CAN_FILL | CAN_CHECK | ANY_DRIVER | ANY_NODE),
	CHECK(machine_finds_a_divided_block_page_by_page,
	      WRITES | CAN_FILL | CAN_CHECK | CAN_FAULTS),
	{ .name = NULL },
};
