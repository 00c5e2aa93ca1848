// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls, and a model that knows their answers
 *
 * The same seed makes the same calls: all that is drawn comes from it, and the
 * addresses are not the kernel's choice.
 */
#include "lab_test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lab_random.h"

/* Emulated, and with the sanitizers on, a call takes up to a millisecond. */
#define TIMEOUT_SECONDS 300

/*
 * Addresses that no kernel of ours chooses by itself: far above the program and
 * what user-mode Linux maps, from below; far below what others map, from above.
 */
#define BUFFERS_AT 0x0f00000000ul
#define ROOM_AT 0x1000000000ul

struct lab_ground lab_ground;

/*
 * Drawing
 */

static uint64_t drawn_from;

/* SplitMix64. */
uint64_t lab_draw(uint64_t limit)
{
	drawn_from += 0x9e3779b97f4a7c15ull;
	return lab_pattern_mix(drawn_from) % limit;
}

bool lab_one_in(uint64_t count)
{
	return lab_draw(count) == 0;
}

enum lab_descriptor lab_draw_descriptor(void)
{
	static const enum lab_descriptor descriptors[] = {
		BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH, BY_BOTH,
		BY_BOTH, BY_BOTH, BY_BOTH, BY_READER, BY_READER, BY_READER,
		BY_READER, BY_WRITER, BY_WRITER, BY_WRITER, BY_WRITER,
		BY_NOBODY,
	};

	return LAB_DRAW_FROM(descriptors);
}

unsigned long lab_draw_address(void)
{
	size_t room = lab_model.room - 2 * lab_model.info.pages;
	size_t spot = lab_draw(room), i;

	if (!lab_one_in(6)) {
		for (i = 0; i < room; i++)
			if (lab_model.spot[(spot + i) % room].area)
				break;
		spot = (spot + i) % room;
	}
	return lab_model.base + spot * lab_model.info.page_size;
}

/*
 * What has been called
 */

#define HISTORY 9

static struct call {
	const char *name;
	const char *kinds;
	unsigned long arguments[LAB_ARGUMENTS];
	long found;
	bool answered;
} history[HISTORY];

static uint64_t noted;
static uint64_t made;

void lab_note_call(const char *name, const char *kinds,
		   const unsigned long *arguments)
{
	struct call *call = &history[noted++ % HISTORY];

	call->name = name;
	call->kinds = kinds;
	call->answered = false;
	memcpy(call->arguments, arguments, sizeof(call->arguments));
}

static struct call *last_call(void)
{
	return &history[(noted - 1) % HISTORY];
}

long lab_answered(long result)
{
	struct call *call = last_call();

	call->found = result == -1 ? -errno : result;
	call->answered = true;
	return call->found;
}

/* One letter for each kind of argument; the rest is hexadecimal. */
static void print_argument(FILE *out, char kind, unsigned long value)
{
	static const char *const descriptors[] = { "rw", "ro", "wo", "-1" };
	uint64_t size = lab_model.room * lab_model.info.page_size;

	switch (kind) {
	case 'a':
		if (value - lab_model.base < size)
			fprintf(out, "room+0x%lx", value - lab_model.base);
		else
			fprintf(out, "0x%lx", value);
		break;
	case 'f':
		fputs(descriptors[value], out);
		break;
	case 'd':
		fprintf(out, "%ld", (long)value);
		break;
	case 'p':
		if (value & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC))
			fprintf(out, "0x%lx", value);
		else
			fprintf(out, "%s%s%s%s", value ? "" : "PROT_NONE",
				value & PROT_READ ? "r" : "",
				value & PROT_WRITE ? "w" : "",
				value & PROT_EXEC ? "x" : "");
		break;
	default:
		fprintf(out, "0x%lx", value);
	}
}

static void print_value(FILE *out, long value)
{
	if (value == LAB_SOMEWHERE)
		fputs("an address", out);
	else if (value < 0 && strerrorname_np((int)-value))
		fputs(strerrorname_np((int)-value), out);
	else if (value > 0xffff)
		print_argument(out, 'a', (unsigned long)value);
	else
		fprintf(out, "%ld", value);
}

static void print_call(FILE *out, const struct call *call)
{
	size_t i;

	fprintf(out, "\n  %s(", call->name);
	for (i = 0; i < strlen(call->kinds); i++) {
		fputs(i ? ", " : "", out);
		print_argument(out, call->kinds[i], call->arguments[i]);
	}
	fputs(")", out);
	if (call->answered) {
		fputs(" = ", out);
		print_value(out, call->found);
	}
}

