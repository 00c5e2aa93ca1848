// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.9: the machine itself reaches the same page frames
 */
#include "contract.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/witness.h"

static struct witness_box *make_box(void)
{
	size_t size = sizeof(struct witness_box) +
		      lab.info.pages * sizeof(uint64_t);
	struct witness_box *box = calloc(1, size);
	uint64_t i;

	ck_assert_ptr_nonnull(box);
	box->magic = WITNESS_MAGIC;
	box->user_addr = (uintptr_t)lab.map;
	box->pages = lab.info.pages;
	for (i = 0; i < lab.info.pages; i++)
		box->kernel_addr[i] = kernel_page(i).kernel_addr;
	box->state = WITNESS_WAITED_FOR;
	return box;
}

/*
 * No system call: when the host stops the machine, the processor must be in this
 * program, with the page tables of this program in use.
 */
static void wait_for_host(const struct witness_box *box)
{
	print_line("witness 0x%" PRIxPTR, (uintptr_t)box);
	while (box->state != WITNESS_WAS_HERE)
		;
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

START_TEST(machine_reaches_the_same_frames)
{
	struct witness_box *box;
	uint64_t i;

	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	lab.seed = settings.witness_seed;
	kernel_fills();
	assert_words(lab.map, lab.words, 0, expect_pattern, "user reads");
	box = make_box();
	wait_for_host(box);

	for (i = 0; i < box->word_count && i < WITNESS_MOST_WORDS; i++) {
		const struct witness_word *word = &box->words[i];
		uint32_t found;

		assert_word(word, lab.map[word->offset / sizeof(found)],
			    "user reads");
		ck_assert_int_eq(pread(lab.fd, &found, sizeof(found),
				       (off_t)word->offset), sizeof(found));
		assert_word(word, found, "read()");
	}
	if (box->word_count)
		kernel_finds(&box->words[0]);
	free(box);
}
END_TEST

const struct check witness_checks[] = {
	CHECK(machine_reaches_the_same_frames, WRITES | CAN_FILL | CAN_CHECK),
	{ .name = NULL },
};
