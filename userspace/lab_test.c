// SPDX-License-Identifier: GPL-2.0
/*
 * Running the tests, and the helpers that they are written with
 */
#include "lab_test.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

/* Emulated machines are slow; no test takes a second on a real one. */
#define TEST_TIMEOUT_SECONDS 60

struct lab_setup lab = { .fd = -1 };
unsigned long lab_calls = 100000;
unsigned long lab_rounds = 1000;

/* What the children that run the tests add up for the report. */
static struct totals {
	uint64_t kernel_to_user;
	uint64_t user_to_kernel;
	uint64_t user_addr;
	bool neighbours;
	struct lab_info info;
	int next;
	bool running;
	int verdicts[3];
} *totals;

/*
 * Comparing
 */

uint32_t lab_fresh_zero(uint64_t index)
{
	(void)index;
	return 0;
}

uint32_t lab_expect_pattern(uint64_t index)
{
	return lab_pattern_word(lab.seed, index);
}

uint32_t lab_expect_fresh(uint64_t index)
{
	return lab.program->fresh(index);
}

struct lab_difference lab_find_difference(const volatile uint32_t *words,
					  size_t count, uint64_t first_index,
					  uint32_t (*expect)(uint64_t))
{
	struct lab_difference difference = { .differ = false };
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t expected = expect(first_index + i);
		uint32_t found = words[i];

		if (found != expected) {
			difference = (struct lab_difference){
				.differ = true,
				.index = first_index + i,
				.expected = expected,
				.found = found,
			};
			break;
		}
	}
	if (lab.kernel_wrote)
		totals->kernel_to_user += i * sizeof(*words);
	return difference;
}

void lab_assert_same(struct lab_difference difference, const char *who)
{
	uint64_t per_page = lab.info.page_size / sizeof(uint32_t);

	if (difference.differ)
		ck_abort_msg("%s: page %" PRIu64 " word %" PRIu64
			     " (offset 0x%" PRIx64 "): expected 0x%08" PRIx32
			     ", found 0x%08" PRIx32, who,
			     difference.index / per_page,
			     difference.index % per_page,
			     (uint64_t)(difference.index * sizeof(uint32_t)),
			     difference.expected, difference.found);
}

void lab_assert_words(const volatile uint32_t *words, size_t count,
		      uint64_t first_index, uint32_t (*expect)(uint64_t),
		      const char *who)
{
	lab_assert_same(lab_find_difference(words, count, first_index, expect),
			who);
}

/*
 * A driver that maps the wrong frames hands us memory of the guest's kernel, and
 * writing there would end in a hang instead of a verdict.
 */
static void refuse_to_write_to_foreign_frames(volatile uint32_t *map)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		if (lab_mapped_pfn(map + i * page_words) !=
		    lab_page_at(i).pfn)
			ck_abort_msg("page %" PRIu64
				     " of the mapping is not a frame of the lab: nothing is written there",
				     i);
}

void lab_write_unguarded(volatile uint32_t *words)
{
	size_t i;

	lab.kernel_wrote = false;
	for (i = 0; i < lab.words; i++)
		words[i] = lab_expect_pattern(i);
}

void lab_write_pattern(volatile uint32_t *words)
{
	refuse_to_write_to_foreign_frames(words);
	lab_write_unguarded(words);
}

/*
 * The kernel's side
 */

static void must_ioctl(unsigned long request, void *arg, const char *name)
{
	if (ioctl(lab.fd, request, arg))
		ck_abort_msg("%s failed: %s", name, strerror(errno));
}

void lab_kernel_fills(void)
{
	struct lab_fill fill = { .seed = lab.seed };

	must_ioctl(LAB_IOC_FILL, &fill, "LAB_IOC_FILL");
	lab.kernel_wrote = true;
}

void lab_kernel_checks(void)
{
	struct lab_check check = { .seed = lab.seed };

	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
	lab_assert_same((struct lab_difference){
		.differ = check.offset != LAB_NO_DIFFERENCE,
		.index = check.offset / sizeof(uint32_t),
		.expected = check.expected,
		.found = check.found,
	}, "the kernel reads");
	totals->user_to_kernel += lab.info.size;
}

void lab_kernel_finds_a_wrong_bit(size_t victim)
{
	struct lab_check check = { .seed = lab.seed };

	lab.map[victim] ^= 1u << victim % 32;
	must_ioctl(LAB_IOC_CHECK, &check, "LAB_IOC_CHECK");
	ck_assert_uint_eq(check.offset, victim * sizeof(uint32_t));
	ck_assert_uint_eq(check.expected, lab_expect_pattern(victim));
	ck_assert_uint_eq(check.found, lab.map[victim]);
	lab.map[victim] = check.expected;
}