static FILE *open_text(char **text)
{
	static size_t size;
	FILE *out = open_memstream(text, &size);

	if (!out)
		ck_abort_msg("no memory for a report");
	return out;
}

static noreturn void fail_with_history(const char *text)
{
	uint64_t i = noted < HISTORY ? 0 : noted - HISTORY;
	char *report;
	FILE *out = open_text(&report);

	fprintf(out, "seed 0x%" PRIx64 ", call %" PRIu64 ": %s", lab.seed, made,
		text);
	fprintf(out, "\nthe last calls, room is at 0x%lx:", lab_model.base);
	while (i < noted)
		print_call(out, &history[i++ % HISTORY]);
	fclose(out);
	ck_abort_msg("%s", report);
}

void lab_disagree(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	fail_with_history(text);
}

bool lab_agree(struct lab_answer predicted, long found)
{
	char *text;
	FILE *out;

	if (found == predicted.least || found == predicted.most ||
	    (found > 0 && found > predicted.least && found < predicted.most))
		return found >= 0;

	out = open_text(&text);
	fprintf(out, "%s: predicted ", last_call()->name);
	print_value(out, predicted.least);
	if (predicted.most != predicted.least) {
		fputs(" to ", out);
		print_value(out, predicted.most);
	}
	fputs(", found ", out);
	print_value(out, found);
	fclose(out);
	fail_with_history(text);
}

bool lab_agree_exactly(long predicted, long found)
{
	return lab_agree((struct lab_answer){ predicted, predicted }, found);
}

/*
 * The ground
 */

static unsigned char *map_buffer(unsigned long at, size_t size, int prot)
{
	void *map = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED_NOREPLACE, -1, 0);

	ck_assert_msg(map == (void *)at, "no memory at 0x%lx: %s", at,
		      strerror(errno));
	return map;
}

/* Does the kernel read what the program must not? */
static bool kernel_reads_forbidden(void)
{
	size_t page = lab_model.info.page_size;
	unsigned char *probe = map_buffer(ROOM_AT, page, PROT_READ | PROT_WRITE);
	bool reads;

	*(volatile unsigned char *)probe = 1;
	mprotect(probe, page, PROT_NONE);
	reads = pwrite(lab_ground.file, probe, 1, 0) == 1;
	munmap(probe, page);
	return reads;
}

/* What lies around each buffer cannot be touched. */
static void make_buffers(void)
{
	size_t page = lab_model.info.page_size;
	size_t size = lab_model.info.size + page;
	unsigned long at = BUFFERS_AT;
	size_t i;

	lab_ground.size = size;
	lab_ground.forbidden = map_buffer(at, 3 * page + 2 * size + page,
					  PROT_NONE);
	lab_ground.source = lab_ground.forbidden + page;
	lab_ground.target = lab_ground.source + size + page;
	lab_ground.read_only = lab_ground.target + size + page;
	mprotect(lab_ground.source, size, PROT_READ | PROT_WRITE);
	mprotect(lab_ground.target, size, PROT_READ | PROT_WRITE);
	mprotect(lab_ground.read_only, page, PROT_READ);
	for (i = 0; i < size; i++)
		lab_ground.source[i] = (unsigned char)lab_draw(256);
	memset(lab_ground.target, 0, size);
}

static void open_descriptors(void)
{
	static const int modes[] = {
		[BY_BOTH] = O_RDWR,
		[BY_READER] = O_RDONLY,
		[BY_WRITER] = O_WRONLY,
	};
	int i;

	for (i = 0; i < LAB_DESCRIPTORS; i++) {
		lab_ground.fd[i] = open(lab.path, modes[i] | O_CLOEXEC);
		ck_assert_int_ge(lab_ground.fd[i], 0);
		lab_model.position[i] = 0;
	}
	lab_ground.fd[BY_NOBODY] = -1;
}

static void open_file(void)
{
	size_t page = lab_model.info.page_size;

	lab_ground.file = memfd_create("lab_random", MFD_CLOEXEC);
	ck_assert_int_ge(lab_ground.file, 0);
	ck_assert_int_eq(ftruncate(lab_ground.file, (off_t)page), 0);
	lab_ground.shown = lab_map(lab_ground.file, page,
				   PROT_READ | PROT_WRITE, MAP_SHARED, 0);
}

static void learn_kernel(void)
{
	unsigned long major, minor;
	struct utsname name;
	struct statvfs mount;
	char *end;

	uname(&name);
	major = strtoul(name.release, &end, 10);
	ck_assert_int_eq(*end, '.');
	minor = strtoul(end + 1, NULL, 10);
	lab_model.release = (unsigned int)(major * 0x10000 + minor);
	ck_assert_int_eq(fstatvfs(lab.fd, &mount), 0);
	lab_model.noexec = mount.f_flag & ST_NOEXEC;
}

