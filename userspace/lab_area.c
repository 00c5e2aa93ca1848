// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: the area that mmap() made, and what may be done to it
 */
#include "lab_test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const int READ_WRITE = PROT_READ | PROT_WRITE;

/* An address in lab.map. */
static void *page_at(uint64_t page)
{
	return (char *)lab.map + page * lab.info.page_size;
}

/* mincore() knows what is mapped, and touches nothing. */
static bool is_mapped(void *page)
{
	unsigned char in_core;

	return !mincore(page, lab.info.page_size, &in_core);
}

/* An address with nothing behind it for so many bytes. */
static void *find_room(size_t length)
{
	void *room = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	ck_assert_ptr_ne(room, MAP_FAILED);
	ck_assert_int_eq(munmap(room, length), 0);
	return room;
}

static uint64_t mappings(void)
{
	struct lab_info info;

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_INFO, &info), 0);
	return info.mappings;
}

/*
 * Flags
 */

static bool is_among(const char *flags, const char *flag)
{
	const char *found;

	for (found = flags; *found; found += 3)
		if (!strncmp(found, flag, 2))
			return true;
	return false;
}

/*
 * sd is soft-dirty tracking, and ar the processor's own: x86 marks so what it has
 * entered in its list of memory types.
 */
START_TEST(vm_flags_are_the_documented_ones)
{
	const char *documented = lab_maps_pages() ?
		"rd wr sh mr mw ms mm de dd " :
		"rd wr sh mr mw ms io pf de dd ";
	char found[256], copy[256];
	char *rest = copy, *flag;
	size_t count = 0;

	lab_vm_flags(lab.map, found, sizeof(found));
	strcpy(copy, found);
	while ((flag = strsep(&rest, "\n "))) {
		if (!*flag || is_among("sd ar ", flag))
			continue;
		ck_assert_msg(is_among(documented, flag),
			      "%s is not documented: found %sexpected %s",
			      flag, found, documented);
		count++;
	}
	ck_assert_msg(count == strlen(documented) / 3,
		      "some are missing: found %sexpected %s", found,
		      documented);
}
END_TEST

/*
 * Core dumps
 */

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define CORE_FILE "/tmp/lab_core"
#define NEEDLE_WORDS 4

static uint32_t *ordinary;

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	close(fd);
	return ok;
}

static bool die_with_a_core(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	prctl(PR_SET_DUMPABLE, 1);
	setrlimit(RLIMIT_CORE, &unlimited);
	if (!write_text("/proc/self/coredump_filter", "0x1ff"))
		return false;
	abort();
}

/* The file, mapped; the pattern of who dumps core is ours for that moment. */
static void *dump_core(size_t *size)
{
	char pattern[128] = "";
	FILE *file = fopen(CORE_PATTERN, "r");
	struct stat node;
	int status, fd;
	void *core;

	if (!file || !fgets(pattern, sizeof(pattern), file))
		lab_skip("the kernel dumps no core: no " CORE_PATTERN);
	fclose(file);
	unlink(CORE_FILE);
	ck_assert(write_text(CORE_PATTERN, CORE_FILE));
	status = lab_end_of(lab_start_child(die_with_a_core));
	ck_assert(write_text(CORE_PATTERN, pattern));
	ck_assert_msg(WIFSIGNALED(status) && WCOREDUMP(status),
		      "the child left no core: status 0x%x", status);

	fd = open(CORE_FILE, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, CORE_FILE ": %s", strerror(errno));
	ck_assert_int_eq(fstat(fd, &node), 0);
	core = mmap(NULL, node.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(core, MAP_FAILED);
	close(fd);
	unlink(CORE_FILE);
	*size = node.st_size;
	return core;
}

static const Elf64_Phdr *segment_of(const char *core, const void *addr)
{
	const Elf64_Ehdr *header = (const void *)core;
	const Elf64_Phdr *segment = (const void *)(core + header->e_phoff);
	int i;

	for (i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD &&
		    segment[i].p_vaddr <= (uintptr_t)addr &&
		    (uintptr_t)addr < segment[i].p_vaddr + segment[i].p_memsz)
			return &segment[i];
	return NULL;
}

/* How many pages of the pattern of lab.seed begin somewhere in the file? */
static uint64_t pages_found_in(const char *core, size_t size)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint32_t needle[NEEDLE_WORDS];
	uint64_t page, found = 0;
	int i;

	for (page = 0; page < lab.info.pages; page++) {
		for (i = 0; i < NEEDLE_WORDS; i++)
			needle[i] = lab_expect_pattern(page * page_words + i);
		if (memmem(core, size, needle, sizeof(needle)))
			found++;
	}
	return found;
}

