// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 8.1, for any driver: random calls that map, move and share its memory
 *
 * Its requests, and what read() and write() do, differ. So the model is small: which
 * page of the memory is at which of a few places, with what access, and one word of each page.
 */
#include "random.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "draw.h"
#include "ground.h"
#include "history.h"
#include "shared/checks.h"

/* Few, so that calls meet what others have left. */
#define PLACES 12

/* As many places, and no page of the memory there. */
#define NOTHING UINT64_MAX

static struct place {
	uint64_t shows;
	int prot;
} places[PLACES];

/* Of each page of the memory: the word that is followed, and where it is. */
static uint32_t *word_of;

static size_t spot_of(uint64_t page)
{
	return lab_pattern_mix(page) % lab.page_words;
}

static unsigned char *address(size_t place)
{
	return (unsigned char *)room_at + place * page_size();
}

static volatile uint32_t *word_at(size_t place)
{
	return (volatile uint32_t *)address(place) + spot_of(places[place].shows);
}

static bool is_there(size_t place)
{
	return place < PLACES && places[place].shows != NOTHING;
}

static void clear(size_t first, size_t count)
{
	for (; count--; first++)
		places[first] = (struct place){ .shows = NOTHING };
}

/* A place with a page, most often; PLACES if there is none. */
static size_t draw_place(void)
{
	size_t first = draw(PLACES), i;

	for (i = 0; i < PLACES; i++)
		if (is_there((first + i) % PLACES))
			return (first + i) % PLACES;
	return PLACES;
}

/* How many places from this one on have a page, up to a number at random. */
static size_t draw_run(size_t first)
{
	size_t most = 1 + draw(4), count = 0;

	while (count < most && is_there(first + count))
		count++;
	return count;
}

/*
 * Comparing
 */

static void compare_place(size_t place)
{
	uint64_t page = places[place].shows;
	uint32_t found;

	if (is_mapped(address(place)) != is_there(place))
		disagree("place %zu is %smapped", place, is_there(place) ? "not " : "");
	if (!is_there(place) || !(places[place].prot & PROT_READ))
		return;
	found = *word_at(place);
	if (found != word_of[page])
		disagree("place %zu shows page %" PRIu64 ", where 0x%x is, and is 0x%x",
			 place, page, word_of[page], found);
}

/* Another mapping, which no call of ours changes, has the same words. */
static void compare_page(uint64_t page)
{
	uint32_t found = mapped_page(page)[spot_of(page)];

	if (found != word_of[page])
		disagree("page %" PRIu64 " is 0x%x in another mapping, not 0x%x", page, found,
			 word_of[page]);
}

static void compare_everything(void)
{
	uint64_t page;
	size_t place;

	for (place = 0; place < PLACES; place++)
		compare_place(place);
	for (page = 0; page < lab.info.pages; page++)
		compare_page(page);
}

/* An access that the model allows. */
static void access_failed(int signal)
{
	disagree("an access that is allowed is signal %d, %s", signal, sigdescr_np(signal));
}

/*
 * Calls
 */

static void unmap(size_t first, size_t count)
{
	note("munmap", "ax", (unsigned long)address(first), count * page_size());
	agree_exactly(0, answered(munmap(address(first), count * page_size())));
	clear(first, count);
}

static void call_munmap(void)
{
	size_t first = draw(PLACES);

	unmap(first, 1 + draw(MIN(PLACES - first, 3)));
}

/* Before the beginning of no memory, and often across its end. */
static uint64_t draw_first_page(void)
{
	if (!maps_from_offsets())
		return 0;
	if (one_in(4))
		return lab.info.pages + 1 - draw(MIN(lab.info.pages, 4));
	return draw(lab.info.pages);
}

/* A driver may refuse with any error, and where its memory ends it has to. */
static void call_mmap(void)
{
	static const int access[] = { PROT_READ, READ_WRITE, READ_WRITE };
	const size_t first = draw(PLACES), count = 1 + draw(PLACES - first);
	const unsigned long at = (unsigned long)address(first);
	const uint64_t page = draw_first_page();
	const int prot = DRAW_FROM(access);
	const bool fits = page + count <= lab.info.pages;
	bool worked;
	size_t i;

	/* A call that is refused may have unmapped what was there. */
	unmap(first, count);
	note("mmap", "axpxxx", at, count * page_size(), prot, MAP_SHARED | MAP_FIXED, lab.fd,
	     page * page_size());
	worked = answered(raw_mmap(at, count * page_size(), prot, MAP_SHARED | MAP_FIXED, lab.fd,
				   page * page_size())) == (long)at;
	if (fits != worked)
		disagree("the memory has %" PRIu64 " pages", (uint64_t)lab.info.pages);
	for (i = 0; fits && i < count; i++)
		places[first + i] = (struct place){ .shows = page + i, .prot = prot };
}

