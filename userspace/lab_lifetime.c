// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: a module that comes and goes
 *
 * Each test leaves the module loaded as it was found, also when it fails: what
 * it found wrong is said when the module is back.
 */
#include "lab_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static const int READ_WRITE = PROT_READ | PROT_WRITE;

/*
 * Loading
 *
 * By init_module(), from memory: it can be done a thousand times without a
 * program to be started, and also where the file is open for writing.
 */

static struct {
	void *bytes;
	size_t size;
	char *parameters; /* "name=value " for each that was given */
} module;

static void read_module(void)
{
	struct utsname name;
	struct stat node;
	char path[256];
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", name.release,
		 lab.program->device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &node))
		lab_skip("%s: %s", path, strerror(errno));
	module.size = node.st_size;
	module.bytes = malloc(module.size);
	ck_assert_int_eq(read(fd, module.bytes, module.size), module.size);
	close(fd);
}

static void append_parameter(const char *directory, const char *name)
{
	char path[512], value[64] = "";
	char *longer;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(fgets(value, sizeof(value), file));
	fclose(file);
	value[strcspn(value, "\n")] = '\0';
	if (!strcmp(value, "not given"))
		return;
	ck_assert_int_ge(asprintf(&longer, "%s%s=%s ", module.parameters, name,
				  value), 0);
	free(module.parameters);
	module.parameters = longer;
}

