// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: those that move bytes, and requests
 */
#include "lab_random.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Buffers
 */

/* That end behind @bytes, and before a page that cannot be touched. */
static struct lab_buffer buffer_that_ends(size_t bytes)
{
	return (struct lab_buffer){
		.at = lab_ground.target + lab_ground.size - bytes,
		.can_read = bytes,
		.can_write = bytes,
	};
}

static struct lab_buffer draw_bad_buffer(size_t size)
{
	const size_t page = lab_model.info.page_size;
	const unsigned long kernels[] = { -8ul, -page, 0xffff888000000000ul };

	switch (lab_draw(6)) {
	case 0:
		return (struct lab_buffer){ .at = NULL };
	case 1:
		return (struct lab_buffer){ .at = lab_ground.forbidden };
	case 2:
		return (struct lab_buffer){ .at = lab_ground.read_only,
					    .can_read = page };
	case 3:
		return (struct lab_buffer){
			.at = (unsigned char *)LAB_DRAW_FROM(kernels),
			.kernels = true,
		};
	default:
		return buffer_that_ends(lab_draw(size + 1));
	}
}

/*
 * lseek(), read(), write()
 */

static int64_t draw_position(void)
{
	const int64_t size = (int64_t)lab_model.info.size;
	const int64_t edges[] = {
		0, size - 1, size, size + 1, -1, -size, -size - 1, 1ll << 31,
		1ll << 32, 1ll << 51, INT64_MAX, INT64_MAX - 1,
		INT64_MAX - size, INT64_MIN, INT64_MIN + size,
	};

	if (lab_one_in(5))
		return LAB_DRAW_FROM(edges);
	return (int64_t)lab_draw(lab_model.info.size);
}

bool lab_random_lseek(void)
{
	static const int whences[] = {
		SEEK_SET, SEEK_SET, SEEK_SET, SEEK_SET, SEEK_SET, SEEK_CUR,
		SEEK_CUR, SEEK_CUR, SEEK_END, SEEK_END, SEEK_END, SEEK_DATA,
		SEEK_HOLE, 5, -1,
	};
	enum lab_descriptor by = lab_draw_descriptor();
	int whence = LAB_DRAW_FROM(whences);
	int64_t offset = draw_position();

	if (whence == SEEK_END && !lab_one_in(4))
		offset = -offset;
	if (whence == SEEK_CUR && lab_one_in(2))
		offset = (int64_t)lab_draw(64) - 32;
	lab_note("lseek", "fdd", by, offset, whence);
	return lab_agree_exactly(lab_model_lseek(by, offset, whence),
				 lab_answered(lseek(lab_ground.fd[by], offset,
						    whence)));
}

/* Mostly few: each byte costs time, and the edges are what matters. */
static size_t draw_count(void)
{
	const size_t page = lab_model.info.page_size;
	const size_t size = lab_model.info.size;
	const size_t edges[] = {
		0, page - 1, page, page + 1, size - 1, size, size + 1,
		1ul << 31, (1ul << 32) + 1, 1ul << 33, 1ul << 58, 1ul << 63,
		INT64_MAX, -page, -1ul,
	};

	if (lab_one_in(8))
		return LAB_DRAW_FROM(edges);
	return lab_draw(lab_one_in(8) ? size + page : 80);
}

/* Mostly one that is large enough, and begins at an odd address. */
static struct lab_buffer draw_buffer(unsigned char *whole, size_t count)
{
	size_t odd = lab_draw(64);

	if (lab_one_in(8))
		return draw_bad_buffer(count < lab_model.info.size ?
				       count : lab_model.info.size);
	return (struct lab_buffer){ .at = whole + odd,
				    .can_read = lab_ground.size - odd,
				    .can_write = lab_ground.size - odd };
}

static bool read_at(enum lab_descriptor by, int64_t position, bool moves)
{
	size_t count = draw_count();
	struct lab_buffer to = draw_buffer(lab_ground.target, count);
	struct lab_answer predicted = lab_model_read(by, &to, count, position);
	unsigned char *behind = NULL;
	long found;

	if (predicted.most >= 0 && (size_t)predicted.most < to.can_write) {
		behind = to.at + predicted.most;
		*behind = 0xa5;
	}
	lab_note(moves ? "read" : "pread", "faxx", by,
		 (unsigned long)to.at, count, position);
	found = lab_answered(moves ? read(lab_ground.fd[by], to.at, count) :
				     pread(lab_ground.fd[by], to.at, count,
					   position));
	if (!lab_agree(predicted, found))
		return false;
	if (memcmp(to.at, lab_model.bytes + position, (size_t)found))
		lab_disagree("read: other bytes than there should be");
	if (behind && *behind != 0xa5)
		lab_disagree("read: a byte more than it said");
	if (moves)
		lab_model.position[by] += found;
	return true;
}

