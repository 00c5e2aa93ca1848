// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 3.8: no other file shows an address
 *
 * As an ordinary user we read every file in which a driver can write something, and
 * look for numbers that are an address of the memory.
 */
#include "contract.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shared/checks.h"

#define MOST_TEXT (256 * 1024)

static char text[MOST_TEXT];

/* What the kernel says of a page, asked for while we may. */
static struct lab_page *pages;

/* What was found, where, for the parent's message. */
static struct found {
	char path[256];
	char line[256];
} *found;

static void read_pages(void)
{
	uint64_t i;

	pages = calloc(lab.info.pages, sizeof(*pages));
	ck_assert_ptr_nonnull(pages);
	for (i = 0; i < lab.info.pages; i++)
		pages[i] = kernel_page(i);
}

/*
 * Shorter numbers could be anything. A number of twelve digits is an address wherever
 * it is; any other only in what is about the lab.
 */
#define FEWEST_DIGITS 5
#define DIGITS_OF_AN_ADDRESS 12
#define MOST_DIGITS 20 /* of 64 bits, written in decimal */

static bool is_address(uint64_t number, size_t digits, bool about_lab)
{
	const uint64_t page_size = lab.info.page_size;
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		const struct lab_page *page = &pages[i];

		if (number - page->kernel_addr < page_size &&
		    (about_lab || digits >= DIGITS_OF_AN_ADDRESS))
			return true;
		if (about_lab && (number == page->pfn ||
				  number / page_size == page->pfn))
			return true;
	}
	return false;
}

static bool is_in_word(char character)
{
	return isalnum((unsigned char)character) || character == '_';
}

static bool line_tells(const char *line, bool about_lab)
{
	const char *at = line;

	while (*at) {
		size_t digits = strspn(at, "0123456789abcdefABCDEF");

		if (at[0] == '0' && (at[1] | 0x20) == 'x') {
			at += 2;
			continue;
		}
		if (digits >= FEWEST_DIGITS && digits <= MOST_DIGITS &&
		    !isalnum(at[digits]) &&
		    (is_address(strtoull(at, NULL, 16), digits, about_lab) ||
		     is_address(strtoull(at, NULL, 10), digits, about_lab)))
			return true;
		while (is_in_word(*at))
			at++;
		while (*at && !is_in_word(*at))
			at++;
	}
	return false;
}

static bool names_lab(const char *string)
{
	return strstr(string, lab.program->lab);
}

static bool text_tells(const char *path, bool about_lab)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (!line_tells(line, about_lab || names_lab(line)))
			continue;
		snprintf(found->path, sizeof(found->path), "%s", path);
		snprintf(found->line, sizeof(found->line), "%s", line);
		return true;
	}
	return false;
}

/* Bytes that are no text are blanks. */
static bool read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t size = 0, more;

	if (fd < 0)
		return false;
	do {
		more = read(fd, text + size, MOST_TEXT - 1 - size);
		size += more > 0 ? more : 0;
	} while (more > 0);
	close(fd);
	text[size] = '\0';
	while (size--)
		if (!text[size])
			text[size] = ' ';
	return true;
}

/*
 * The command line and the list of symbols are the kernel's own; of modules, one names
 * the size of each, which is a number like another.
 */
static bool is_the_kernels(const char *path)
{
	static const char *const own[] = {
		"/proc/cmdline", "/proc/kallsyms", "/proc/modules",
		"/coresize", "/initsize", "/srcversion",
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strstr(path, own[i]))
			return true;
	return false;
}

/* Of each place: how deep to go. */
static int deepest;

static int look_into(const char *path, const struct stat *file, int type,
		     struct FTW *at)
{
	(void)file;
	if (type != FTW_F)
		return at->level >= deepest ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
	if (is_the_kernels(path) || !read_text(path))
		return FTW_CONTINUE;
	return text_tells(path, names_lab(path)) ? FTW_STOP : FTW_CONTINUE;
}

static bool place_tells(const char *place, int depth)
{
	deepest = depth;
	return nftw(place, look_into, 16, FTW_PHYS | FTW_ACTIONRETVAL) ==
	       FTW_STOP;
}

static void become_ordinary(void)
{
	const uid_t nobody = 65534;

	if (setgroups(0, NULL) || setresgid(nobody, nobody, nobody) ||
	    setresuid(nobody, nobody, nobody))
		exit(2);
	/* As of any program that the user starts: its files are its own. */
	prctl(PR_SET_DUMPABLE, 1);
}

static bool no_file_tells(void)
{
	char module[64], device[64], process[64];

	snprintf(module, sizeof(module), "/sys/module/%s", lab.program->lab);
	snprintf(device, sizeof(device), "/sys/devices/virtual/misc/%s",
		 lab.program->lab);
	snprintf(process, sizeof(process), "/proc/%d", getpid());
	become_ordinary();
	return !place_tells(module, 3) && !place_tells(device, 3) &&
	       !place_tells("/sys/kernel", 2) && !place_tells("/proc", 1) &&
	       !place_tells(process, 1) &&
	       !place_tells(strcat(process, "/fdinfo"), 1);
}

START_TEST(no_file_shows_an_address)
{
	found = shared_memory(sizeof(*found));
	read_pages();
	ck_assert_msg(run_in_child(no_file_tells),
		      "an ordinary user may read in %s: %s", found->path,
		      found->line);
}
END_TEST

/*
 * Many systems let everybody read the kernel's log. Only the lab's own lines are
 * looked at, and those since it was loaded for this run, or all.
 */
START_TEST(kernel_log_shows_no_address)
{
	const int read_all = 3, log_size = 10;
	char *log = malloc(klogctl(log_size, NULL, 0)), *rest = log, *line;
	int size = klogctl(read_all, log, klogctl(log_size, NULL, 0));

	ck_assert_msg(size >= 0, "the kernel's log: %s", strerror(errno));
	log[size ? size - 1 : 0] = '\0';
	read_pages();
	while ((line = strsep(&rest, "\n")))
		ck_assert_msg(!names_lab(line) || !line_tells(line, true),
			      "the kernel's log has: %s", line);
	free(log);
}
END_TEST

const struct check told_checks[] = {
	THOROUGH_CHECK(no_file_shows_an_address, MAPS | CAN_PAGE),
	THOROUGH_CHECK(kernel_log_shows_no_address, CAN_INFO | CAN_PAGE),
	{ .name = NULL },
};
