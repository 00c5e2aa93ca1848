// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 9.5: a device can be opened only while its memory is there
 *
 * We load and unload the module; the racer opens the device whenever it can, and uses
 * it as soon as it is open. It has a node of its own, since the one in /dev comes some
 * time after the device. Then both wait for each other, and are its first users at the
 * same moment.
 */
#include "races.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "racer.h"
#include "random/draw.h"
#include "shared/checks.h"

#define TURNS 25

/* A large buffer: from the device to its contents it takes as long as it can. */
#define PAGES 256
#define MORE_PARAMETERS "pages=256"

/* No word of a fresh buffer. */
#define MARK 0x6d61726b

/* In memory that both share. */
static struct {
	volatile bool is_dirty; /* what is in the device is no longer fresh */
	volatile unsigned long steps[2]; /* how far each side has come */
} *both;

#define OWN_NODE "/tmp/device-of-the-racer"

static dev_t device;
static char modprobe[256];

/* What the node answers while the module comes or goes. */
static bool may_be_absent(int error)
{
	return error == ENOENT || error == ENODEV || error == ENXIO;
}

/* The device as a new user finds it. Returns NULL and objects if it is not so. */
static volatile uint32_t *map_all(int fd)
{
	struct lab_info info;
	void *map;

	if (ioctl(fd, LAB_IOC_INFO, &info)) {
		object("LAB_IOC_INFO: %s", strerror(errno));
		return NULL;
	}
	if (info.size != lab.info.size || info.flags != lab.info.flags ||
	    !info.kernel_addr) {
		object("LAB_IOC_INFO tells 0x%" PRIx64 " bytes at 0x%" PRIx64
		       " with flags 0x%" PRIx32, (uint64_t)info.size,
		       (uint64_t)info.kernel_addr, (uint32_t)info.flags);
		return NULL;
	}
	map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		return map;
	object("mmap(): %s", strerror(errno));
	return NULL;
}

static bool is_fresh(volatile uint32_t *map)
{
	size_t last = lab.words - lab.page_words;
	struct difference found;

	/* Who fills the memory comes to its end last, or else to its beginning. */
	found = find_difference(map + last, lab.page_words, last, expect_fresh);
	if (!found.differ)
		found = find_difference(map, lab.words, 0, expect_fresh);

	/* In this order: it is dirty before the first word is written. */
	return !found.differ || both->is_dirty ||
	       object("it can be opened before its contents are there: word %"
		      PRIu64 " is 0x%08" PRIx32 " instead of 0x%08" PRIx32,
		      found.index, found.found, found.expected);
}

