// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.4: mappings that come and go at a time disturb neither each other nor requests
 *
 * All pairs of the calls below, made by two processes and by two threads, whose
 * mappings are the same. Afterwards nothing is left of them: as many mappings are
 * counted as before, and the module can be removed.
 */
#include "races.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "racer.h"
#include "random/draw.h"
#include "shared/checks.h"

#define TURNS 16
#define TURNS_OF_FORK 8
/* A count that is read and then set goes wrong seldom: many mappings, and often. */
#define COPIED 400
#define COPY_TURNS 60

/* Word 0 of some pages of a mapping, the first of which is page @first of the memory. */
static bool shows(volatile uint32_t *map, uint64_t first, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++) {
		uint64_t index = (first + i) * lab.page_words;
		uint32_t found = map[i * lab.page_words];

		if (found != expect_pattern(index))
			return object("page %" PRIu64 " of the memory shows 0x%08" PRIx32,
				      first + i, found);
	}
	return true;
}

static volatile uint32_t *map_from(int fd, uint64_t first)
{
	size_t offset = first * lab.info.page_size;
	void *map = mmap(NULL, lab.info.size - offset, READ_WRITE, MAP_SHARED,
			 fd, (off_t)offset);

	if (map != MAP_FAILED)
		return map;
	object("mmap(): %s", strerror(errno));
	return NULL;
}

static bool unmap_pages(volatile uint32_t *map, uint64_t pages)
{
	return !munmap((void *)map, pages * lab.info.page_size) ||
	       object("munmap(): %s", strerror(errno));
}

/*
 * Calls
 */

static bool map_and_unmap(void)
{
	uint64_t first = maps_from_offsets() ? draw(lab.info.pages) : 0;
	uint64_t pages = lab.info.pages - first;
	volatile uint32_t *map = map_from(lab.fd, first);

	return map && shows(map, first, pages) && unmap_pages(map, pages);
}

/* What the descriptor was opened for goes on without it. */
static bool open_and_close(void)
{
	int fd = open_device(O_RDWR);
	volatile uint32_t *map;

	if (fd < 0)
		return object("open(): %s", strerror(errno));
	map = map_from(fd, 0);
	close(fd);
	return map && shows(map, 0, lab.info.pages) &&
	       unmap_pages(map, lab.info.pages);
}

/* Two mappings of one; then the whole range at once. */
static bool split(void)
{
	uint64_t hole = draw(lab.info.pages);
	volatile uint32_t *map = map_from(lab.fd, 0);
	volatile uint32_t *behind = map + (hole + 1) * lab.page_words;

	return map && !mprotect((void *)(map + hole * lab.page_words),
				lab.info.page_size, PROT_READ) &&
	       shows(map, 0, lab.info.pages) &&
	       shows(behind, hole + 1, lab.info.pages - hole - 1) &&
	       unmap_pages(map, lab.info.pages);
}

static bool move(void)
{
	size_t size = lab.info.size;
	volatile uint32_t *map = map_from(lab.fd, 0);
	void *room = mmap(NULL, size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!map || room == MAP_FAILED)
		return object("no room for a mapping");
	map = mremap((void *)map, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		     room);
	if (map == MAP_FAILED)
		return object("mremap(): %s", strerror(errno));
	return shows(map, 0, lab.info.pages) &&
	       unmap_pages(map, lab.info.pages);
}

static bool ask_for_a_frame(void)
{
	uint64_t page = draw(lab.info.pages);
	struct lab_user_page user = { 0 };
	struct lab_page kernel = { .index = page };
	volatile uint32_t *map = map_from(lab.fd, 0);

	if (!map)
		return false;
	user.user_addr = (uintptr_t)(map + page * lab.page_words);
	if (!shows(map + page * lab.page_words, page, 1))
		return false;
	if (ioctl(lab.fd, LAB_IOC_USER_PAGE, &user) ||
	    ioctl(lab.fd, LAB_IOC_PAGE, &kernel))
		return object("%s", strerror(errno));
	if (user.pfn != kernel.pfn)
		return object("page %" PRIu64 " is frame 0x%" PRIx64
			      " for the user and 0x%" PRIx64
			      " for the kernel", page, (uint64_t)user.pfn,
			      (uint64_t)kernel.pfn);
	return unmap_pages(map, lab.info.pages);
}

