// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose outcome can be judged wherever a signal interrupts them
 */
#include "interrupted_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "request_table.h"
#include "shared/checks.h"
#include "shared/free_memory.h"

/*
 * The kernel's own use of memory varies by some dozens of KiB, as much after many passes as
 * after one; what calls leak is lost in each pass. So the mean of the loss is what counts,
 * in KiB. What the kernel takes once and keeps, a few hundred KiB at times, counts less with
 * each pass.
 */
#define MOST_KIB 120
#define MOST_PASSES 6

/* In looks, and in microseconds. */
#define QUIET_LOOKS 4
#define LOOK_EVERY 10000

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static unsigned char *buffer;

static bool nobody_looks;

void look_at_no_answers(void)
{
	nobody_looks = true;
}

static bool memory_is_pattern(size_t from, size_t to, int pattern)
{
	const uint32_t *words = pattern_words(pattern);
	size_t i;

	for (i = from / sizeof(uint32_t); i < to / sizeof(uint32_t); i++)
		if (lab.map[i] != words[i])
			return false;
	return true;
}

/* What read() and write() may return, and where the position must be then. */
static bool is_allowed(const char *name, ssize_t done)
{
	off_t position;

	if (done < 0 && errno != EINTR)
		return object("%s: %s", name, strerrorname_np(errno) ?:
			      "an error that is the kernel's own");
	if (done == 0)
		return object("%s returns 0", name);
	position = lseek(lab.fd, 0, SEEK_CUR);
	if (position != (done < 0 ? 0 : done))
		return object("%s returns %zd, and the position is %lld",
			      name, done, (long long)position);
	return true;
}

/* The memory holds the first pattern. */
static bool call_read(void)
{
	ssize_t done;

	lseek(lab.fd, 0, SEEK_SET);
	if (!nobody_looks)
		memset(buffer, 0xa5, lab.info.size);
	done = read(lab.fd, buffer, lab.info.size);
	if (nobody_looks)
		return true;
	if (!is_allowed("read()", done))
		return false;
	return done < 0 || !memcmp(buffer, pattern_words(0), done) ||
	       object("read() returns %zd, and not all of it is there", done);
}

/* The second pattern as far as write() says, and then the first again. */
static bool call_write(void)
{
	size_t size = lab.info.size;
	ssize_t done;

	lseek(lab.fd, 0, SEEK_SET);
	done = write(lab.fd, pattern_words(1), size);
	if (nobody_looks)
		return true;
	if (!is_allowed("write()", done))
		return false;
	done = done < 0 ? 0 : done;
	if (!memory_is_pattern(0, done, 1) || !memory_is_pattern(done, size, 0))
		return object("write() returns %zd, and the memory says otherwise",
			      done);
	store_pattern(0);
	return true;
}

static bool call_fill(void)
{
	struct lab_fill fill = { .seed = pattern_seed(1) };
	bool well;

	if (ioctl(lab.fd, LAB_IOC_FILL, &fill))
		return object("LAB_IOC_FILL: %s", strerror(errno));
	if (nobody_looks)
		return true;
	well = memory_is_pattern(0, lab.info.size, 1);
	store_pattern(0);
	return well || object("LAB_IOC_FILL has not filled all");
}

static bool call_check(void)
{
	struct lab_check check = { .seed = pattern_seed(0) };

	if (ioctl(lab.fd, LAB_IOC_CHECK, &check))
		return object("LAB_IOC_CHECK: %s", strerror(errno));
	return check.offset == LAB_NO_DIFFERENCE ||
	       object("LAB_IOC_CHECK finds a difference at 0x%" PRIx64,
		      (uint64_t)check.offset);
}

static bool call_info(void)
{
	struct lab_info info;

	if (ioctl(lab.fd, LAB_IOC_INFO, &info))
		return object("LAB_IOC_INFO: %s", strerror(errno));
	return info.size == lab.info.size || object("LAB_IOC_INFO is wrong");
}

static bool call_ring(void)
{
	struct lab_ring ring;

	if (ioctl(lab.fd, LAB_IOC_RING, &ring))
		return object("LAB_IOC_RING: %s", strerror(errno));
	return ring.head < ring.slots || object("LAB_IOC_RING is wrong");
}

static bool call_open_and_mmap(void)
{
	int fd = open(lab.path, O_RDWR | O_CLOEXEC);
	volatile uint32_t *map;
	bool well;

	if (fd < 0)
		return object("open(): %s", strerror(errno));
	map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return object("mmap(): %s", strerror(errno));
	if (close(fd))
		return object("close(): %s", strerror(errno));
	well = map[lab.words - 1] == pattern_words(0)[lab.words - 1];
	if (munmap((void *)map, lab.info.size))
		return object("munmap(): %s", strerror(errno));
	return well || object("the mapping shows something else");
}

static const struct call calls[] = {
	{ "read()", call_read, CAN_READ | CAN_LLSEEK },
	{ "write()", call_write, CAN_WRITE | CAN_LLSEEK },
	{ "LAB_IOC_FILL", call_fill, CAN_FILL },
	{ "LAB_IOC_CHECK", call_check, CAN_CHECK },
	{ "LAB_IOC_INFO", call_info, CAN_INFO },
	{ "LAB_IOC_RING", call_ring, CAN_RING },
	{ "open() and mmap()", call_open_and_mmap, MAPS },
};

void prepare_interrupted_calls(void)
{
	buffer = malloc(lab.info.size);
	ck_assert_ptr_nonnull(buffer);
	write_pattern(lab.map);
	store_pattern(0);
	pattern_words(1); /* before many processes have to compute it */
}

/* What the racer does half of the times: it leaves the other processor to itself. */
static bool take_no_lock(void)
{
	usleep(1000);
	return true;
}

static const struct call no_lock = { "a signal", take_no_lock, 0 };

static void interrupt_each(interrupt_fn interrupt, const struct call *locks,
			   unsigned int turns)
{
	size_t i;

	for (i = 0; i < COUNT(calls); i++) {
		if (!can(calls[i].needs))
			continue;
		interrupt(&calls[i], &no_lock, turns);
		if (can(locks->needs))
			interrupt(&calls[i], locks, turns);
	}
}

/* In KiB. */
static long free_without_caches(void)
{
	wait_for_what_is_freed_later();
	shrink_caches();
	fold_counters();
	return free_memory();
}

/* In KiB. Some of what was used comes back a little later: we wait until no more does. */
static long settled_free_memory(void (*prepare)(void))
{
	long most, found;
	int quiet = 0;

	if (prepare)
		prepare();
	most = free_without_caches();
	while (quiet < QUIET_LOOKS) {
		usleep(LOOK_EVERY);
		found = free_without_caches();
		quiet = found > most ? 0 : quiet + 1;
		if (found > most)
			most = found;
	}
	return most;
}

void interrupt_and_look_for_leaks(interrupt_fn interrupt,
				  const struct call *locks, unsigned int turns,
				  void (*prepare_look)(void))
{
	long before, lost = 0;
	int pass;

	/* What the kernel allocates once and keeps. */
	interrupt_each(interrupt, locks, turns);
	before = settled_free_memory(prepare_look);
	for (pass = 1; pass <= MOST_PASSES; pass++) {
		interrupt_each(interrupt, locks, turns);
		lost = before - settled_free_memory(prepare_look);
		if (lost < pass * MOST_KIB)
			return;
	}
	ck_abort_msg("%d times over, %ld KiB of memory are leaked", MOST_PASSES,
		     lost / MOST_PASSES);
}
