// SPDX-License-Identifier: GPL-2.0
/*
 * The check programs
 *
 * They are one executable, which goes by the name that it is called by, as
 * busybox does: so an emulator translates its code once, and not once a lab.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/blocks.h"
#include "shared/checks.h"
#include "shared/driver.h"
#include "options.h"
#include "plan.h"
#include "run.h"

/* A lab without a file in labs/ has all checks of the contract. */
static const struct program *general_program(const char *name)
{
	static struct program general = {
		.mapping = &pfnmap,
		.operations = USUAL_OPERATIONS,
		.fresh = expect_zero,
	};

	general.lab = name;
	return &general;
}

static const struct program *find_program(const char *name)
{
	const struct program *const *program;

	for (program = __start_programs; program < __stop_programs; program++)
		if (!strcmp((*program)->lab, name))
			return *program;

	if (!strcmp(name, DRIVER_PROGRAM))
		return &driver_program;
	if (strncmp(name, "lab_", 4)) {
		fprintf(stderr, "call me by the name of a lab, not %s\n", name);
		exit(2);
	}
	return general_program(name);
}

int main(int argc, char **argv)
{
	struct options options;
	struct plan plan;
	bool passed;

	lab.program = find_program(basename(argv[0]));
	options = parse_options(argc, argv);
	plan = make_plan(lab.program);
	if (options.list) {
		print_list(lab.program, &plan);
		return 0;
	}

	choose_checks(&plan, options.thorough, options.only, options.also);
	if (is_driver())
		snprintf(lab.path, sizeof(lab.path), "%s", driver.device);
	else
		snprintf(lab.path, sizeof(lab.path), "/dev/%s",
			 lab.program->lab);
	if (is_driver() && access(lab.path, F_OK)) {
		fprintf(stderr, "there is no device %s\n", lab.path);
		return 2;
	}
	if (access(lab.path, F_OK)) {
		fprintf(stderr, "no %s: modprobe %s first\n", lab.path,
			lab.program->lab);
		return 2;
	}
	allow_large_entries();
	passed = run_checks(&plan, options.seed);
	restore_large_entries();
	return passed ? 0 : 1;
}
