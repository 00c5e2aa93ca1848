// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.1 to 1.3: both sides see the same contents
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/checks.h"

/*
 * 1.1 and 1.2: through the mapping
 */

START_TEST(kernel_fills_user_reads_every_word)
{
	kernel_fills();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "user reads what the kernel wrote");
}
END_TEST

START_TEST(user_writes_every_word_kernel_checks)
{
	write_pattern(lab.map);
	kernel_checks();
}
END_TEST

/* A LAB_IOC_CHECK that never finds a difference would pass the check above. */
START_TEST(kernel_check_finds_one_wrong_bit)
{
	size_t page, step = lab.info.pages / 16 + 1;

	write_pattern(lab.map);
	kernel_finds_a_wrong_bit(0);
	kernel_finds_a_wrong_bit(lab.words - 1);
	for (page = 0; page < lab.info.pages; page += step)
		kernel_finds_a_wrong_bit(page * lab.page_words +
					 lab.seed % lab.page_words);
	kernel_checks();
}
END_TEST

/*
 * 1.3: by read(), write() and llseek()
 */

START_TEST(read_agrees_with_the_mapping)
{
	uint32_t *copy = malloc(lab.info.size);
	size_t half = lab.info.size / 2 + 4;

	write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, copy, lab.info.size, 0), lab.info.size);
	assert_words(copy, lab.words, 0, expect_pattern, "read()");

	/* From the middle, and no further than the end. */
	ck_assert_int_eq(lseek(lab.fd, (off_t)half, SEEK_SET), half);
	ck_assert_int_eq(read(lab.fd, copy, lab.info.size),
			 lab.info.size - half);
	assert_words(copy, lab.words - half / 4, half / 4, expect_pattern,
		     "read() from the middle");
	ck_assert_int_eq(read(lab.fd, copy, lab.info.size), 0);
	free(copy);
}
END_TEST

START_TEST(write_agrees_with_the_mapping)
{
	uint32_t *copy = malloc(lab.info.size);

	write_unguarded(copy);
	ck_assert_int_eq(pwrite(lab.fd, copy, lab.info.size, 0),
			 lab.info.size);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "user reads what write() wrote");
	kernel_checks();
	free(copy);
}
END_TEST

START_TEST(read_and_write_move_single_bytes)
{
	off_t odd = (off_t)lab.info.size - 3;
	unsigned char byte = 0;

	write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, &byte, 1, odd), 1);
	ck_assert_uint_eq(byte, ((volatile unsigned char *)lab.map)[odd]);
	byte ^= 0xff;
	ck_assert_int_eq(pwrite(lab.fd, &byte, 1, odd), 1);
	ck_assert_uint_eq(byte, ((volatile unsigned char *)lab.map)[odd]);
	lab.map[lab.words - 1] = expect_pattern(lab.words - 1);
	kernel_checks();
}
END_TEST

