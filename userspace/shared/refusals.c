// SPDX-License-Identifier: GPL-2.0
/*
 * Loads that a module must refuse
 */
#include "refusals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "kernel_log.h"
#include "module.h"

const struct refusal wrong_kinds[] = {
	REFUSAL("how=nosuch", EINVAL),
	REFUSAL("how=", EINVAL),
	REFUSAL("how=pages", EINVAL),
	{ .parameters = NULL },
};

static bool is_expected(int found, const struct refusal *refusal)
{
	return found == refusal->error || (refusal->or && found == refusal->or) ||
	       (refusal->error == EINVAL && found == ERANGE);
}

static void assert_says_why(const char *parameters, const char *lines)
{
	ck_assert_msg(strstr(lines, lab.program->lab),
		      "refused %s, and no line in the kernel's log says why",
		      parameters);
	ck_assert_msg(!strstr(lines, "Call Trace") && !strstr(lines, "Call trace"),
		      "refused %s with a stack trace in the kernel's log: %s",
		      parameters, lines);
}

static void assert_left_nothing(const char *parameters)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", lab.program->lab);
	ck_assert_msg(access(path, F_OK), "refused %s, and %s is there",
		      parameters, path);
	ck_assert_msg(access(lab.path, F_OK), "refused %s, and %s is there",
		      parameters, lab.path);
}

static void assert_refusal(const struct refusal *refusal)
{
	const char *parameters = refusal->parameters;
	char *lines;
	int answer, found;

	skip_kernel_log();
	answer = load_with(parameters);
	found = errno;
	if (!answer)
		must_unload();
	lines = read_kernel_log();
	ck_assert_msg(answer, "loaded with %s: it was accepted", parameters);
	ck_assert_msg(is_expected(found, refusal),
		      "loaded with %s: expected %s, found %s", parameters,
		      strerrorname_np(refusal->error), strerrorname_np(found));
	assert_says_why(parameters, lines);
	assert_left_nothing(parameters);
	free(lines);
}

void assert_refusals(const struct refusal *list)
{
	close_and_unload();
	for (; list->parameters; list++)
		assert_refusal(list);
	must_load();
}