struct lab_page lab_page_at(uint64_t index)
{
	struct lab_page page = { .index = index };

	must_ioctl(LAB_IOC_PAGE, &page, "LAB_IOC_PAGE");
	return page;
}

bool lab_frames_are_neighbours(void)
{
	uint64_t first = lab_page_at(0).pfn;
	uint64_t i;

	totals->neighbours = true;
	for (i = 1; i < lab.info.pages; i++)
		if (lab_page_at(i).pfn != first + i)
			totals->neighbours = false;
	return totals->neighbours;
}

bool lab_parameter_is(const char *name, const char *value)
{
	char path[128], found[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s",
		 lab.program->device, name);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(fgets(found, sizeof(found), file));
	fclose(file);
	found[strcspn(found, "\n")] = '\0';
	return !strcmp(found, value);
}

static bool is_loaded_with(const char *parameter)
{
	char name[64];
	const char *value = strchr(parameter, '=');

	snprintf(name, sizeof(name), "%.*s", (int)(value - parameter),
		 parameter);
	return lab_parameter_is(name, value + 1);
}

bool lab_maps_pages(void)
{
	const struct lab_program *program = lab.program;
	bool other = program->with && is_loaded_with(program->with);

	return (other ? program->mapping_with : program->mapping) == MIXEDMAP;
}

/*
 * Page tables
 */

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define PAGEMAP_PFN_MASK ((1ull << 55) - 1)

static uint64_t pagemap_entry(const volatile void *addr)
{
	/* Opened anew: a descriptor from before a fork() shows the parent. */
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;
	off_t offset = (off_t)((uintptr_t)addr / lab.info.page_size *
			       sizeof(entry));

	ck_assert_msg(fd >= 0, "/proc/self/pagemap: %s", strerror(errno));
	ck_assert_int_eq(pread(fd, &entry, sizeof(entry), offset),
			 sizeof(entry));
	close(fd);
	return entry;
}

/*
 * pagemap passes over areas made by remap_pfn_range() and shows no frame for
 * them; so the page table entry itself is asked for, and where pagemap knows
 * better it must agree.
 */
uint64_t lab_mapped_pfn(const volatile uint32_t *addr)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)addr };
	uint64_t entry;

	(void)*addr;
	must_ioctl(LAB_IOC_USER_PAGE, &user, "LAB_IOC_USER_PAGE");
	entry = pagemap_entry(addr);
	if (entry & PAGEMAP_PRESENT)
		ck_assert_uint_eq(entry & PAGEMAP_PFN_MASK, user.pfn);
	else
		ck_assert_uint_eq(entry & PAGEMAP_PFN_MASK, 0);
	return user.pfn;
}

void lab_assert_pages(uint64_t first, uint64_t count, const char *who)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t i;

	lab_assert_words(lab.map + first * page_words, count * page_words,
			 first * page_words, lab_expect_pattern, who);
	for (i = first; i < first + count; i++)
		ck_assert_msg(lab_mapped_pfn(lab.map + i * page_words) ==
			      lab_page_at(i).pfn,
			      "%s: page %" PRIu64 " has moved", who, i);
}

/*
 * Mapping
 */

/* Documentation/filesystems/proc.rst has the two letters of each flag. */
void lab_vm_flags(const volatile void *addr, char *flags, size_t size)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool inside = false;
	char line[512];

	ck_assert_msg(smaps, "/proc/self/smaps: %s", strerror(errno));
	*flags = '\0';
	while (fgets(line, sizeof(line), smaps)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = from <= (uintptr_t)addr &&
				 (uintptr_t)addr < to;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, size, "%s", line + 8);
	}
	fclose(smaps);
}

void *lab_map(int fd, size_t length, int prot, int flags, uint64_t offset)
{
	void *map = mmap(NULL, length, prot, flags, fd, (off_t)offset);

	if (map == MAP_FAILED)
		ck_abort_msg("mmap of 0x%zx bytes at offset 0x%" PRIx64
			     " failed: %s", length, offset, strerror(errno));
	return map;
}

void lab_assert_refused(void *map, int expected_errno, const char *what)
{
	int found_errno = errno;

	if (map != MAP_FAILED)
		ck_abort_msg("%s: it was accepted, expected %s", what,
			     strerrorname_np(expected_errno));
	if (found_errno != expected_errno)
		ck_abort_msg("%s: expected %s, found %s", what,
			     strerrorname_np(expected_errno),
			     strerrorname_np(found_errno));
}

