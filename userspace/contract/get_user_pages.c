// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.7: access through get_user_pages() is refused or correct
 *
 * The kernel reaches memory of a process through its struct pages: to have a disk
 * write to it, to put it into a pipe, or for another process. It does not do so
 * for a VM_PFNMAP mapping; for a VM_MIXEDMAP mapping it does.
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/checks.h"

/* A RAM disk; the memory of most loads is smaller. */
#define DISK "/dev/ram0"
#define DISK_BYTES (1024 * 1024)

static bool is_reached(void)
{
	return mapping_kind()->get_user_pages;
}

/* The call moved all bytes or, where it must be refused, none. */
static void assert_moved(ssize_t moved, size_t size, int expected_errno,
			 const char *what)
{
	int found = errno;

	if (is_reached())
		ck_assert_msg(moved == (ssize_t)size,
			      "%s: expected %zu bytes, found %zd, %s", what,
			      size, moved, strerrorname_np(found));
	else
		ck_assert_msg(moved == -1 && found == expected_errno,
			      "%s: expected %s, found %zd, %s", what,
			      strerrorname_np(expected_errno), moved,
			      strerrorname_np(found));
}

/* The part that was moved holds the new pattern, the rest, or all, the old one. */
static void assert_memory_is(uint64_t old_seed, size_t changed,
			     const char *reader)
{
	uint64_t new_seed = lab.seed;
	size_t words = is_reached() ? changed / sizeof(uint32_t) : 0;

	assert_words(lab.map, words, 0, expect_pattern, reader);
	lab.seed = old_seed;
	assert_words(lab.map + words, lab.words - words, words,
		     expect_pattern, reader);
	if (words)
		lab.seed = new_seed;
	if (!words || words == lab.words)
		kernel_checks();
}

/*
 * A disk
 */

static int open_disk(void)
{
	int fd;

	if (access(DISK, F_OK) &&
	    system("modprobe brd rd_nr=1 rd_size=1024 2>/dev/null"))
		skip("no " DISK ", and no module that makes one");
	fd = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		skip(DISK ": %s", strerror(errno));
	return fd;
}

/* Ordinary memory, aligned as direct I/O needs it. */
static uint32_t *alloc_words(size_t size)
{
	uint32_t *words = aligned_alloc(lab.info.page_size, size);

	ck_assert_ptr_nonnull(words);
	memset(words, 0, size);
	return words;
}

static void disk_to_memory(int disk, uint32_t *words, size_t size)
{
	uint64_t old = lab.seed;
	size_t i;

	lab.seed = ~lab.seed;
	for (i = 0; i < size / sizeof(*words); i++)
		words[i] = expect_pattern(i);
	ck_assert_int_eq(pwrite(disk, words, size, 0), size);
	lab.kernel_wrote = false;
	assert_moved(pread(disk, (void *)lab.map, size, 0), size, EFAULT,
		     "read() from a disk");
	assert_memory_is(old, size, "read from the disk");
}

START_TEST(direct_io_does_what_is_documented)
{
	size_t size = lab.info.size < DISK_BYTES ? lab.info.size : DISK_BYTES;
	uint32_t *words = alloc_words(size);
	int disk = open_disk();

	/* It works with an ordinary buffer. */
	ck_assert_int_eq(pwrite(disk, words, size, 0), size);

	write_pattern(lab.map);
	assert_moved(pwrite(disk, (void *)lab.map, size, 0), size, EFAULT,
		     "write() to a disk");
	ck_assert_int_eq(pread(disk, words, size, 0), size);
	assert_words(words, size / sizeof(*words), 0,
		     is_reached() ? expect_pattern : expect_zero,
		     "the disk holds");
	disk_to_memory(disk, words, size);
	close(disk);
	free(words);
}
END_TEST

/*
 * A pipe
 */

static void splice_page(const int *ends, uint64_t page)
{
	const struct iovec from = {
		.iov_base = (void *)(mapped_page(page)),
		.iov_len = lab.info.page_size,
	};
	uint32_t words[lab.page_words];

	assert_moved(vmsplice(ends[1], &from, 1, SPLICE_F_NONBLOCK),
		     from.iov_len, EFAULT, "vmsplice()");
	if (!is_reached())
		return;
	ck_assert_int_eq(read(ends[0], words, sizeof(words)), sizeof(words));
	assert_words(words, lab.page_words, page * lab.page_words,
		     expect_pattern, "the pipe holds");
}

START_TEST(vmsplice_does_what_is_documented)
{
	uint32_t *word = alloc_words(lab.info.page_size);
	const struct iovec ordinary = { word, sizeof(*word) };
	uint64_t page;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(vmsplice(ends[1], &ordinary, 1, 0), sizeof(*word));
	ck_assert_int_eq(read(ends[0], word, sizeof(*word)), sizeof(*word));

	write_pattern(lab.map);
	for (page = 0; page < lab.info.pages; page++)
		splice_page(ends, page);
	assert_pages(0, lab.info.pages, "after the pipe");
	close(ends[0]);
	close(ends[1]);
	free(word);
}
END_TEST

/*
 * Another process
 */

