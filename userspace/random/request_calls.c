// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: requests
 */
#include "calls.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include "draw.h"
#include "ground.h"
#include "history.h"
#include "model_data.h"
#include "shared/fixture.h"
#include "spots.h"

/* With wrong numbers, sizes or directions; none that the kernel itself has. */
static unsigned long draw_wrong_request(void)
{
	static const unsigned int magics[] = {
		LAB_IOC_MAGIC, LAB_IOC_MAGIC, LAB_IOC_MAGIC - 1,
		LAB_IOC_MAGIC + 1,
	};
	static const unsigned int numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 0xff };
	static const unsigned int sizes[] = { 0, 4, 8, 16, 24, 32, 48, 56,
					      0x3fff };

	return _IOC(draw(4), DRAW_FROM(magics), DRAW_FROM(numbers),
		    DRAW_FROM(sizes));
}

/* Requests for the whole memory are rarer the larger it is. */
static unsigned long draw_request(void)
{
	static const unsigned long quick[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_PAGE, LAB_IOC_USER_PAGE,
		LAB_IOC_USER_PAGE, LAB_IOC_USER_PAGE, LAB_IOC_SMALL,
		LAB_IOC_FAULTS, LAB_IOC_PRODUCE, LAB_IOC_RING,
	};
	unsigned long request = DRAW_FROM(quick);

	if (one_in(6))
		request = draw_wrong_request();
	else if (one_in(8 + 4 * model.info.pages))
		request = LAB_IOC_FILL;
	else if (one_in(8 + 2 * model.info.pages))
		request = LAB_IOC_CHECK;
	/* The kernel uses 32 bits of it; on a 32-bit machine there are no others. */
	return one_in(32) ? request | (unsigned long)(1ull << 32) : request;
}

/* The one drawn before, or a new one. */
static uint64_t draw_seed(void)
{
	static uint64_t last;

	if (one_in(2))
		last = draw(UINT64_MAX);
	return last;
}

static uint64_t draw_index(void)
{
	const uint64_t pages = model.info.pages;
	const uint64_t edges[] = {
		pages, pages, pages + 1, 1ull << 32, 1ull << 52, 1ull << 63,
		UINT64_MAX, (1ull << 32) + pages - 1, (1ull << 52) + pages - 1,
	};

	return one_in(3) ? DRAW_FROM(edges) : draw(pages);
}

/* Of pages that may only be written, machines say different things. */
static uint64_t draw_user_addr(void)
{
	const uint64_t edges[] = {
		0, (uintptr_t)ground.target, (uintptr_t)ground.shown,
		model.base - 1, 1ull << 58, 1ull << 63, UINT64_MAX,
	};
	uint64_t addr = draw_address();
	const struct spot *spot = model_spot(addr);

	if (one_in(12) ||
	    (spot->prot == PROT_WRITE && model.kind->get_user_pages))
		return DRAW_FROM(edges);
	return addr + draw(page_size());
}

/* What any request reads, and writes in the same place. */
union argument {
	struct lab_info info;
	struct lab_page page;
	struct lab_fill fill;
	struct lab_check check;
	struct lab_user_page user;
	struct lab_small small;
	struct lab_faults faults;
	struct lab_produce produce;
	struct lab_ring ring;
};

static uint32_t draw_record_count(void)
{
	static const uint32_t edges[] = {
		0, 1, LAB_PRODUCE_MOST, LAB_PRODUCE_MOST + 1, UINT32_MAX,
	};

	return one_in(3) ? DRAW_FROM(edges) : (uint32_t)draw(64);
}

/* What a program that consumes does; drawn bytes are hardly ever a slot. */
static void move_the_tail(void)
{
	const int64_t place = offsetof(struct lab_ring_header, tail);
	uint32_t tail = (uint32_t)draw(model.ring.slots + 1);

	memcpy(&model.bytes[place], &tail, sizeof(tail));
	note("pwrite", "faxx", BY_BOTH, (unsigned long)&model.bytes[place],
	     sizeof(tail), place);
	agree_exactly(sizeof(tail), answered(pwrite(ground.fd[BY_BOTH], &tail,
						    sizeof(tail), place)));
}

static union argument draw_argument_of(unsigned long request)
{
	union argument argument;

	memset(&argument, (int)draw(256), sizeof(argument));
	switch ((unsigned int)request) {
	case LAB_IOC_PAGE:
		argument.page.index = draw_index();
		break;
	case LAB_IOC_FILL:
	case LAB_IOC_CHECK:
		argument.fill.seed = draw_seed();
		break;
	case LAB_IOC_USER_PAGE:
		argument.user.user_addr = draw_user_addr();
		break;
	case LAB_IOC_PRODUCE:
		argument.produce.count = draw_record_count();
		break;
	}
	return argument;
}

static void check_small(const struct lab_small *small)
{
	const uint64_t page = page_size();

	if (small->asked != 100 || small->given < small->asked ||
	    small->page_offset != small->kernel_addr % page ||
	    small->page_offset + small->given > page ||
	    small->per_page != page / small->given)
		disagree("LAB_IOC_SMALL: numbers that do not fit together");
}

/* Nothing but faults changes the count, and nothing makes it smaller. */
static void check_faults(const struct lab_faults *faults)
{
	static uint64_t last;

	if (faults->count < last)
		disagree("LAB_IOC_FAULTS: %llu faults after %" PRIu64,
			 faults->count, last);
	last = faults->count;
}