/* The racer. */
static bool open_and_look(void)
{
	volatile uint32_t *map;
	bool well;
	int fd = open(OWN_NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return may_be_absent(errno) ||
		       object("open(): %s", strerror(errno));
	map = map_all(fd);
	close(fd);
	if (!map)
		return false;
	well = is_fresh(map);
	munmap((void *)map, lab.info.size);
	return well;
}

static void begin_without_module(void)
{
	both = shared_memory(sizeof(*both));
	close_and_unload();
}

static dev_t number_of_the_device(void)
{
	struct stat node;

	ck_assert_msg(!stat(lab.path, &node), "%s: %s", lab.path,
		      strerror(errno));
	return node.st_rdev;
}

/* Puts the path of modprobe into place for requests of the kernel; returns the old one. */
static void exchange_modprobe(const char *new, char *old, size_t size)
{
	int fd = open("/proc/sys/kernel/modprobe", O_RDWR | O_CLOEXEC);
	ssize_t length = old ? read(fd, old, size - 1) : 0;

	if (old)
		old[length < 0 ? 0 : length] = '\0';
	ck_assert_int_ge(pwrite(fd, new, strlen(new), 0), 1);
	close(fd);
}

/*
 * While the device is not there, opening the node would start modprobe each time, to
 * look for a module of that number.
 */
static void make_own_node(void)
{
	exchange_modprobe("\n", modprobe, sizeof(modprobe));
	device = number_of_the_device();
	unlink(OWN_NODE);
	ck_assert_msg(!mknod(OWN_NODE, S_IFCHR | 0600, device), "mknod(): %s",
		      strerror(errno));
}

static void remove_own_node(void)
{
	unlink(OWN_NODE);
	exchange_modprobe(modprobe, NULL, 0);
}

static void end_with_module(void)
{
	if (access(lab.path, F_OK))
		must_load();
}

/* While the racer has it open it stays. */
static bool unload_when_possible(void)
{
	while (unload()) {
		if (errno != EWOULDBLOCK)
			return object("delete_module(): %s", strerror(errno));
		sched_yield();
	}
	return true;
}

/* The next load, which is given the same memory, has to make it fresh again. */
static bool make_dirty(void)
{
	int fd = open(lab.path, O_RDWR | O_CLOEXEC);
	volatile uint32_t *map = fd < 0 ? NULL : map_all(fd);
	size_t i;

	if (!map)
		return object("cannot be used after it was loaded");
	both->is_dirty = true;
	for (i = 0; i < lab.words; i++)
		map[i] = ~expect_fresh(i);
	munmap((void *)map, lab.info.size);
	close(fd);
	return true;
}

static bool load_and_unload(void)
{
	both->is_dirty = false;
	must_load_with(MORE_PARAMETERS);
	if (number_of_the_device() != device)
		return object("each load gives the device another number");
	dawdle(20);
	return make_dirty() && unload_when_possible();
}

START_TEST(device_is_open_only_while_its_memory_is_there)
{
	static const struct call ours = { "load and unload", load_and_unload, 0 };
	static const struct call theirs = { "open()", open_and_look, 0 };

	need_two_processors();
	make_own_node();
	begin_without_module();
	lab.info.size = PAGES * lab.info.page_size;
	lab.words = lab.info.size / sizeof(uint32_t);
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
	remove_own_node();
	end_with_module();
}
END_TEST

/*
 * Two first users
 */

/* Returns false if the race ends meanwhile. */
static bool await_the_other(int side)
{
	unsigned long step = ++both->steps[side];

	while (both->steps[!side] < step)
		if (race_is_over())
			return false;
	return true;
}

/*
 * Both open and map at the same moment, and write to every page, each to words of
 * its own.
 */
static bool find_each_other(volatile uint32_t *map, int side)
{
	uint64_t page;

	for (page = 0; page < lab.info.pages; page++)
		map[page * lab.page_words + side] = MARK + side;
	if (!await_the_other(side))
		return false;
	for (page = 0; page < lab.info.pages; page++)
		if (map[page * lab.page_words + !side] != MARK + !side)
			return object("what the other wrote to page %" PRIu64
				      " is not there", page);
	return true;
}

static bool be_a_first_user(int side)
{
	volatile uint32_t *map;
	bool well;
	int fd;

	if (!await_the_other(side))
		return true;
	fd = open(lab.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return object("open(): %s", strerror(errno));
	map = map_all(fd);
	well = map && find_each_other(map, side);
	if (map)
		munmap((void *)map, lab.info.size);
	close(fd);
	return well;
}

static bool they_are_first(void)
{
	return be_a_first_user(1);
}

static bool we_load_and_are_first(void)
{
	must_load();
	return be_a_first_user(0) && unload_when_possible();
}

START_TEST(two_first_users_share_the_memory)
{
	static const struct call ours = { "the first open() after a load",
					  we_load_and_are_first, 0 };
	static const struct call theirs = { "another one", they_are_first, 0 };

	need_two_processors();
	begin_without_module();
	race_calls(&ours, &theirs, RACER_PROCESS, TURNS);
	end_with_module();
}
END_TEST

const struct check load_races_checks[] = {
	RACE_CHECK(device_is_open_only_while_its_memory_is_there, MAPS),
	RACE_CHECK(two_first_users_share_the_memory, MAPS),
	{ .name = NULL },
};