void *lab_shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED) {
		perror("mmap of shared memory");
		exit(2);
	}
	return map;
}

pid_t lab_start_child(bool (*body)(void))
{
	pid_t child;

	fflush(NULL);
	child = fork();
	ck_assert_msg(child >= 0, "fork failed: %s", strerror(errno));
	if (child == 0)
		_exit(body() ? 0 : 1);
	return child;
}

int lab_end_of(pid_t child)
{
	int status;

	ck_assert_msg(waitpid(child, &status, 0) == child, "waitpid failed: %s",
		      strerror(errno));
	return status;
}

bool lab_run_in_child(bool (*body)(void))
{
	int status = lab_end_of(lab_start_child(body));

	ck_assert_msg(WIFEXITED(status), "the child died of signal %d",
		      WTERMSIG(status));
	return WEXITSTATUS(status) == 0;
}

/*
 * Before and after each test
 */

void lab_open(void)
{
	lab.fd = open(lab.path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(lab.fd >= 0, "cannot open %s: %s", lab.path,
		      strerror(errno));
	must_ioctl(LAB_IOC_INFO, &lab.info, "LAB_IOC_INFO");
	lab.words = lab.info.size / sizeof(uint32_t);
	lab.kernel_wrote = false;
	lab.map = lab_map(lab.fd, lab.info.size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, 0);

	if (!totals->info.pages)
		lab_frames_are_neighbours();
	totals->info = lab.info;
	totals->user_addr = (uintptr_t)lab.map;
}

/* Once, whoever calls it: a test may let go of the device before its end. */
void lab_close(void)
{
	if (lab.map)
		munmap((void *)lab.map, lab.info.size);
	if (lab.fd >= 0)
		close(lab.fd);
	lab.map = NULL;
	lab.fd = -1;
}

/*
 * Printing KTAP
 */

/* Stands before each line that we print. */
static const char *prefix = "";

__attribute__((format(printf, 1, 2)))
static void print_line(const char *format, ...)
{
	va_list args;

	fputs(prefix, stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* KTAP wants what a test has to say before its result, behind a '#'. */
static void print_diagnostics(const char *text)
{
	const char *line = text;

	while (*line) {
		size_t length = strcspn(line, "\n");

		print_line("# %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

void lab_say_now(const char *text)
{
	print_diagnostics(text);
}

enum verdict { PASSED, SKIPPED, FAILED };

static enum verdict print_result(TestResult *result, int number,
				 const char *name)
{
	const char *message = tr_msg(result) ?: "";

	if (tr_rtype(result) == CK_PASS) {
		print_line("ok %d %s", number, name);
		return PASSED;
	}
	if (!strncmp(message, "SKIP ", 5)) {
		print_line("ok %d %s # SKIP %s", number, name, message + 5);
		return SKIPPED;
	}
	print_diagnostics(message);
	print_line("not ok %d %s", number, name);
	return FAILED;
}

/*
 * Which tests run
 */

#define MOST_TESTS 256

/* Behind the program's own, for --thorough. */
static const struct lab_test *const thorough[] = {
	lab_views, lab_area, lab_gup, lab_lifetime, lab_failing, lab_random,
};

/* The first of them run always, the others with --thorough. */
static const struct lab_test *known[MOST_TESTS];
static int known_count, quick;

/* What runs, as places in known[]. */
static int plan[MOST_TESTS];
static int planned;

static void know_table(const struct lab_test *tests)
{
	for (; tests->name && known_count < MOST_TESTS; tests++)
		known[known_count++] = tests;
}

static void plan_test(int place)
{
	if (planned < MOST_TESTS)
		plan[planned++] = place;
}

static void plan_named(const char *name)
{
	int place;

	for (place = 0; place < known_count; place++)
		if (!strcmp(known[place]->name, name))
			break;
	if (place == known_count) {
		fprintf(stderr, "--only %s: there is no such test\n", name);
		exit(2);
	}
	plan_test(place);
}

static bool counts(void)
{
	return lab.program->operations & CAN_COUNT;
}

/* The contract's tests come first, the program's own behind them. */
static void know_all(void)
{
	size_t i;

	know_table(lab_contract);
	if (lab.program->tests)
		know_table(lab.program->tests);
	quick = known_count;
	for (i = 0; i < sizeof(thorough) / sizeof(*thorough); i++)
		know_table(thorough[i]);
}

static void make_plan(bool all, char *only)
{
	int place;
	char *name;

	while (only && (name = strsep(&only, ",")))
		plan_named(name);
	if (!planned)
		for (place = 0; place < (all ? known_count : quick); place++)
			plan_test(place);
}

/*
 * Running
 *
 * libcheck can give each test a process of its own, but that takes most of the
 * time of a run under emulation. Here one child runs test after test; when one
 * fails, or kills or hangs the child, a new child goes on behind it. So no test
 * inherits anything from one that went wrong.
 */

static unsigned int timeout_of(const struct lab_test *test)
{
	return test->timeout ?: TEST_TIMEOUT_SECONDS;
}

static enum verdict run_test(const struct lab_test *test, int number)
{
	Suite *suite = suite_create(test->name);
	TCase *tcase = tcase_create(test->name);
	enum verdict verdict;
	TestResult **results;
	SRunner *runner;

	tcase_add_checked_fixture(tcase, lab_open, lab_close);
	tcase_add_test(tcase, *test->run);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);

	print_line("# running %s", test->name);
	alarm(timeout_of(test));
	srunner_run_all(runner, CK_SILENT);
	alarm(0);

	results = srunner_results(runner);
	verdict = print_result(results[0], number, test->name);
	free(results);
	srunner_free(runner);
	return verdict;
}

/* Runs tests until one fails; totals->next is the one that runs. */
static void run_some(uint64_t seed)
{
	while (totals->next < planned) {
		int number = totals->next + 1;
		int place = plan[totals->next];
		enum verdict verdict;

		/* The same for a test, whatever runs before it. */
		lab.seed = seed + place;
		totals->running = true;
		verdict = run_test(known[place], number);
		totals->running = false;
		totals->verdicts[verdict]++;
		totals->next++;
		if (verdict == FAILED)
			break;
	}
}

/* The child is gone: was that at the end of a test, or in its middle? */
static void blame(int status)
{
	const struct lab_test *test;

	if (!totals->running)
		return;
	totals->running = false;
	test = known[plan[totals->next]];
	if (!WIFSIGNALED(status))
		print_line("# the program ended in its middle, with status %d",
			   WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGALRM)
		print_line("# still running after %u seconds",
			   timeout_of(test));
	else
		print_line("# killed by signal %d, %s", WTERMSIG(status),
			   sigdescr_np(WTERMSIG(status)) ?: "unknown");
	totals->verdicts[FAILED]++;
	totals->next++;
	print_line("not ok %d %s", totals->next, test->name);
}

static void run_all(uint64_t seed)
{
	while (totals->next < planned) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			run_some(seed);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child) {
			perror("fork");
			exit(2);
		}
		blame(status);
	}
}

/* What the table of `make run` shows; read by harness/results.py. */
static void print_report(void)
{
	const int *count = totals->verdicts;

	print_line("# report kernel_addr=0x%" PRIx64 " phys_addr=0x%" PRIx64
		   " user_addr=0x%" PRIx64 " pages=%" PRIu64 " size=%" PRIu64
		   " flags=0x%" PRIx32 " neighbours=%s kernel_to_user=%" PRIu64
		   " user_to_kernel=%" PRIu64 "",
		   (uint64_t)totals->info.kernel_addr,
		   (uint64_t)totals->info.phys_addr, totals->user_addr,
		   (uint64_t)totals->info.pages, (uint64_t)totals->info.size,
		   (uint32_t)totals->info.flags,
		   totals->neighbours ? "yes" : "no", totals->kernel_to_user,
		   totals->user_to_kernel);
	print_line("# Totals: pass:%d fail:%d skip:%d", count[PASSED],
		   count[FAILED], count[SKIPPED]);
}

/*
 * Listing, one fact a line, for other programs
 */

static void list_operations(void)
{
	static const char *const names[] = {
		"llseek", "read", "write", "mmap", "info", "page", "fill",
		"check", "user_page", "small", "count",
	};
	size_t i;

	printf("operations");
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (lab.program->operations & 1u << i)
			printf(" %s", names[i]);
	putchar('\n');
}

/* A test of the contract that the lab cannot have is listed with what it lacks. */
static void list(void)
{
	static const char *const kinds[] = {
		[NO_MAPPING] = "none",
		[PFNMAP] = "pfnmap",
		[MIXEDMAP] = "mixedmap",
	};
	const struct lab_program *program = lab.program;
	int place;

	printf("lab %s\n", program->device);
	printf("mapping %s\n", kinds[program->mapping]);
	if (program->with)
		printf("mapping %s %s\n", program->with,
		       kinds[program->mapping_with]);
	list_operations();
	for (place = 0; place < known_count; place++)
		printf("%s %s\n", place < quick ? "usual" : "thorough",
		       known[place]->name);
	for (place = 0; !counts() && lab_counted[place].name; place++)
		printf("left_out %s count\n", lab_counted[place].name);
}

/*
 * The program
 */

static void print_usage(const char *name, FILE *out)
{
	fprintf(out,
		"usage: %s [--thorough | --only NAME,NAME...] [--seed N] ...\n"
		"       %s --list\n"
		"\n"
		"Checks /dev/%s from user space and prints KTAP. The module must be\n"
		"loaded, freshly: the first test looks at what it holds then.\n"
		"\n"
		"  --thorough      run also what takes seconds, needs root and loads modules\n"
		"  --only NAMES    run these tests only, in this order\n"
		"  --list          say what the lab is and which tests it has; needs no device\n"
		"  --calls N       random calls to make (default: %lu)\n"
		"  --rounds N      times to load and unload the module (default: %lu)\n"
		"  --seed N        choose the contents (default: a random number, printed)\n"
		"  --prefix TEXT   put TEXT before each line, for a reader that must tell\n"
		"                  our lines from others\n"
		"\n"
		"Exit status: 0 all passed, 1 a test failed, 2 it could not begin.\n",
		name, name, lab.program->device, lab_calls, lab_rounds);
}

static uint64_t parse_number(const char *option, const char *text)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || end == text || *end) {
		fprintf(stderr, "--%s %s is not a number\n", option, text);
		exit(2);
	}
	return number;
}

static unsigned long parse_count(const char *option, const char *text)
{
	uint64_t count = parse_number(option, text);

	if (!count || count > INT32_MAX) {
		fprintf(stderr, "--%s %s is out of range: 1 to %d\n", option,
			text, INT32_MAX);
		exit(2);
	}
	return count;
}

/* GRND_INSECURE: any number will do, and a guest's entropy takes a second. */
static uint64_t random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_INSECURE) != sizeof(seed)) {
		perror("getrandom");
		exit(2);
	}
	return seed;
}