START_TEST(core_dump_leaves_the_area_out)
{
	const Elf64_Phdr *segment;
	size_t size, i;
	char *core;

	lab_write_pattern(lab.map);
	ordinary = mmap(NULL, lab.info.size, READ_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(ordinary, MAP_FAILED);
	for (i = 0; i < lab.words; i++)
		ordinary[i] = lab_pattern_word(~lab.seed, i);
	core = dump_core(&size);

	segment = segment_of(core, (void *)lab.map);
	ck_assert_msg(segment, "the area is not in the list of segments");
	ck_assert_uint_eq(segment->p_filesz, 0);
	ck_assert_uint_eq(pages_found_in(core, size), 0);

	/* The same eyes on what must be in it. */
	lab.seed = ~lab.seed;
	segment = segment_of(core, ordinary);
	ck_assert_ptr_nonnull(segment);
	ck_assert_uint_ne(segment->p_filesz, 0);
	ck_assert_uint_eq(pages_found_in(core, size), lab.info.pages);
	munmap(core, size);
	munmap(ordinary, lab.info.size);
}
END_TEST

/*
 * mremap()
 */

static void assert_no_remap(volatile void *map, size_t from, size_t to,
			    int flags, int expected, const char *what)
{
	void *place = flags & MREMAP_FIXED ? find_room(to) : NULL;

	lab_assert_refused(mremap((void *)map, from, to, flags, place),
			   expected, what);
}

static void assert_no_growth(volatile void *map, size_t size)
{
	size_t page = lab.info.page_size;

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

/* With room behind each area, for else a refusal would prove nothing. */
static volatile void *map_with_room(size_t length)
{
	void *room = find_room(2 * lab.info.size + lab.info.page_size);
	void *map = mmap(room, length, READ_WRITE, MAP_SHARED | MAP_FIXED,
			 lab.fd, 0);

	ck_assert_ptr_eq(map, room);
	return map;
}

START_TEST(mremap_cannot_grow_the_area)
{
	size_t page = lab.info.page_size;
	volatile uint32_t *whole = map_with_room(lab.info.size);
	volatile uint32_t *part;

	lab_write_pattern(lab.map);
	assert_no_growth(whole, lab.info.size);
	lab_assert_words(whole, lab.words, 0, lab_expect_pattern,
			 "the area that was to grow");
	munmap((void *)whole, lab.info.size);

	/* Not even within the memory. */
	part = map_with_room(page);
	assert_no_growth(part, page);
	munmap((void *)part, page);
	lab_assert_pages(0, lab.info.pages, "the other mapping");
	lab_kernel_checks();
}
END_TEST

/* By a page, then by all but one. */
START_TEST(mremap_shrinks_and_keeps_the_rest)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	size_t size = lab.info.size, page = lab.info.page_size;
	uint64_t left = lab.info.pages - 1;

	if (!left)
		lab_skip("one page cannot shrink: load with pages=2 or more");
	lab_write_pattern(lab.map);
	ck_assert_ptr_eq(mremap((void *)lab.map, size, size - page, 0),
			 (void *)lab.map);
	ck_assert(!is_mapped(page_at(left)));
	lab_assert_pages(0, left, "what is left");
	lab_kernel_finds_a_wrong_bit(left * page_words - 1);
	assert_no_growth(lab.map, size - page);

	ck_assert_ptr_eq(mremap((void *)lab.map, size - page, page,
				MREMAP_MAYMOVE), (void *)lab.map);
	ck_assert(left == 1 || !is_mapped(page_at(1)));
	lab_assert_pages(0, 1, "what is left");
	lab_kernel_finds_a_wrong_bit(page_words - 1);
	lab_kernel_checks();
}
END_TEST

START_TEST(mremap_moves_the_area_whole)
{
	void *from = (void *)lab.map;
	void *to = find_room(lab.info.size);
	uint64_t before = mappings();

	lab_write_pattern(lab.map);
	lab.map = mremap(from, lab.info.size, lab.info.size,
			 MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ck_assert_ptr_eq((void *)lab.map, to);
	ck_assert(!is_mapped(from));
	ck_assert(!is_mapped((char *)from + lab.info.size -
			     lab.info.page_size));
	lab_assert_pages(0, lab.info.pages, "the area in its new place");
	ck_assert_uint_eq(mappings(), before);

	lab.seed = ~lab.seed;
	lab_kernel_fills();
	lab_assert_pages(0, lab.info.pages, "the area in its new place");
	lab.seed++;
	lab_write_pattern(lab.map);
	lab_kernel_checks();
	assert_no_growth(lab.map, lab.info.size);
}
END_TEST

/*
 * Parts
 */

START_TEST(munmap_at_either_end_keeps_the_rest)
{
	uint64_t last = lab.info.pages - 1;
	size_t page_words = lab.info.page_size / sizeof(uint32_t);

	if (lab.info.pages < 2)
		lab_skip("one page has no ends: load with pages=2 or more");
	lab_write_pattern(lab.map);
	ck_assert_int_eq(munmap(page_at(0), lab.info.page_size), 0);
	ck_assert(!is_mapped(page_at(0)));
	lab_assert_pages(1, last, "behind the first page");
	lab_kernel_finds_a_wrong_bit(page_words);
	if (last > 1) {
		ck_assert_int_eq(munmap(page_at(last), lab.info.page_size), 0);
		ck_assert(!is_mapped(page_at(last)));
		lab_assert_pages(1, last - 1, "between the ends");
		lab_kernel_finds_a_wrong_bit(last * page_words - 1);
	}
	lab_kernel_checks();
}
END_TEST

static bool write_to_page_1(void)
{
	*(volatile uint32_t *)page_at(1) = 0;
	return true;
}

START_TEST(mprotect_in_the_middle_keeps_the_contents)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	size_t page = lab.info.page_size;
	int status;

	if (lab.info.pages < 3)
		lab_skip("no middle: load with pages=3 or more");
	lab_write_pattern(lab.map);
	ck_assert_int_eq(mprotect(page_at(1), page, PROT_READ), 0);
	status = lab_end_of(lab_start_child(write_to_page_1));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
		      "the page can be written: status 0x%x", status);
	lab_assert_pages(0, lab.info.pages, "with a page that is only read");
	lab_kernel_finds_a_wrong_bit(page_words - 1);
	lab_kernel_finds_a_wrong_bit(2 * page_words);

	ck_assert_int_eq(mprotect(page_at(1), page, PROT_NONE), 0);
	ck_assert_int_eq(mprotect(page_at(1), page, READ_WRITE), 0);
	lab_assert_pages(0, lab.info.pages, "with all as before");
	lab_kernel_finds_a_wrong_bit(page_words);
	lab_kernel_checks();
}
END_TEST

