// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 5.1 and 5.2: how long mappings, descriptors and the module live
 *
 * A check leaves the module loaded as it found it.
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/checks.h"

#define USERS 300

/*
 * 5.1: a mapping outlives its descriptor
 */

START_TEST(mapping_outlives_the_descriptor)
{
	write_pattern(lab.map);
	close(lab.fd);
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after close()");
	lab.seed = ~lab.seed;
	write_unguarded(lab.map);
	lab.fd = must_open(O_RDWR);
	if (is_shared(SHARED_BY_ALL))
		kernel_checks();
}
END_TEST

/* A driver that frees in ->release() frees for all other descriptors, too. */
START_TEST(mapping_outlives_another_descriptor)
{
	int fd = must_open(O_RDWR);

	write_pattern(lab.map);
	ck_assert_int_eq(close(fd), 0);
	kernel_checks();
	kernel_fills();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after another descriptor's close()");
}
END_TEST

/* Whatever flags there are, and with more users than a byte can count. */
START_TEST(opening_and_closing_change_nothing)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_WRONLY | O_TRUNC,
		O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK, O_RDWR | O_CREAT,
		O_RDWR | O_SYNC,
	};
	int fds[USERS];
	size_t i;

	write_pattern(lab.map);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		ck_assert_int_eq(close(must_open(flags[i])), 0);
		assert_words(lab.map, lab.words, 0, expect_pattern,
			     "after another open() and close()");
	}
	for (i = 0; i < USERS; i++)
		fds[i] = must_open(O_RDWR);
	for (i = 0; i < USERS; i++)
		ck_assert_int_eq(close(fds[i]), 0);
	kernel_checks();
}
END_TEST

static void unmap(void)
{
	must_unmap(lab.map, lab.info.size);
	lab.map = NULL;
}

static void close_descriptor(void)
{
	ck_assert_int_eq(close(lab.fd), 0);
	lab.fd = -1;
}

static void map_as_usual(void)
{
	lab.map = must_map(lab.fd, lab.info.size, usual_protection(),
			   MAP_SHARED, 0);
}

/* The memory is the module's: neither the last mapping nor the last user is its end. */
START_TEST(contents_stay_when_nobody_uses_them)
{
	write_pattern(lab.map);
	unmap();
	map_as_usual();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after the last mapping was removed");

	unmap();
	close_descriptor();
	lab.fd = must_open(O_RDWR);
	map_as_usual();
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after the last user was gone");
}
END_TEST

/*
 * 5.2: a module in use
 */

/*
 * If the module could be removed, its next use crashes the kernel, at the latest
 * when this process ends. So the message is printed before anything else.
 */
static void assert_cannot_be_removed(const char *why)
{
	int answer = unload();

	if (!answer)
		print_diagnostics("the module could be removed while it was used");
	ck_assert_msg(answer, "removed while there is %s", why);
	ck_assert_msg(errno == EWOULDBLOCK,
		      "%s: expected EWOULDBLOCK, found %s", why,
		      strerrorname_np(errno));
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
	snprintf(path, sizeof(path), "/sys/module/%s", lab.program->lab);
	ck_assert_msg(access(path, F_OK) && errno == ENOENT,
		      "%s is still there", path);
}

START_TEST(module_in_use_cannot_be_removed)
{
	pid_t keeper;

	read_module();
	unmap();
	assert_cannot_be_removed("an open descriptor");

	map_as_usual();
	close_descriptor();
	assert_cannot_be_removed("a mapping");

	ck_assert_int_eq(pipe(keeper_may_go), 0);
	keeper = start_child(keep_the_mapping);
	unmap();
	assert_cannot_be_removed("a mapping of another process");
	close(keeper_may_go[1]);
	ck_assert_int_eq(status_of(keeper), 0);

	must_unload();
	assert_nothing_is_left();
	must_load();
	ck_assert_msg(!access(lab.path, F_OK), "no %s after a load", lab.path);
}
END_TEST

const struct check lifetime_checks[] = {
	CHECK(mapping_outlives_the_descriptor, WRITES | CAN_CHECK | ANY_DRIVER),
	CHECK(mapping_outlives_another_descriptor,
	      WRITES | CAN_FILL | CAN_CHECK | ANY_DRIVER),
	THOROUGH_CHECK(opening_and_closing_change_nothing, WRITES | CAN_CHECK),
	CHECK(contents_stay_when_nobody_uses_them, WRITES | CAN_CHECK),
	THOROUGH_CHECK(module_in_use_cannot_be_removed, MAPS | ANY_DRIVER),
	{ .name = NULL },
};