static void read_parameters(void)
{
	char directory[128];
	struct dirent *entry;
	DIR *entries;

	snprintf(directory, sizeof(directory), "/sys/module/%s/parameters",
		 lab.program->device);
	entries = opendir(directory);
	ck_assert_msg(entries, "%s: %s", directory, strerror(errno));
	module.parameters = strdup("");
	while ((entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			append_parameter(directory, entry->d_name);
	closedir(entries);
}

/* What must be known before the module can be taken away. */
static void prepare(void)
{
	read_module();
	read_parameters();
}

static int load(void)
{
	return syscall(SYS_init_module, module.bytes, module.size,
		       module.parameters);
}

static int unload(void)
{
	return syscall(SYS_delete_module, lab.program->device, O_NONBLOCK);
}

static void must_load(void)
{
	ck_assert_msg(!load(), "%s cannot be loaded again with \"%s\": %s",
		      lab.program->device, module.parameters, strerror(errno));
}

static void must_unload(void)
{
	ck_assert_msg(!unload(), "%s cannot be removed: %s",
		      lab.program->device, strerror(errno));
}

/*
 * In use
 */

/*
 * What is gone while it is used ends the kernel when it is next used, which is
 * when this process ends: so it is said at once.
 */
static void assert_cannot_be_removed(const char *why)
{
	int answer = unload();

	if (!answer)
		lab_say_now("the module could be removed while it was used");
	ck_assert_msg(answer, "removed while there is %s", why);
	ck_assert_msg(errno == EWOULDBLOCK,
		      "%s: expected EWOULDBLOCK, found %s", why,
		      strerrorname_np(errno));
}

static void unmap(void)
{
	ck_assert_int_eq(munmap((void *)lab.map, lab.info.size), 0);
	lab.map = NULL;
}

static void close_descriptor(void)
{
	ck_assert_int_eq(close(lab.fd), 0);
	lab.fd = -1;
}

static int keeper_may_go[2];

static bool keep_the_mapping(void)
{
	char byte;

	close(keeper_may_go[1]);
	return read(keeper_may_go[0], &byte, 1) == 0;
}

static void assert_nothing_is_left(void)
{
	char path[128];

	ck_assert_msg(access(lab.path, F_OK) && errno == ENOENT,
		      "%s is still there", lab.path);
	snprintf(path, sizeof(path), "/sys/module/%s", lab.program->device);
	ck_assert_msg(access(path, F_OK) && errno == ENOENT,
		      "%s is still there", path);
}

START_TEST(module_in_use_cannot_be_removed)
{
	pid_t keeper;

	prepare();
	unmap();
	assert_cannot_be_removed("an open descriptor");

	lab.map = lab_map(lab.fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	close_descriptor();
	assert_cannot_be_removed("a mapping");

	ck_assert_int_eq(pipe(keeper_may_go), 0);
	keeper = lab_start_child(keep_the_mapping);
	unmap();
	assert_cannot_be_removed("a mapping of another process");
	close(keeper_may_go[1]);
	ck_assert_int_eq(lab_end_of(keeper), 0);

	must_unload();
	assert_nothing_is_left();
	must_load();
	ck_assert_msg(!access(lab.path, F_OK), "no %s after a load", lab.path);
}
END_TEST

/*
 * Memory that was somebody's
 */

#define REMAKES 8

START_TEST(remade_buffer_shows_nothing_of_the_old)
{
	int i;

	prepare();
	for (i = 0; i < REMAKES; i++) {
		lab.seed += i;
		if (i % 2)
			lab_kernel_fills();
		else
			lab_write_pattern(lab.map);
		lab_close();
		must_unload();
		must_load();
		lab_open();
		lab_assert_words(lab.map, lab.words, 0, lab_expect_fresh,
				 "user reads a buffer that was made again");
	}
}
END_TEST

/*
 * Rounds
 */

/* By then all caches that a round fills are filled. */
#define WARM_UP_ROUNDS 50
#define MOST_LINES 1024

/* One line of /proc/vmallocinfo without its addresses, or of /proc/iomem. */
struct lines {
	int count;
	char *line[MOST_LINES];
};

static int compare_lines(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/*
 * Left out: what the kernel has given up and not yet put away, which says
 * "unpurged" or nothing, and stacks, for threads of its own come and go.
 */
static bool matters(const char *line)
{
	static const char *const others[] = {
		"unpurged vm_area", "vm_map_ram", "dup_task_struct",
		"alloc_thread_stack", "kernel_clone", "copy_process",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strstr(line, others[i]))
			return false;
	return true;
}

static struct lines *read_lines(const char *path, bool vmalloc)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	FILE *file = fopen(path, "r");
	char line[512], *text;

	ck_assert_ptr_nonnull(lines);
	while (file && fgets(line, sizeof(line), file)) {
		text = vmalloc ? strchr(line, ' ') : line;
		if (!text || !matters(text) || lines->count == MOST_LINES)
			continue;
		lines->line[lines->count++] = strdup(text);
	}
	if (file)
		fclose(file);
	if (vmalloc)
		qsort(lines->line, lines->count, sizeof(char *),
		      compare_lines);
	return lines;
}

static void free_lines(struct lines *lines)
{
	while (lines->count)
		free(lines->line[--lines->count]);
	free(lines);
}

/* The first line that one has and the other has not, or NULL. */
static const char *first_difference(const struct lines *before,
				    const struct lines *after)
{
	int i;

	for (i = 0; i < before->count && i < after->count; i++)
		if (strcmp(before->line[i], after->line[i]))
			return after->line[i];
	if (before->count < after->count)
		return after->line[i];
	return before->count > after->count ? before->line[i] : NULL;
}

static long number_behind(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	long number, total = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, " ");

		if (!strncmp(text, key, strlen(key)) &&
		    sscanf(text + strlen(key), " %ld", &number) == 1)
			total += number;
	}
	if (file)
		fclose(file);
	return total;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0; /* a cache that cannot be shrunk */
	close(fd);
}

/*
 * KASAN holds freed objects back for a while, and shrinking a cache is what makes
 * it let go of them.
 */
static void shrink_caches(void)
{
	DIR *caches = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[512];

	write_text("/proc/sys/vm/drop_caches", "7"); /* 4: silently */
	while (caches && (entry = readdir(caches))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 entry->d_name);
		write_text(path, "1");
	}
	if (caches)
		closedir(caches);
}