/*
 * remap_file_pages()
 */

static int remap_pages(volatile void *map, uint64_t pages, uint64_t to)
{
	return syscall(SYS_remap_file_pages, map, pages * lab.info.page_size,
		       0, to, 0);
}

/*
 * The kernel takes the old pages away before it asks a driver's ->mmap(), so
 * behind a refusal nothing may be there; else it is what was there before.
 */
static void assert_pages_refused(uint64_t pages, uint64_t to)
{
	volatile uint32_t *map = lab_map(lab.fd, lab.info.size, READ_WRITE,
					 MAP_SHARED, 0);
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	int answer = remap_pages(map, pages, to);
	int found = errno;
	uint64_t i;

	ck_assert_msg(answer == -1, "%" PRIu64 " pages from page 0x%" PRIx64
		      " on were mapped", pages, to);
	ck_assert_msg(found == EINVAL || found == EOVERFLOW,
		      "page 0x%" PRIx64 ": found %s", to,
		      strerrorname_np(found));
	for (i = 0; i < lab.info.pages; i++)
		if (is_mapped((void *)(map + i * page_words)))
			lab_assert_words(map + i * page_words, page_words,
					 i * page_words, lab_expect_pattern,
					 "an area that was not remapped");
	munmap((void *)map, lab.info.size);
}

