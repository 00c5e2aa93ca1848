// SPDX-License-Identifier: GPL-2.0
/*
 * Loads that a module must refuse
 */
#include "refusals.h"

#include <errno.h>
#include <inttypes.h>
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
	REFUSAL("how=ranges", EINVAL),
	REFUSAL("how=rang", EINVAL),
	REFUSAL("how=pag", EINVAL),
	REFUSAL("how=pfns", EINVAL),
	{ .parameters = NULL },
};

static bool is_expected(int found, const struct refusal *refusal)
{
	return found == refusal->error || (refusal->or && found == refusal->or) ||
	       (refusal->error == EINVAL && found == ERANGE);
}

/* What became of a load: its errno or 0, what the log says, and what is left of it. */
struct outcome {
	int error;
	char *lines;
	char left[128];
};

static void look_for(const char *path, struct outcome *outcome)
{
	if (!access(path, F_OK))
		snprintf(outcome->left, sizeof(outcome->left), "%s", path);
}

static struct outcome try_to_load_with(const char *parameters)
{
	struct outcome outcome = { .left = "" };
	char path[128];

	skip_kernel_log();
	outcome.error = load_with(parameters) ? errno : 0;
	if (!outcome.error)
		must_unload();
	outcome.lines = read_kernel_log();
	snprintf(path, sizeof(path), "/sys/module/%s", lab.program->lab);
	look_for(path, &outcome);
	look_for(lab.path, &outcome);
	return outcome;
}

static bool has_trace(const struct outcome *outcome)
{
	return strstr(outcome->lines, "Call Trace") ||
	       strstr(outcome->lines, "Call trace");
}

static bool is_as_it_should_be(const struct outcome *outcome, const struct refusal *refusal)
{
	return is_expected(outcome->error, refusal) &&
	       strstr(outcome->lines, lab.program->lab) && !has_trace(outcome) &&
	       !*outcome->left;
}

static void assert_refusal(const struct refusal *refusal)
{
	const char *parameters = refusal->parameters;
	struct outcome outcome = try_to_load_with(parameters);

	/* Then this check ends below, and those behind it need the module. */
	if (!is_as_it_should_be(&outcome, refusal))
		must_load();
	ck_assert_msg(outcome.error, "loaded with %s: it was accepted", parameters);
	ck_assert_msg(is_expected(outcome.error, refusal),
		      "loaded with %s: expected %s, found %s", parameters,
		      strerrorname_np(refusal->error), strerrorname_np(outcome.error));
	ck_assert_msg(strstr(outcome.lines, lab.program->lab),
		      "refused %s, and no line in the kernel's log says why", parameters);
	ck_assert_msg(!has_trace(&outcome),
		      "refused %s with a stack trace in the kernel's log: %s",
		      parameters, outcome.lines);
	ck_assert_msg(!*outcome.left, "refused %s, and %s is there", parameters,
		      outcome.left);
	free(outcome.lines);
}

void assert_refusals(const struct refusal *list)
{
	close_and_unload();
	for (; list->parameters; list++)
		assert_refusal(list);
	must_load();
}

void assert_ends_with(struct region whole)
{
	const uint64_t pages = (whole.last - whole.first + 1) / lab.info.page_size;
	const uint64_t usual = lab.info.pages;
	char parameters[32];
	const struct refusal list[] = {
		REFUSAL(parameters, EINVAL),
		{ .parameters = NULL },
	};

	read_module();
	must_reload_with_pages(pages);
	must_reload_with_pages(usual);
	snprintf(parameters, sizeof(parameters), "pages=%" PRIu64, pages + 1);
	assert_refusals(list);
}