/* The results of a child's calls, and of comparing the bytes that it read. */
static struct foreign {
	ssize_t ordinary;
	ssize_t read;
	int read_errno;
	ssize_t written;
	int write_errno;
	struct difference found;
} *foreign;

/* Ordinary memory of the parent, at the same address in the child. */
static volatile uint32_t control;

static ssize_t reach(bool writing, void *ours, volatile void *theirs,
		     size_t size)
{
	const struct iovec local = { ours, size };
	const struct iovec remote = { (void *)theirs, size };
	pid_t parent = getppid();

	return writing ? process_vm_writev(parent, &local, 1, &remote, 1, 0) :
			 process_vm_readv(parent, &local, 1, &remote, 1, 0);
}

static bool read_and_write_the_parent(void)
{
	uint32_t *words = malloc(lab.info.size);
	uint32_t word;

	foreign->ordinary = reach(false, &word, &control, sizeof(word));
	foreign->read = reach(false, words, lab.map, lab.info.size);
	foreign->read_errno = errno;
	if (foreign->read > 0)
		foreign->found = find_difference(words, lab.words, 0,
						 expect_pattern);
	lab.seed = ~lab.seed;
	write_unguarded(words);
	foreign->written = reach(true, words, lab.map, lab.info.size);
	foreign->write_errno = errno;
	return true;
}

START_TEST(process_vm_access_does_what_is_documented)
{
	uint64_t old = lab.seed;

	foreign = shared_memory(sizeof(*foreign));
	write_pattern(lab.map);
	ck_assert(run_in_child(read_and_write_the_parent));
	if (foreign->ordinary < 0)
		skip("the kernel has no process_vm_readv()");

	errno = foreign->read_errno;
	assert_moved(foreign->read, lab.info.size, EFAULT,
		     "process_vm_readv()");
	assert_same(foreign->found, "another process reads");
	errno = foreign->write_errno;
	assert_moved(foreign->written, lab.info.size, EFAULT,
		     "process_vm_writev()");
	lab.seed = ~lab.seed;
	assert_memory_is(old, lab.info.size, "written by another process");
}
END_TEST

/*
 * A debugger
 */

static bool be_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return true;
}

static pid_t start_traced(void)
{
	pid_t child = start_child(be_traced);
	int status = status_of(child);

	ck_assert_msg(WIFSTOPPED(status), "the child is not traced: 0x%x",
		      status);
	return child;
}

/* A long is two words. PTRACE_PEEKDATA may return -1 as data: errno decides. */
static void peek_and_poke(pid_t child, size_t index)
{
	volatile uint32_t *place = lab.map + index;
	uint32_t words[2] = { expect_pattern(index),
			      expect_pattern(index + 1) };
	long expected, found;
	bool peeked;

	memcpy(&expected, words, sizeof(expected));
	errno = 0;
	found = ptrace(PTRACE_PEEKDATA, child, (void *)place, NULL);
	peeked = !errno;
	assert_moved(peeked ? 8 : -1, 8, EIO, "PTRACE_PEEKDATA");
	if (peeked)
		ck_assert_int_eq(found, expected);

	found = ptrace(PTRACE_POKEDATA, child, (void *)place, ~expected);
	assert_moved(found ? -1 : 8, 8, EIO, "PTRACE_POKEDATA");
	if (!found)
		expected = ~expected;
	ck_assert_mem_eq((void *)place, &expected, sizeof(expected));
	memcpy((void *)place, words, sizeof(words));
}

static void read_and_write_mem(pid_t child)
{
	uint32_t *words = alloc_words(lab.info.size);
	off_t place = (off_t)(uintptr_t)lab.map;
	uint64_t old = lab.seed;
	char path[32];
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	mem = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(mem >= 0, "%s: %s", path, strerror(errno));
	assert_moved(pread(mem, words, lab.info.size, place), lab.info.size,
		     EIO, "read() of /proc/PID/mem");
	if (is_reached())
		assert_words(words, lab.words, 0, expect_pattern,
			     "/proc/PID/mem");
	lab.seed = ~lab.seed;
	write_unguarded(words);
	assert_moved(pwrite(mem, words, lab.info.size, place), lab.info.size,
		     EIO, "write() to /proc/PID/mem");
	assert_memory_is(old, lab.info.size, "written to /proc/PID/mem");
	close(mem);
	free(words);
}

START_TEST(ptrace_does_what_is_documented)
{
	pid_t child;

	write_pattern(lab.map);
	control = 0x600df00d;
	child = start_traced();
	errno = 0;
	ck_assert_uint_eq((uint32_t)ptrace(PTRACE_PEEKDATA, child,
					   (void *)&control, NULL), control);
	peek_and_poke(child, 0);
	peek_and_poke(child, lab.words - 2);
	kernel_checks();
	read_and_write_mem(child);

	ck_assert_int_eq(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
	ck_assert_int_eq(status_of(child), 0);
}
END_TEST

const struct check get_user_pages_checks[] = {
	THOROUGH_CHECK(direct_io_does_what_is_documented, WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(vmsplice_does_what_is_documented, WRITES | ANY_DRIVER),
	THOROUGH_CHECK(process_vm_access_does_what_is_documented,
		       WRITES | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(ptrace_does_what_is_documented, WRITES | CAN_CHECK | ANY_DRIVER),
	{ .name = NULL },
};