static bool write_at(enum lab_descriptor by, int64_t position, bool moves)
{
	size_t count = draw_count();
	struct lab_buffer from = draw_buffer(lab_ground.source, count);
	struct lab_answer predicted = lab_model_write(by, &from, count,
						      position);
	long found;

	lab_note(moves ? "write" : "pwrite", "faxx", by,
		 (unsigned long)from.at, count, position);
	found = lab_answered(moves ? write(lab_ground.fd[by], from.at, count) :
				     pwrite(lab_ground.fd[by], from.at, count,
					    position));
	if (!lab_agree(predicted, found))
		return false;
	memcpy(lab_model.bytes + position, from.at, (size_t)found);
	if (moves)
		lab_model.position[by] += found;
	return true;
}

static int64_t position_of(enum lab_descriptor by)
{
	return by == BY_NOBODY ? 0 : lab_model.position[by];
}

bool lab_random_read(void)
{
	enum lab_descriptor by = lab_draw_descriptor();

	return read_at(by, position_of(by), true);
}

bool lab_random_write(void)
{
	enum lab_descriptor by = lab_draw_descriptor();

	return write_at(by, position_of(by), true);
}

bool lab_random_pread(void)
{
	enum lab_descriptor by = lab_draw_descriptor();

	return read_at(by, draw_position(), false);
}

bool lab_random_pwrite(void)
{
	enum lab_descriptor by = lab_draw_descriptor();

	return write_at(by, draw_position(), false);
}

/*
 * Requests
 */

/* Numbers that the kernel does not take for its own, and ours, but wrong. */
static unsigned long draw_wrong_request(void)
{
	static const unsigned int magics[] = {
		LAB_IOC_MAGIC, LAB_IOC_MAGIC, LAB_IOC_MAGIC - 1,
		LAB_IOC_MAGIC + 1,
	};
	static const unsigned int numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 0xff };
	static const unsigned int sizes[] = { 0, 4, 8, 16, 24, 32, 48, 56,
					      0x3fff };

	return _IOC(lab_draw(4), LAB_DRAW_FROM(magics), LAB_DRAW_FROM(numbers),
		    LAB_DRAW_FROM(sizes));
}

/* Those that go through the whole memory are for small ones, or rare. */
static unsigned long draw_request(void)
{
	static const unsigned long quick[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_PAGE, LAB_IOC_USER_PAGE,
		LAB_IOC_USER_PAGE, LAB_IOC_USER_PAGE, LAB_IOC_SMALL,
	};
	unsigned long request = LAB_DRAW_FROM(quick);

	if (lab_one_in(6))
		request = draw_wrong_request();
	else if (lab_one_in(8 + 4 * lab_model.info.pages))
		request = LAB_IOC_FILL;
	else if (lab_one_in(8 + 2 * lab_model.info.pages))
		request = LAB_IOC_CHECK;
	/* The kernel takes 32 bits of it. */
	return lab_one_in(32) ? request | 1ul << 32 : request;
}

/* The seed of the last fill, or any. */
static uint64_t draw_seed(void)
{
	static uint64_t last;

	if (lab_one_in(2))
		last = lab_draw(UINT64_MAX);
	return last;
}

static uint64_t draw_index(void)
{
	const uint64_t pages = lab_model.info.pages;
	const uint64_t edges[] = {
		pages, pages, pages + 1, 1ull << 32, 1ull << 52, 1ull << 63,
		UINT64_MAX, (1ull << 32) + pages - 1, (1ull << 52) + pages - 1,
	};

	return lab_one_in(3) ? LAB_DRAW_FROM(edges) : lab_draw(pages);
}

/* Page tables differ in what they tell of a page that may be written only. */
static uint64_t draw_user_addr(void)
{
	const uint64_t edges[] = {
		0, (uintptr_t)lab_ground.target, (uintptr_t)lab_ground.shown,
		lab_model.base - 1, 1ull << 58, 1ull << 63, UINT64_MAX,
	};
	uint64_t addr = lab_draw_address();
	const struct lab_spot *spot = lab_model_spot(addr);

	if (lab_one_in(12) || (spot->prot == PROT_WRITE && !lab_model.frames))
		return LAB_DRAW_FROM(edges);
	return addr + lab_draw(lab_model.info.page_size);
}

/* All that a request may take or give, and the answer in the same place. */
union question {
	struct lab_info info;
	struct lab_page page;
	struct lab_fill fill;
	struct lab_check check;
	struct lab_user_page user;
	struct lab_small small;
};

static union question draw_question(unsigned long request)
{
	union question question;

	memset(&question, (int)lab_draw(256), sizeof(question));
	switch ((unsigned int)request) {
	case LAB_IOC_PAGE:
		question.page.index = draw_index();
		break;
	case LAB_IOC_FILL:
	case LAB_IOC_CHECK:
		question.fill.seed = draw_seed();
		break;
	case LAB_IOC_USER_PAGE:
		question.user.user_addr = draw_user_addr();
		break;
	}
	return question;
}

static void check_small(const struct lab_small *small)
{
	const uint64_t page = lab_model.info.page_size;

	if (small->asked != 100 || small->given < small->asked ||
	    small->page_offset != small->kernel_addr % page ||
	    small->page_offset + small->given > page ||
	    small->per_page != page / small->given)
		lab_disagree("LAB_IOC_SMALL: numbers that do not fit together");
}