/* What only one lab has; there is nothing else to compare with. */
static bool is_checked_by_itself(unsigned long request, const void *answer)
{
	switch ((unsigned int)request) {
	case LAB_IOC_SMALL:
		check_small(answer);
		return true;
	case LAB_IOC_FAULTS:
		check_faults(answer);
		return true;
	default:
		return false;
	}
}

/* Changes the argument as the request must, to its last byte. */
static void carry_out(unsigned long request, union argument *argument)
{
	struct lab_user_page *user = &argument->user;
	unsigned long shows;

	switch ((unsigned int)request) {
	case LAB_IOC_INFO:
		argument->info = model.info;
		argument->info.mappings = model_mappings();
		break;
	case LAB_IOC_PAGE:
		argument->page = model.page[argument->page.index];
		break;
	case LAB_IOC_FILL:
		model_fill(argument->fill.seed);
		break;
	case LAB_IOC_CHECK:
		model_check(&argument->check);
		break;
	case LAB_IOC_USER_PAGE:
		shows = model_spot(user->user_addr)->shows;
		user->pfn = model.page[shows].pfn;
		break;
	case LAB_IOC_RING:
		argument->ring = model.ring;
		break;
	}
}

static struct buffer draw_place_of_argument(void)
{
	if (one_in(8))
		return draw_bad_buffer(sizeof(union argument));
	return (struct buffer){
		.at = ground.target,
		.can_read = sizeof(union argument),
		.can_write = sizeof(union argument),
	};
}

static void must_be(const unsigned char *found, const union argument *expected,
		    size_t size)
{
	const unsigned char *bytes = (const unsigned char *)expected;
	size_t i;

	for (i = 0; i < size; i++)
		if (found[i] != bytes[i])
			disagree("ioctl: byte %zu should be 0x%02x, and is 0x%02x",
				 i, bytes[i], found[i]);
}

bool random_ioctl(void)
{
	enum descriptor by = draw_descriptor();
	unsigned long request = draw_request();
	union argument argument = draw_argument_of(request);
	struct buffer arg = draw_place_of_argument();
	size_t size = MIN(arg.can_write, sizeof(argument));
	const uint64_t *first = (const uint64_t *)&argument;
	long predicted;

	if ((unsigned int)request == LAB_IOC_PRODUCE && can(CAN_RING))
		move_the_tail();
	memcpy(arg.at, &argument, size);
	if (arg.can_read > arg.can_write)
		memset(&argument, 0, sizeof(argument));
	predicted = model_ioctl(by, request, &arg);
	/* Only if it gets so far it produces; and then it may still say no. */
	if (!predicted && (unsigned int)request == LAB_IOC_PRODUCE)
		predicted = model_produce(&argument.produce);
	note("ioctl", "fxax", by, request, (unsigned long)arg.at, *first);
	agree_exactly(predicted,
		      answered(ioctl(ground.fd[by], request, arg.at)));
	if (!predicted && is_checked_by_itself(request, arg.at))
		return true;
	if (!predicted)
		carry_out(request, &argument);
	if (!predicted || size == sizeof(argument))
		must_be(arg.at, &argument, size);
	return !predicted;
}

/*
 * The memory as a whole
 */

static void must_succeed(const char *name, unsigned long request, void *arg)
{
	note(name, "f", BY_BOTH);
	agree_exactly(0, answered(ioctl(ground.fd[BY_BOTH], request, arg)));
}

/* Drawn seeds hardly ever leave one wrong byte, or one in the last word. */
static void have_one_byte_found(void)
{
	const int64_t size = (int64_t)model.info.size;
	const int64_t places[] = { 0, size - 1, (int64_t)draw(size) };
	int64_t place = DRAW_FROM(places);
	struct lab_fill fill = { .seed = draw_seed() };
	struct lab_check check = { .seed = fill.seed }, expected = check;

	model_fill(fill.seed);
	must_succeed("ioctl(LAB_IOC_FILL)", LAB_IOC_FILL, &fill);
	model.bytes[place] ^= 1u << draw(8);
	note("pwrite", "faxx", BY_BOTH,
	     (unsigned long)&model.bytes[place], 1, place);
	agree_exactly(1, answered(pwrite(ground.fd[BY_BOTH],
					 &model.bytes[place], 1, place)));
	model_check(&expected);
	must_succeed("ioctl(LAB_IOC_CHECK)", LAB_IOC_CHECK, &check);
	if (memcmp(&check, &expected, sizeof(check)))
		disagree("LAB_IOC_CHECK: a difference at 0x%llx, not at 0x%llx",
			 check.offset, expected.offset);
}

void compare_all(void)
{
	const size_t size = model.info.size;
	struct lab_info info;

	note("pread", "faxx", BY_BOTH, (unsigned long)ground.target, size, 0);
	agree_exactly((long)size, answered(pread(ground.fd[BY_BOTH],
						 ground.target, size, 0)));
	if (memcmp(ground.target, model.bytes, size))
		disagree("the memory holds other bytes than it should");

	must_succeed("ioctl(LAB_IOC_INFO)", LAB_IOC_INFO, &info);
	if (info.mappings != model_mappings())
		disagree("%llu mappings are counted, and there are %" PRIu64,
			 info.mappings, model_mappings());
	have_one_byte_found();
}