static void call_mprotect(void)
{
	static const int access[] = { PROT_NONE, PROT_READ, READ_WRITE, READ_WRITE };
	const size_t first = draw_place(), count = draw_run(first);
	const int prot = DRAW_FROM(access);
	size_t i;

	if (!count)
		return;
	note("mprotect", "axp", (unsigned long)address(first), count * page_size(), prot);
	agree_exactly(0, answered(mprotect(address(first), count * page_size(), prot)));
	for (i = 0; i < count; i++)
		places[first + i].prot = prot;
}

/* One page, which lies in one VMA for sure. */
static void call_mremap(void)
{
	const size_t from = draw_place(), to = draw(PLACES);
	void *moved;

	if (from == PLACES || from == to)
		return;
	note("mremap", "axxxa", (unsigned long)address(from), page_size(), page_size(),
	     MREMAP_MAYMOVE | MREMAP_FIXED, (unsigned long)address(to));
	moved = mremap(address(from), page_size(), page_size(), MREMAP_MAYMOVE | MREMAP_FIXED,
		       address(to));
	agree_exactly((long)address(to), answered((long)moved));
	places[to] = places[from];
	clear(from, 1);
}

/* A store, and then the new word is everywhere. */
static void store(void)
{
	const size_t place = draw_place();

	if (place == PLACES || !(places[place].prot & PROT_WRITE))
		return;
	word_of[places[place].shows] = (uint32_t)draw(1ull << 32);
	*word_at(place) = word_of[places[place].shows];
	compare_page(places[place].shows);
}

static size_t childs_place;
static uint32_t childs_word;

static bool child_compares_and_stores(void)
{
	size_t place;

	for (place = 0; place < PLACES; place++)
		compare_place(place);
	if (childs_place < PLACES)
		*word_at(childs_place) = childs_word;
	return true;
}

static void call_fork(void)
{
	childs_place = draw_place();
	childs_word = (uint32_t)draw(1ull << 32);
	if (childs_place < PLACES && !(places[childs_place].prot & PROT_WRITE))
		childs_place = PLACES;
	note("fork", "", 0);
	if (!run_in_child(child_compares_and_stores))
		disagree("a child sees something else");
	answered(0);
	if (childs_place == PLACES)
		return;
	word_of[places[childs_place].shows] = childs_word;
	compare_page(places[childs_place].shows);
}

static void make_one(void)
{
	switch (draw(16)) {
	case 0 ... 3:
		call_mmap();
		break;
	case 4:
		call_munmap();
		break;
	case 5 ... 7:
		call_mprotect();
		break;
	case 8 ... 10:
		call_mremap();
		break;
	default:
		store();
	}
	compare_place(draw(PLACES));
	if (++calls_made % 64)
		return;
	call_fork();
	compare_everything();
}

static void begin(void)
{
	uint64_t page;

	draw_from_seed(lab.seed);
	model.base = room_at;
	model.room = PLACES;
	model.info = lab.info;
	calls_made = 0;
	clear(0, PLACES);
	word_of = calloc(lab.info.pages, sizeof(*word_of));
	ck_assert_ptr_nonnull(word_of);
	for (page = 0; page < lab.info.pages; page++) {
		word_of[page] = (uint32_t)draw(1ull << 32);
		mapped_page(page)[spot_of(page)] = word_of[page];
	}
}

/* Those of --calls are for the model of a lab, which needs less time for each. */
#define SHARE_OF_CALLS 25

START_TEST(random_mappings_show_the_page_that_they_should)
{
	sighandler_t on_bus_error, on_violation;

	needs_an_end();
	needs_shared_memory(SHARED_BY_DESCRIPTOR);
	begin();
	on_bus_error = signal(SIGBUS, access_failed);
	on_violation = signal(SIGSEGV, access_failed);
	while (calls_made < settings.calls / SHARE_OF_CALLS)
		make_one();
	unmap(0, PLACES);
	compare_everything();
	signal(SIGBUS, on_bus_error);
	signal(SIGSEGV, on_violation);
	free(word_of);
}
END_TEST

/* As random_checks: a call may take a millisecond, and a child a hundred. */
const struct check random_places_checks[] = {
	{ .name = "random_mappings_show_the_page_that_they_should",
	  .run = &random_mappings_show_the_page_that_they_should,
	  .needs = WRITES | ANY_DRIVER, .time = THOROUGH, .seconds = 300 },
	{ .name = NULL },
};