/* In KiB, with what lies in the lists that each processor keeps for itself. */
static long free_memory(void)
{
	return number_behind("/proc/meminfo", "MemAvailable:") +
	       number_behind("/proc/zoneinfo", "count:") *
	       (long)(lab.info.page_size / 1024);
}

struct kernel_state {
	long free;
	struct lines *vmalloc;
	struct lines *iomem;
};

static struct kernel_state look_at_kernel(void)
{
	struct kernel_state state = {
		.vmalloc = read_lines("/proc/vmallocinfo", true),
		.iomem = read_lines("/proc/iomem", false),
	};

	state.free = free_memory();
	return state;
}

/*
 * One page a round must not get through, and a few hundred pages always come and
 * go: with few rounds only larger leaks are seen.
 */
static long tolerance(void)
{
	long half_a_page_each = lab_rounds * lab.info.page_size / 1024 / 2;

	return half_a_page_each > 1024 ? half_a_page_each : 1024;
}

/* NULL, or what is wrong. */
static const char *compare_states(const struct kernel_state *before,
				  const struct kernel_state *after)
{
	const char *vmalloc = first_difference(before->vmalloc,
					       after->vmalloc);
	const char *iomem = first_difference(before->iomem, after->iomem);
	static char wrong[640];

	if (before->free - after->free > tolerance())
		snprintf(wrong, sizeof(wrong), "%ld KiB of memory are gone",
			 before->free - after->free);
	else if (vmalloc)
		snprintf(wrong, sizeof(wrong),
			 "/proc/vmallocinfo has changed: %s", vmalloc);
	else if (iomem)
		snprintf(wrong, sizeof(wrong), "/proc/iomem has changed: %s",
			 iomem);
	else
		return NULL;
	return wrong;
}

/* Some things are put away a little later, by a thread of the kernel's. */
static const char *find_what_is_left(const struct kernel_state *before)
{
	const char *wrong = NULL;
	int tries;

	for (tries = 0; tries < 20; tries++) {
		struct kernel_state after;

		shrink_caches();
		after = look_at_kernel();
		wrong = compare_states(before, &after);
		free_lines(after.vmalloc);
		free_lines(after.iomem);
		if (!wrong)
			break;
		usleep(100000);
	}
	return wrong;
}

static bool use_once(void)
{
	size_t page = lab.info.page_size, offset;
	int fd = open(lab.path, O_RDWR | O_CLOEXEC);
	char *map;

	if (fd < 0)
		return false;
	map = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	for (offset = 0; offset < lab.info.size; offset += page)
		*(volatile uint32_t *)(map + offset) = offset;
	return !munmap(map, lab.info.size);
}

static void do_rounds(unsigned long rounds)
{
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		must_load();
		ck_assert_msg(use_once(), "round %lu: %s", i, strerror(errno));
		must_unload();
	}
}

START_TEST(rounds_leave_nothing_behind)
{
	struct kernel_state before;
	const char *wrong;

	prepare();
	lab_close();
	must_unload();
	do_rounds(WARM_UP_ROUNDS);
	shrink_caches();
	usleep(100000);
	shrink_caches();
	before = look_at_kernel();

	do_rounds(lab_rounds);
	wrong = find_what_is_left(&before);
	must_load();
	ck_assert_msg(!wrong, "after %lu rounds %s", lab_rounds, wrong);
	ck_assert_msg(before.vmalloc->count,
		      "/proc/vmallocinfo cannot be read");
}
END_TEST

const struct lab_test lab_lifetime[] = {
	LAB_TEST(module_in_use_cannot_be_removed),
	LAB_TEST(remade_buffer_shows_nothing_of_the_old),
	{ .name = "rounds_leave_nothing_behind",
	  .run = &rounds_leave_nothing_behind, .timeout = 600 },
	{ .name = NULL },
};