/* What the request makes of the question: the answer, to its last byte. */
static void answer(unsigned long request, union question *question)
{
	struct lab_user_page *user = &question->user;

	switch ((unsigned int)request) {
	case LAB_IOC_INFO:
		question->info = lab_model.info;
		question->info.mappings = lab_model_mappings();
		break;
	case LAB_IOC_PAGE:
		question->page = lab_model.page[question->page.index];
		break;
	case LAB_IOC_FILL:
		lab_model_fill(question->fill.seed);
		break;
	case LAB_IOC_CHECK:
		lab_model_check(&question->check);
		break;
	case LAB_IOC_USER_PAGE:
		user->pfn = lab_model.page[lab_model_spot(user->user_addr)->shows]
				    .pfn;
		break;
	}
}

static struct lab_buffer draw_argument(void)
{
	if (lab_one_in(8))
		return draw_bad_buffer(sizeof(union question));
	return (struct lab_buffer){ .at = lab_ground.target,
				    .can_read = sizeof(union question),
				    .can_write = sizeof(union question) };
}

static void must_be(const unsigned char *found, const union question *expected,
		    size_t size)
{
	const unsigned char *bytes = (const unsigned char *)expected;
	size_t i;

	for (i = 0; i < size; i++)
		if (found[i] != bytes[i])
			lab_disagree("ioctl: byte %zu should be 0x%02x, and is 0x%02x",
				     i, bytes[i], found[i]);
}

bool lab_random_ioctl(void)
{
	enum lab_descriptor by = lab_draw_descriptor();
	unsigned long request = draw_request();
	union question question = draw_question(request);
	struct lab_buffer arg = draw_argument();
	size_t size = arg.can_write < sizeof(question) ? arg.can_write :
							  sizeof(question);
	const uint64_t *first = (const uint64_t *)&question;
	long predicted;

	memcpy(arg.at, &question, size);
	if (arg.can_read > arg.can_write)
		memset(&question, 0, sizeof(question));
	predicted = lab_model_ioctl(by, request, &arg);
	lab_note("ioctl", "fxax", by, request, (unsigned long)arg.at, *first);
	lab_agree_exactly(predicted, lab_answered(ioctl(lab_ground.fd[by],
							request, arg.at)));
	if (!predicted && (unsigned int)request == LAB_IOC_SMALL) {
		check_small((void *)arg.at);
		return true;
	}
	if (!predicted)
		answer(request, &question);
	if (!predicted || size == sizeof(question))
		must_be(arg.at, &question, size);
	return !predicted;
}

static void must_answer(const char *name, unsigned long request, void *arg)
{
	lab_note(name, "f", BY_BOTH);
	lab_agree_exactly(0, lab_answered(ioctl(lab_ground.fd[BY_BOTH], request,
						arg)));
}

/* Drawn seeds seldom leave one wrong byte, and hardly ever in the last word. */
static void have_one_byte_found(void)
{
	const int64_t size = (int64_t)lab_model.info.size;
	const int64_t places[] = { 0, size - 1, (int64_t)lab_draw(size) };
	int64_t place = LAB_DRAW_FROM(places);
	struct lab_fill fill = { .seed = draw_seed() };
	struct lab_check check = { .seed = fill.seed }, expected = check;

	lab_model_fill(fill.seed);
	must_answer("ioctl(LAB_IOC_FILL)", LAB_IOC_FILL, &fill);
	lab_model.bytes[place] ^= 1u << lab_draw(8);
	lab_note("pwrite", "faxx", BY_BOTH,
		 (unsigned long)&lab_model.bytes[place], 1, place);
	lab_agree_exactly(1, lab_answered(pwrite(lab_ground.fd[BY_BOTH],
						 &lab_model.bytes[place], 1,
						 place)));
	lab_model_check(&expected);
	must_answer("ioctl(LAB_IOC_CHECK)", LAB_IOC_CHECK, &check);
	if (memcmp(&check, &expected, sizeof(check)))
		lab_disagree("LAB_IOC_CHECK: a difference at 0x%llx, not at 0x%llx",
			     check.offset, expected.offset);
}

void lab_compare_all(void)
{
	const size_t size = lab_model.info.size;
	struct lab_info info;

	lab_note("pread", "faxx", BY_BOTH, (unsigned long)lab_ground.target,
		 size, 0);
	lab_agree_exactly((long)size,
			  lab_answered(pread(lab_ground.fd[BY_BOTH],
					     lab_ground.target, size, 0)));
	if (memcmp(lab_ground.target, lab_model.bytes, size))
		lab_disagree("the memory holds other bytes than it should");

	must_answer("ioctl(LAB_IOC_INFO)", LAB_IOC_INFO, &info);
	if (info.mappings != lab_model_mappings())
		lab_disagree("%llu mappings are counted, %lu there should be",
			     info.mappings, lab_model_mappings());
	have_one_byte_found();
}
