// SPDX-License-Identifier: GPL-2.0
/*
 * The command line
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "shared/driver.h"
#include "shared/fixture.h"
#include "shared/ktap.h"

static void print_usage(const char *name, FILE *out)
{
	fprintf(out,
		"usage: %s [--thorough | --only NAME,NAME...] [--seed N] ...\n"
		"       %s --list\n"
		"\n"
		"Checks /dev/%s from user space and prints KTAP. Load the module anew\n"
		"before: the first check compares what a fresh buffer holds.\n"
		"\n"
		"  --thorough      also run checks that take seconds, need root and load modules\n"
		"  --only NAMES    run these checks only, in this order\n"
		"  --also NAMES    then run these, if the lab has them\n"
		"  --list          list what the lab can do and its checks; needs no device\n"
		"  --calls N       random calls to make (default: %lu)\n"
		"  --rounds N      times to load and unload the module (default: %lu)\n"
		"  --seed N        choose the contents (default: a random number, printed)\n"
		"  --witness N     wait for a host that looks at the machine from outside, and\n"
		"                  expects the contents of seed N\n"
		"  --driver FACTS  for any_driver: what is documented, as device=/dev/x,size=4096\n"
		"  --parameters P  for any_driver: what its module was loaded with\n"
		"  --prefix TEXT   put TEXT before each line, to mark our lines among others\n"
		"\n"
		"Exit status: 0 all passed, 1 a check failed, 2 it could not begin.\n",
		name, name, lab.program->lab, settings.calls, settings.rounds);
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

static void parse_option(struct options *options, int option)
{
	switch (option) {
	case 't':
		options->thorough = true;
		break;
	case 'l':
		options->list = true;
		break;
	case 'o':
		options->only = optarg;
		break;
	case 'a':
		options->also = optarg;
		break;
	case 'c':
		settings.calls = parse_count("calls", optarg);
		break;
	case 'r':
		settings.rounds = parse_count("rounds", optarg);
		break;
	case 'w':
		settings.witness = true;
		settings.witness_seed = parse_number("witness", optarg);
		break;
	case 's':
		options->seed = parse_number("seed", optarg);
		break;
	case 'd':
		parse_driver(optarg);
		break;
	case 'm':
		driver.parameters = optarg;
		break;
	case 'p':
		line_prefix = optarg;
		break;
	}
}

struct options parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "thorough", no_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "also", required_argument, NULL, 'a' },
		{ "calls", required_argument, NULL, 'c' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "witness", required_argument, NULL, 'w' },
		{ "driver", required_argument, NULL, 'd' },
		{ "parameters", required_argument, NULL, 'm' },
		{ "prefix", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = { .seed = random_seed() };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h' || option == '?') {
			print_usage(argv[0], option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
		parse_option(&options, option);
	}
	if (optind < argc) {
		print_usage(argv[0], stderr);
		exit(2);
	}
	return options;
}