START_TEST(remap_file_pages_stays_inside)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t last = lab.info.pages - 1;

	lab_write_pattern(lab.map);
	ck_assert_int_eq(remap_pages(lab.map, 1, last), 0);
	lab_assert_words(lab.map, page_words, last * page_words,
			 lab_expect_pattern, "the first page, now the last");
	ck_assert_uint_eq(lab_mapped_pfn(lab.map), lab_page_at(last).pfn);
	if (last)
		lab_assert_pages(1, last, "the other pages");

	assert_pages_refused(1, lab.info.pages);
	assert_pages_refused(lab.info.pages, 1);
	assert_pages_refused(1, 1ull << 32);
	assert_pages_refused(1, (1ull << 52) - 2);
	assert_pages_refused(1, (1ull << 52) - 1);
	assert_pages_refused(1, UINT64_MAX);
	lab_kernel_checks();
}
END_TEST

/*
 * madvise()
 */

/* Behind these, the list of older C libraries ends. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static bool kernel_is_before(int major, int minor)
{
	struct utsname name;
	int found_major, found_minor, fields;

	uname(&name);
	fields = sscanf(name.release, "%d.%d", &found_major, &found_minor);
	ck_assert_int_eq(fields, 2);
	return found_major < major ||
	       (found_major == major && found_minor < minor);
}

static const struct advice {
	const char *name;
	int advice;
	int frames; /* errno, 0 for "allowed" */
	int pages;
} advices[] = {
	{ "MADV_FREE", MADV_FREE, EINVAL, EINVAL },
	{ "MADV_REMOVE", MADV_REMOVE, ENODEV, ENODEV },
	{ "MADV_WIPEONFORK", MADV_WIPEONFORK, EINVAL, EINVAL },
	{ "MADV_DODUMP", MADV_DODUMP, EINVAL, EINVAL },
	{ "MADV_COLD", MADV_COLD, EINVAL, 0 },
	{ "MADV_PAGEOUT", MADV_PAGEOUT, EINVAL, 0 },
	{ "MADV_GUARD_INSTALL", MADV_GUARD_INSTALL, EINVAL, EINVAL },
};

static void assert_advice(const char *name, int advice, int expected)
{
	int answer = madvise((void *)lab.map, lab.info.size, advice);
	int found = answer ? errno : 0;

	ck_assert_msg(found == expected, "%s: expected %s, found %s", name,
		      expected ? strerrorname_np(expected) : "that it works",
		      found ? strerrorname_np(found) : "that it works");
	lab_assert_pages(0, lab.info.pages, name);
}

static bool touch_what_was_dropped(void)
{
	if (madvise((void *)lab.map, lab.info.size, MADV_DONTNEED))
		return false;
	(void)*lab.map;
	return true;
}

/* In a child: what leaves a mapping of pages does not come back. */
static void assert_dropped_pages_are_a_sigbus(void)
{
	int status = lab_end_of(lab_start_child(touch_what_was_dropped));

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
		      "MADV_DONTNEED, and a touch: expected SIGBUS, found status 0x%x",
		      status);
}

static bool child_reads_the_pattern(void)
{
	return !lab_find_difference(lab.map, lab.words, 0,
				    lab_expect_pattern).differ;
}

START_TEST(madvise_drops_and_copies_nothing)
{
	bool pages = lab_maps_pages();
	size_t i;

	lab_write_pattern(lab.map);
	for (i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		assert_advice(advices[i].name, advices[i].advice, pages ?
			      advices[i].pages : advices[i].frames);
	/* It is the default, so it may be allowed; of late it is not. */
	assert_advice("MADV_DOFORK", MADV_DOFORK,
		      pages && kernel_is_before(6, 13) ? 0 : EINVAL);
	if (pages)
		assert_dropped_pages_are_a_sigbus();
	else
		assert_advice("MADV_DONTNEED", MADV_DONTNEED, EINVAL);

	lab_assert_pages(0, lab.info.pages, "when all advice is given");
	ck_assert(lab_run_in_child(child_reads_the_pattern));
	lab_kernel_checks();
}
END_TEST

const struct lab_test lab_area[] = {
	LAB_TEST(vm_flags_are_the_documented_ones),
	LAB_TEST(core_dump_leaves_the_area_out),
	LAB_TEST(mremap_cannot_grow_the_area),
	LAB_TEST(mremap_shrinks_and_keeps_the_rest),
	LAB_TEST(mremap_moves_the_area_whole),
	LAB_TEST(munmap_at_either_end_keeps_the_rest),
	LAB_TEST(mprotect_in_the_middle_keeps_the_contents),
	LAB_TEST(remap_file_pages_stays_inside),
	LAB_TEST(madvise_drops_and_copies_nothing),
	{ .name = NULL },
};
