// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 2.4 and 4.4: mremap() and remap_file_pages()
 */
#include "contract.h"

#include <errno.h>
#include <limits.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/checks.h"

/*
 * mremap()
 */

static void assert_no_remap(volatile void *map, size_t from, size_t to,
			    int flags, int expected, const char *what)
{
	void *place = flags & MREMAP_FIXED ? find_room(to) : NULL;

	assert_refused(mremap((void *)map, from, to, flags, place),
		       expected, what);
}

/* Memory without an end may grow. */
static void assert_no_growth(volatile void *map, size_t size)
{
	size_t page = lab.info.page_size;

	if (is_driver() && !driver.size)
		return;
	assert_no_remap(map, size, size + page, 0, EFAULT, "longer");
	assert_no_remap(map, size, size + page, MREMAP_MAYMOVE, EFAULT,
			"longer, it may move");
	assert_no_remap(map, size, size + page, MREMAP_MAYMOVE | MREMAP_FIXED,
			EFAULT, "longer, elsewhere");
	assert_no_remap(map, 0, size, 0, EFAULT, "no length");
	assert_no_remap(map, 0, size, MREMAP_MAYMOVE, EFAULT,
			"no length: a second mapping");
	assert_no_remap(map, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, EFAULT,
			"no length: a second mapping, elsewhere");
	assert_no_remap(map, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
			EINVAL, "a second mapping, and the first kept");
}

/* With free addresses behind it: without them a refusal would prove nothing. */
static volatile void *map_with_room(size_t length)
{
	void *room = find_room(2 * lab.info.size + lab.info.page_size);
	void *map = mmap(room, length, READ_WRITE, MAP_SHARED | MAP_FIXED,
			 lab.fd, 0);

	ck_assert_ptr_eq(map, room);
	return map;
}

START_TEST(mremap_cannot_grow_the_vma)
{
	size_t page = lab.info.page_size;
	volatile uint32_t *whole = map_with_room(lab.info.size);
	volatile uint32_t *part;

	needs_an_end();
	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	write_pattern(lab.map);
	assert_no_growth(whole, lab.info.size);
	assert_words(whole, lab.words, 0, expect_pattern,
		     "the mapping that was to grow");
	must_unmap(whole, lab.info.size);

	/* Not even over further pages of the memory. */
	part = map_with_room(page);
	assert_no_growth(part, page);
	must_unmap(part, page);
	assert_pages(0, lab.info.pages, "the other mapping");
	kernel_checks();
}
END_TEST

/* 4.4: by a page, then to one page. */
START_TEST(mremap_shrinks_and_keeps_the_rest)
{
	size_t size = lab.info.size, page = lab.info.page_size;
	uint64_t left = lab.info.pages - 1;

	needs_pages(2, "one page cannot shrink");
	write_pattern(lab.map);
	ck_assert_ptr_eq(mremap((void *)lab.map, size, size - page, 0),
			 (void *)lab.map);
	ck_assert(!is_mapped(mapped_page(left)));
	assert_pages(0, left, "what is left");
	kernel_finds_a_wrong_bit(left * lab.page_words - 1);
	assert_no_growth(lab.map, size - page);

	ck_assert_ptr_eq(mremap((void *)lab.map, size - page, page,
				MREMAP_MAYMOVE), (void *)lab.map);
	ck_assert(left == 1 || !is_mapped(mapped_page(1)));
	assert_pages(0, 1, "what is left");
	kernel_finds_a_wrong_bit(lab.page_words - 1);
	kernel_checks();
}
END_TEST

START_TEST(mremap_moves_the_vma_whole)
{
	void *from = (void *)lab.map;
	void *to = find_room(lab.info.size);
	uint64_t before = count_mappings(), last = lab.info.pages - 1;

	write_pattern(lab.map);
	lab.map = mremap(from, lab.info.size, lab.info.size,
			 MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ck_assert_ptr_eq((void *)lab.map, to);
	ck_assert(!is_mapped(from));
	ck_assert(!is_mapped((char *)from + last * lab.info.page_size));
	assert_pages(0, lab.info.pages, "the mapping in its new place");
	ck_assert_uint_eq(count_mappings(), before);

	lab.seed = ~lab.seed;
	kernel_fills();
	assert_pages(0, lab.info.pages, "the mapping in its new place");
	lab.seed++;
	write_pattern(lab.map);
	kernel_checks();
	assert_no_growth(lab.map, lab.info.size);
}
END_TEST

/*
 * 2.4: remap_file_pages()
 */

static int remap_pages(volatile void *map, uint64_t pages, uint64_t to)
{
	return syscall(SYS_remap_file_pages, map,
		       (size_t)(pages * lab.info.page_size), 0, (size_t)to, 0);
}

/*
 * The kernel unmaps the old pages before it calls a driver's ->mmap(), so after a
 * refusal there may be nothing; but if there is something, it is the old pages.
 */
static void assert_pages_refused(uint64_t pages, uint64_t to)
{
	volatile uint32_t *map = must_map(lab.fd, lab.info.size, READ_WRITE,
					  MAP_SHARED, 0);
	int answer = remap_pages(map, pages, to);
	int found = errno;
	uint64_t i;

	ck_assert_msg(answer == -1, "%" PRIu64 " pages from page 0x%" PRIx64
		      " on were mapped", pages, to);
	ck_assert_msg(found == EINVAL || found == EOVERFLOW || is_driver(),
		      "page 0x%" PRIx64 ": found %s", to,
		      strerrorname_np(found));
	for (i = 0; i < lab.info.pages; i++)
		if (is_mapped(map + i * lab.page_words))
			assert_words(map + i * lab.page_words, lab.page_words,
				     i * lab.page_words, expect_pattern,
				     "a mapping that was not remapped");
	must_unmap(map, lab.info.size);
}

START_TEST(remap_file_pages_stays_inside)
{
	uint64_t last = lab.info.pages - 1;

	needs_an_end();
	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	needs_offsets();
	write_pattern(lab.map);
	ck_assert_int_eq(remap_pages(lab.map, 1, last), 0);
	assert_words(lab.map, lab.page_words, last * lab.page_words,
		     expect_pattern, "the first page, now the last");
	ck_assert_uint_eq(mapped_pfn(lab.map), kernel_page(last).pfn);
	if (last)
		assert_pages(1, last, "the other pages");

	assert_pages_refused(1, lab.info.pages);
	assert_pages_refused(lab.info.pages, 1);
	assert_pages_refused(1, 1ul << 4 * sizeof(long));
	assert_pages_refused(1, (ULONG_MAX >> 12) - 1);
	assert_pages_refused(1, ULONG_MAX >> 12);
	assert_pages_refused(1, ULONG_MAX);
	kernel_checks();
}
END_TEST

const struct check remapping_checks[] = {
	THOROUGH_CHECK(mremap_cannot_grow_the_vma, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(remap_file_pages_stays_inside, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(mremap_shrinks_and_keeps_the_rest, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(mremap_moves_the_vma_whole,
		       WRITES | CAN_FILL | CAN_CHECK | ANY_DRIVER),
	{ .name = NULL },
};
