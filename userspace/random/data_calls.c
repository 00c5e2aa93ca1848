// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: lseek(), read() and write()
 */
#include "calls.h"

#include <limits.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "draw.h"
#include "ground.h"
#include "history.h"
#include "model_data.h"

static int64_t draw_position(void)
{
	const int64_t size = (int64_t)model.info.size;
	const int64_t edges[] = {
		0, size - 1, size, size + 1, -1, -size, -size - 1, 1ll << 31,
		1ll << 32, 1ll << 51, INT64_MAX, INT64_MAX - 1,
		INT64_MAX - size, INT64_MIN, INT64_MIN + size,
	};

	if (one_in(5))
		return DRAW_FROM(edges);
	return (int64_t)draw(model.info.size);
}

bool random_lseek(void)
{
	static const int whences[] = {
		SEEK_SET, SEEK_SET, SEEK_SET, SEEK_SET, SEEK_SET, SEEK_CUR,
		SEEK_CUR, SEEK_CUR, SEEK_END, SEEK_END, SEEK_END, SEEK_DATA,
		SEEK_HOLE, 5, -1,
	};
	enum descriptor by = draw_descriptor();
	int whence = DRAW_FROM(whences);
	int64_t offset = draw_position();

	if (whence == SEEK_END && !one_in(4))
		offset = -offset;
	if (whence == SEEK_CUR && one_in(2))
		offset = (int64_t)draw(64) - 32;
	note("lseek", "fdd", by, offset, whence);
	return agree_exactly(model_lseek(by, offset, whence),
			     answered(lseek(ground.fd[by], offset, whence)));
}

/* Mostly few: each byte takes time, and the faults are at the edges. */
static size_t draw_count(void)
{
	const size_t page = page_size();
	const size_t size = model.info.size;
	const size_t edges[] = {
		0, page - 1, page, page + 1, size - 1, size, size + 1,
		power_of_two(31), power_of_two(32) + 1, power_of_two(33),
		power_of_two(58), power_of_two(63), LONG_MAX, -page, -1ul,
	};

	if (one_in(8))
		return DRAW_FROM(edges);
	return draw(one_in(8) ? size + page : 80);
}

/* Mostly large enough, and at an odd address. */
static struct buffer draw_buffer(unsigned char *whole, size_t count)
{
	size_t odd = draw(64);

	if (one_in(8))
		return draw_bad_buffer(MIN(count, model.info.size));
	return (struct buffer){
		.at = whole + odd,
		.can_read = ground.size - odd,
		.can_write = ground.size - odd,
	};
}

static bool read_at(enum descriptor by, int64_t position, bool moves)
{
	size_t count = draw_count();
	struct buffer to = draw_buffer(ground.target, count);
	struct answer predicted = model_read(by, &to, count, position);
	unsigned char *next = NULL;
	long found;

	if (predicted.most >= 0 && (size_t)predicted.most < to.can_write) {
		next = to.at + predicted.most;
		*next = 0xa5;
	}
	note(moves ? "read" : "pread", "faxx", by, (unsigned long)to.at, count,
	     position);
	found = answered(moves ?
			 read(ground.fd[by], to.at, count) :
			 pread(ground.fd[by], to.at, count, position));
	if (!agree(predicted, found))
		return false;
	if (memcmp(to.at, model.bytes + position, (size_t)found))
		disagree("read: other bytes than there should be");
	if (next && *next != 0xa5)
		disagree("read: a byte more than it returned");
	if (moves)
		model.position[by] += found;
	return true;
}

static bool write_at(enum descriptor by, int64_t position, bool moves)
{
	size_t count = draw_count();
	struct buffer from = draw_buffer(ground.source, count);
	struct answer predicted = model_write(by, &from, count, position);
	long found;

	note(moves ? "write" : "pwrite", "faxx", by, (unsigned long)from.at,
	     count, position);
	found = answered(moves ?
			 write(ground.fd[by], from.at, count) :
			 pwrite(ground.fd[by], from.at, count, position));
	if (!agree(predicted, found))
		return false;
	memcpy(model.bytes + position, from.at, (size_t)found);
	if (moves)
		model.position[by] += found;
	return true;
}

static int64_t position_of(enum descriptor by)
{
	return by == BY_NOBODY ? 0 : model.position[by];
}

bool random_read(void)
{
	enum descriptor by = draw_descriptor();

	return read_at(by, position_of(by), true);
}

bool random_write(void)
{
	enum descriptor by = draw_descriptor();

	return write_at(by, position_of(by), true);
}

bool random_pread(void)
{
	enum descriptor by = draw_descriptor();

	return read_at(by, draw_position(), false);
}

bool random_pwrite(void)
{
	enum descriptor by = draw_descriptor();

	return write_at(by, draw_position(), false);
}
