/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - the command line
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct options - what is asked for, besides what shared/ holds
 * @seed: of the run
 * @thorough: also run the checks that take longer
 * @list: list the checks, and run none
 * @only: names of checks with commas between them, or NULL
 * @also: likewise, of checks that run behind the others if the lab has them
 */
struct options {
	uint64_t seed;
	bool thorough;
	bool list;
	char *only;
	char *also;
};

/* Ends the program for --help, and with status 2 for what it cannot read. */
struct options parse_options(int argc, char **argv);

#endif /* OPTIONS_H */