struct arguments {
	uint64_t seed;
	bool thorough;
	bool list;
	char *only;
};

static void parse_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 't':
		arguments->thorough = true;
		break;
	case 'l':
		arguments->list = true;
		break;
	case 'o':
		arguments->only = optarg;
		break;
	case 'c':
		lab_calls = parse_count("calls", optarg);
		break;
	case 'r':
		lab_rounds = parse_count("rounds", optarg);
		break;
	case 's':
		arguments->seed = parse_number("seed", optarg);
		break;
	case 'p':
		prefix = optarg;
		break;
	}
}

static struct arguments parse_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "thorough", no_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "calls", required_argument, NULL, 'c' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "prefix", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct arguments arguments = { .seed = random_seed() };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == '?') {
			print_usage(argv[0], option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
		parse_option(&arguments, option);
	}
	if (optind < argc) {
		print_usage(argv[0], stderr);
		exit(2);
	}
	return arguments;
}

/*
 * All programs are one executable, which goes by the name that it is called by,
 * as busybox does: an emulator then translates its code once and not six times.
 */
static const struct lab_program *find_program(const char *called)
{
	static struct lab_program general = {
		.mapping = PFNMAP,
		.operations = CAN_USUAL,
		.in_kcore = true,
		.fresh = lab_fresh_zero,
	};
	static const struct lab_program *const programs[] = {
		&lab_kmalloc, &lab_pages, &lab_vmalloc, &lab_reserved,
		&lab_remap, &lab_prepare,
	};
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (!strcmp(programs[i]->device, called))
			return programs[i];

	if (strncmp(called, "lab_", 4)) {
		fprintf(stderr, "call me by the name of a lab, not %s\n",
			called);
		exit(2);
	}
	general.device = called;
	return &general;
}

int main(int argc, char **argv)
{
	struct arguments arguments;

	lab.program = find_program(basename(argv[0]));
	arguments = parse_arguments(argc, argv);
	know_all();
	if (arguments.list) {
		list();
		return 0;
	}
	make_plan(arguments.thorough, arguments.only);
	snprintf(lab.path, sizeof(lab.path), "/dev/%s", lab.program->device);
	if (access(lab.path, F_OK)) {
		fprintf(stderr, "no %s: modprobe %s first\n", lab.path,
			lab.program->device);
		return 2;
	}
	totals = lab_shared(sizeof(*totals));

	print_line("KTAP version 1");
	print_line("1..%d", planned);
	print_line("# seed 0x%" PRIx64, arguments.seed);
	run_all(arguments.seed);
	print_report();
	return totals->verdicts[FAILED] ? 1 : 0;
}