static void learn_lab(void)
{
	struct lab_info *info = &lab_model.info;
	uint64_t i;

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_INFO, info), 0);
	lab_model.frames = !lab_maps_pages();
	lab_model.small = lab.program->operations & CAN_SMALL;
	lab_model.page = calloc(info->pages, sizeof(*lab_model.page));
	for (i = 0; i < info->pages; i++)
		lab_model.page[i] = lab_page_at(i);
	lab_model.bytes = malloc(info->size);
	ck_assert_int_eq(pread(lab.fd, lab_model.bytes, info->size, 0),
			 info->size);
	lab_model.base = ROOM_AT;
	lab_model.room = 24 + 6 * info->pages;
	lab_model.spot = calloc(lab_model.room, sizeof(*lab_model.spot));
}

/*
 * The calls
 */

/**
 * struct kind - one kind of calls
 * @name: for the report
 * @make: draws one and makes it
 * @weight: how often, of 100; those that change page tables take longest, and
 *	in user-mode Linux five times as long as others
 * @succeeded: calls that did
 * @failed: calls that did not, as they should
 */
struct kind {
	const char *name;
	bool (*make)(void);
	unsigned int weight;
	uint64_t succeeded;
	uint64_t failed;
};

static struct kind kinds[] = {
	{ .name = "mmap", .make = lab_random_mmap, .weight = 8 },
	{ .name = "munmap", .make = lab_random_munmap, .weight = 4 },
	{ .name = "mprotect", .make = lab_random_mprotect, .weight = 7 },
	{ .name = "mremap", .make = lab_random_mremap, .weight = 5 },
	{ .name = "madvise", .make = lab_random_madvise, .weight = 12 },
	{ .name = "msync", .make = lab_random_msync, .weight = 4 },
	{ .name = "peek", .make = lab_random_peek, .weight = 6 },
	{ .name = "poke", .make = lab_random_poke, .weight = 4 },
	{ .name = "lseek", .make = lab_random_lseek, .weight = 10 },
	{ .name = "read", .make = lab_random_read, .weight = 7 },
	{ .name = "pread", .make = lab_random_pread, .weight = 6 },
	{ .name = "write", .make = lab_random_write, .weight = 5 },
	{ .name = "pwrite", .make = lab_random_pwrite, .weight = 4 },
	{ .name = "ioctl", .make = lab_random_ioctl, .weight = 18 },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static struct kind *draw_kind(void)
{
	unsigned int sum = 0;
	uint64_t ticket;
	size_t i;

	for (i = 0; i < KINDS; i++)
		sum += kinds[i].weight;
	ticket = lab_draw(sum);
	for (i = 0; ticket >= kinds[i].weight; i++)
		ticket -= kinds[i].weight;
	return &kinds[i];
}

static void make_one(void)
{
	struct kind *kind = draw_kind();

	if (kind->make())
		kind->succeeded++;
	else
		kind->failed++;
	made++;
	if (made % 1024 == 0)
		lab_compare_all();
}

/*
 * Calls that all fail, or that all succeed, prove little: of many, a twentieth
 * of each kind at the least must do the one and the other.
 */
static void check_mix(void)
{
	size_t i;

	for (i = 0; i < KINDS; i++) {
		struct kind *kind = &kinds[i];
		uint64_t rarer = kind->succeeded < kind->failed ?
			kind->succeeded : kind->failed;

		if (lab_calls >= 10000 &&
		    rarer * 20 < kind->succeeded + kind->failed)
			ck_abort_msg("seed 0x%" PRIx64 ": the draws miss the point: of %s, %" PRIu64
				     " succeeded and %" PRIu64 " failed",
				     lab.seed, kind->name, kind->succeeded,
				     kind->failed);
	}
}

START_TEST(random_calls_agree_with_the_model)
{
	drawn_from = lab.seed;
	learn_kernel();
	learn_lab();
	open_descriptors();
	open_file();
	make_buffers();
	lab_ground.reads_forbidden = kernel_reads_forbidden();

	while (made < lab_calls)
		make_one();
	munmap((void *)lab_model.base,
	       lab_model.room * lab_model.info.page_size);
	memset(lab_model.spot, 0, lab_model.room * sizeof(*lab_model.spot));
	lab_compare_all();
	check_mix();
}
END_TEST

const struct lab_test lab_random[] = {
	{
		.name = "random_calls_agree_with_the_model",
		.run = &random_calls_agree_with_the_model,
		.timeout = TIMEOUT_SECONDS,
	},
	{ .name = NULL },
};