static bool check_contents(void)
{
	struct lab_check check = { .seed = lab.seed };

	if (ioctl(lab.fd, LAB_IOC_CHECK, &check))
		return object("%s", strerror(errno));
	return check.offset == LAB_NO_DIFFERENCE ||
	       object("the kernel finds 0x%08" PRIx32 " at 0x%" PRIx64,
		      (uint32_t)check.found, (uint64_t)check.offset);
}

/* A child that ends at once: each mapping is copied, and each copy goes. */
static bool copy_and_exit(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return object("fork(): the child ended with 0x%x", status);
	return true;
}

static const struct call calls[] = {
	{ "mmap() and munmap()", map_and_unmap, MAPS },
	{ "open(), mmap() and close()", open_and_close, MAPS },
	{ "mprotect() of a page", split, MAPS },
	{ "mremap()", move, MAPS },
	{ "fork()", copy_and_exit, MAPS },
	{ "LAB_IOC_USER_PAGE", ask_for_a_frame,
	  MAPS | CAN_PAGE | CAN_USER_PAGE },
	{ "LAB_IOC_CHECK", check_contents, MAPS | CAN_CHECK },
};

#define CALLS (sizeof(calls) / sizeof(*calls))

static unsigned int turns_of(const struct call *call)
{
	return call->make == copy_and_exit ? TURNS_OF_FORK : TURNS;
}

/* Another driver has no requests. */
static bool is_there(const struct call *call)
{
	return is_driver() ? call->needs == MAPS : can(call->needs);
}

static void race_pairs(enum racer_kind kind)
{
	size_t one, other;

	for (one = 0; one < CALLS; one++)
		for (other = one; other < CALLS; other++)
			if (is_there(&calls[one]) && is_there(&calls[other]))
				race_calls(&calls[one], &calls[other], kind,
					   turns_of(&calls[one]));
}

static void assert_only_ours_is_left(void)
{
	uint64_t count;

	if (!can(CAN_COUNT) || is_driver())
		return;
	count = count_mappings();
	ck_assert_msg(count == 1, "after the last munmap() %" PRIu64
		      " mappings are counted instead of 1", count);
}

START_TEST(mappings_that_come_and_go_do_not_disturb_each_other)
{
	need_two_processors();
	needs_shared_memory(SHARED_BY_ALL);
	if (is_module())
		read_module();
	write_pattern(lab.map);
	race_pairs(RACER_PROCESS);
	race_pairs(RACER_THREAD);

	assert_only_ours_is_left();
	if (can(CAN_CHECK))
		kernel_checks();
	close_lab();
	if (is_module()) {
		must_unload();
		must_load();
	}
}
END_TEST

START_TEST(many_mappings_are_counted_on_both_processors)
{
	volatile uint32_t *maps[COPIED];
	static const struct call fork_call = { "fork()", copy_and_exit, 0 };
	size_t i;

	need_two_processors();
	for (i = 0; i < COPIED; i++)
		maps[i] = must_map(lab.fd, lab.info.page_size, PROT_READ,
				   MAP_SHARED, 0);
	race_calls(&fork_call, &fork_call, RACER_PROCESS, COPY_TURNS);
	for (i = 0; i < COPIED; i++)
		must_unmap(maps[i], lab.info.page_size);
	assert_only_ours_is_left();
}
END_TEST

const struct check mapping_races_checks[] = {
	RACE_CHECK(mappings_that_come_and_go_do_not_disturb_each_other,
		   WRITES | ANY_DRIVER),
	RACE_CHECK(many_mappings_are_counted_on_both_processors,
		   MAPS | CAN_COUNT),
	{ .name = NULL },
};