START_TEST(read_and_write_stop_at_the_end)
{
	off_t end = (off_t)lab.info.size;
	char bytes[16] = { 0 };

	ck_assert_int_eq(lseek(lab.fd, 0, SEEK_END), end);
	ck_assert_int_eq(read(lab.fd, bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(write(lab.fd, bytes, sizeof(bytes)), -1);
	ck_assert_int_eq(errno, ENOSPC);
	write_pattern(lab.map);
	ck_assert_int_eq(pwrite(lab.fd, bytes, sizeof(bytes), end - 4), 4);
	ck_assert_uint_eq(lab.map[lab.words - 1], 0);
	ck_assert_uint_eq(lab.map[lab.words - 2],
			  expect_pattern(lab.words - 2));
	ck_assert_int_eq(pread(lab.fd, bytes, 1, INT64_MAX - 1), 0);
	ck_assert_int_eq(pwrite(lab.fd, bytes, 1, INT64_MAX - 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(lseek(lab.fd, end + 1, SEEK_SET), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(lseek(lab.fd, -1, SEEK_SET), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pread(lab.fd, (void *)-4096L, 4, 0), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(read_and_write_stop_where_the_callers_memory_does)
{
	size_t page = lab.info.page_size;
	char *two = mmap(NULL, 2 * page, READ_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(two, MAP_FAILED);
	must_unmap(two + page, page);
	write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, two + page - 16, 100, 0), 16);
	ck_assert_int_eq(pwrite(lab.fd, two + page - 16, 100, 0), 16);
	kernel_checks();
	must_unmap(two, page);
}
END_TEST

/*
 * One call may name several pieces of the caller's memory. These have odd lengths, one is
 * empty, and between them is memory that the call must leave alone.
 */
#define PIECES 4
#define GAP 32
#define GAP_BYTE 0x5a

struct pieces {
	struct iovec at[PIECES];
	unsigned char *memory;
};

static size_t bytes_with_gaps(void)
{
	return lab.info.size + PIECES * GAP;
}

static struct pieces make_pieces(void)
{
	const size_t lengths[PIECES] = { 5, 0, lab.info.size / 2,
					 lab.info.size / 2 - 5 };
	struct pieces pieces = { .memory = malloc(bytes_with_gaps()) };
	unsigned char *next = pieces.memory;
	int i;

	ck_assert_ptr_nonnull(pieces.memory);
	memset(pieces.memory, GAP_BYTE, bytes_with_gaps());
	for (i = 0; i < PIECES; i++) {
		pieces.at[i].iov_base = next;
		pieces.at[i].iov_len = lengths[i];
		next += lengths[i] + GAP;
	}
	return pieces;
}

static void assert_gaps_are_whole(const struct pieces *pieces)
{
	int i, byte;

	for (i = 0; i < PIECES; i++) {
		const unsigned char *gap = pieces->at[i].iov_base;

		gap += pieces->at[i].iov_len;
		for (byte = 0; byte < GAP; byte++)
			ck_assert_msg(gap[byte] == GAP_BYTE,
				      "readv() writes %d bytes behind piece %d of the caller's memory",
				      byte + 1, i);
	}
}

START_TEST(pieces_of_the_callers_memory_are_moved_in_order)
{
	struct pieces pieces = make_pieces();
	unsigned char *copy = malloc(lab.info.size), *end = copy;
	int i;

	write_pattern(lab.map);
	ck_assert_int_eq(preadv(lab.fd, pieces.at, PIECES, 0), lab.info.size);
	assert_gaps_are_whole(&pieces);
	for (i = 0; i < PIECES; i++)
		end = mempcpy(end, pieces.at[i].iov_base, pieces.at[i].iov_len);
	assert_words((uint32_t *)copy, lab.words, 0, expect_pattern, "readv()");

	lab.seed = ~lab.seed;
	write_unguarded((uint32_t *)copy);
	end = copy;
	for (i = 0; i < PIECES; i++) {
		memcpy(pieces.at[i].iov_base, end, pieces.at[i].iov_len);
		end += pieces.at[i].iov_len;
	}
	ck_assert_int_eq(pwritev(lab.fd, pieces.at, PIECES, 0), lab.info.size);
	kernel_checks();
	free(copy);
	free(pieces.memory);
}
END_TEST

static off_t position(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

/* Each open() makes one, and a copy by dup() has the same; pread() and pwrite() use none. */
START_TEST(each_descriptor_has_a_position_of_its_own)
{
	int one = must_open(O_RDWR), other = must_open(O_RDWR);
	int copy = dup(one);
	uint32_t words[2];

	write_pattern(lab.map);
	ck_assert_int_eq(lseek(one, 8, SEEK_SET), 8);
	ck_assert_int_eq(position(other), 0);
	ck_assert_int_eq(read(one, words, 8), 8);
	assert_words(words, 2, 2, expect_pattern, "read() from its position");
	ck_assert_int_eq(position(other), 0);
	ck_assert_int_eq(read(other, words, 4), 4);
	assert_words(words, 1, 0, expect_pattern, "read() by another descriptor");
	ck_assert_int_eq(position(copy), 16);

	ck_assert_int_eq(pread(copy, words, 8, 4), 8);
	assert_words(words, 2, 1, expect_pattern, "pread()");
	ck_assert_int_eq(pwrite(copy, words, 8, 4), 8);
	ck_assert_int_eq(position(one), 16);
	ck_assert_int_eq(position(other), 4);
	ck_assert_int_eq(write(other, words, 8), 8);
	ck_assert_int_eq(position(other), 12);
	ck_assert_int_eq(position(one), 16);
	kernel_checks();
	close(one);
	close(other);
	close(copy);
}
END_TEST

/* Word 1 by every call; then the memory is as before. */
static void use_a_descriptor(int fd)
{
	uint32_t word = ~expect_pattern(1), found = 0;
	int usual = lab.fd;
	volatile uint32_t *map = must_map(fd, lab.info.page_size, READ_WRITE,
					  MAP_SHARED, 0);

	ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
	ck_assert_int_eq(write(fd, &word, 4), 4);
	ck_assert_uint_eq(map[1], word);
	ck_assert_int_eq(lseek(fd, -4, SEEK_CUR), 4);
	ck_assert_int_eq(read(fd, &found, 4), 4);
	ck_assert_uint_eq(found, word);
	map[1] = expect_pattern(1);
	must_unmap(map, lab.info.page_size);
	lab.fd = fd;
	kernel_checks();
	lab.fd = usual;
}

/*
 * The memory is always there: no call has to wait, so none may say EAGAIN, and there is
 * no end to append to.
 */
START_TEST(flags_of_a_descriptor_change_no_call)
{
	static const int flags[] = {
		O_NONBLOCK, O_APPEND, O_SYNC, O_DSYNC, O_NOATIME, O_TRUNC,
	};
	int fd = must_open(O_RDWR);
	size_t i;

	write_pattern(lab.map);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND), 0);
	use_a_descriptor(fd);
	close(fd);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		fd = must_open(O_RDWR | flags[i]);
		use_a_descriptor(fd);
		close(fd);
	}
}
END_TEST

const struct check contents_checks[] = {
	CHECK(kernel_fills_user_reads_every_word, MAPS | ANY_NODE | CAN_FILL),
	CHECK(user_writes_every_word_kernel_checks, WRITES | ANY_NODE | CAN_CHECK),
	CHECK(kernel_check_finds_one_wrong_bit, WRITES | ANY_NODE | CAN_CHECK),
	CHECK(read_agrees_with_the_mapping, WRITES | ANY_NODE | CAN_READ | CAN_LLSEEK),
	CHECK(write_agrees_with_the_mapping, MAPS | ANY_NODE | CAN_WRITE | CAN_CHECK),
	CHECK(read_and_write_move_single_bytes,
	      WRITES | ANY_NODE | CAN_READ | CAN_WRITE | CAN_CHECK),
	CHECK(read_and_write_stop_at_the_end,
	      WRITES | ANY_NODE | CAN_READ | CAN_WRITE | CAN_LLSEEK),
	CHECK(read_and_write_stop_where_the_callers_memory_does,
	      WRITES | ANY_NODE | CAN_READ | CAN_WRITE | CAN_CHECK),
	CHECK(pieces_of_the_callers_memory_are_moved_in_order,
	      WRITES | ANY_NODE | CAN_READ | CAN_WRITE | CAN_CHECK),
	THOROUGH_CHECK(each_descriptor_has_a_position_of_its_own,
		       WRITES | CAN_READ | CAN_WRITE | CAN_LLSEEK | CAN_CHECK),
	THOROUGH_CHECK(flags_of_a_descriptor_change_no_call,
		       WRITES | CAN_READ | CAN_WRITE | CAN_LLSEEK | CAN_CHECK),
	{ .name = NULL },
};
