// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 4.2: the mapping is left out of core dumps
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/core_file.h"

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define CORE_FILE "/tmp/lab_core"

/* A page is found in the file by this many words from its beginning. */
#define NEEDLE_WORDS 4

/* Memory that is in every core dump. */
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

/* The core file, mapped. */
static void *map_core(size_t *size)
{
	int fd = open(CORE_FILE, O_RDONLY | O_CLOEXEC);
	struct stat node;
	void *core;

	ck_assert_msg(fd >= 0, CORE_FILE ": %s", strerror(errno));
	ck_assert_int_eq(fstat(fd, &node), 0);
	core = mmap(NULL, node.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(core, MAP_FAILED);
	close(fd);
	unlink(CORE_FILE);
	*size = node.st_size;
	return core;
}

/* Changes the system's core_pattern while the child dies. */
static void dump_core(void)
{
	char pattern[128] = "";
	FILE *file = fopen(CORE_PATTERN, "r");
	int status;

	if (!file || !fgets(pattern, sizeof(pattern), file))
		skip("the kernel dumps no core: no " CORE_PATTERN);
	fclose(file);
	unlink(CORE_FILE);
	ck_assert(write_text(CORE_PATTERN, CORE_FILE));
	status = status_of(start_child(die_with_a_core));
	ck_assert(write_text(CORE_PATTERN, pattern));
	ck_assert_msg(WIFSIGNALED(status) && WCOREDUMP(status),
		      "the child left no core: status 0x%x", status);
}

static bool find_segment(const char *core, const void *addr,
			 core_segment *found)
{
	const core_header *header = (const void *)core;
	const core_segment *segment = (const void *)(core + header->e_phoff);
	int i;

	for (i = 0; i < header->e_phnum; i++) {
		*found = segment[i];
		if (found->p_type == PT_LOAD &&
		    found->p_vaddr <= (uintptr_t)addr &&
		    (uintptr_t)addr < found->p_vaddr + found->p_memsz)
			return true;
	}
	return false;
}

/* Returns how many pages of the pattern of lab.seed begin anywhere in the file. */
static uint64_t pages_found_in(const char *core, size_t size)
{
	uint32_t needle[NEEDLE_WORDS];
	uint64_t page, found = 0;
	int i;

	for (page = 0; page < lab.info.pages; page++) {
		for (i = 0; i < NEEDLE_WORDS; i++)
			needle[i] = expect_pattern(page * lab.page_words + i);
		if (memmem(core, size, needle, sizeof(needle)))
			found++;
	}
	return found;
}

START_TEST(core_dump_leaves_the_vma_out)
{
	core_segment segment;
	size_t size, i;
	char *core;

	if (mapping_kind()->ordinary)
		not_for_driver("it maps ordinary memory, which is dumped");
	write_pattern(lab.map);
	ordinary = mmap(NULL, lab.info.size, READ_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(ordinary, MAP_FAILED);
	for (i = 0; i < lab.words; i++)
		ordinary[i] = lab_pattern_word(~lab.seed, i);
	dump_core();
	core = map_core(&size);

	ck_assert_msg(find_segment(core, (void *)lab.map, &segment),
		      "the mapping is not in the list of segments");
	ck_assert_uint_eq(segment.p_filesz, 0);
	ck_assert_uint_eq(pages_found_in(core, size), 0);

	/* The same search must find ordinary memory in the file. */
	lab.seed = ~lab.seed;
	ck_assert(find_segment(core, ordinary, &segment));
	ck_assert_uint_ne(segment.p_filesz, 0);
	ck_assert_uint_eq(pages_found_in(core, size), lab.info.pages);
	munmap(core, size);
	munmap(ordinary, lab.info.size);
}
END_TEST

const struct check core_dump_checks[] = {
	THOROUGH_CHECK(core_dump_leaves_the_vma_out, WRITES | ANY_DRIVER),
	{ .name = NULL },
};
