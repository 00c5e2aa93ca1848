// SPDX-License-Identifier: GPL-2.0
/*
 * Which checks a lab has, and which of them run
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/contract.h"
#include "shared/driver.h"

static void add(const struct check *check, const struct check **list,
		int *count)
{
	if (*count < MOST_CHECKS)
		list[(*count)++] = check;
}

/* The operations that a check needs, and the lab does not have. */
static unsigned int missing(const struct check *check,
			    const struct program *program)
{
	unsigned int missing = check->needs & ~(ANY_DRIVER | ANY_NODE) &
			       ~program->operations;

	if (check->needs & ANY_NODE && program->operations & CAN_UIO)
		missing &= ~CAN_MMAP;
	return missing;
}

/* The checks of one table that run at this time. */
static void add_table(struct plan *plan, const struct program *program,
		      const struct check *check, enum check_time time)
{
	for (; check && check->name; check++) {
		if (check->time != time)
			continue;
		if (is_driver() && !(check->needs & ANY_DRIVER))
			continue;
		if (missing(check, program))
			add(check, plan->left_out, &plan->left_out_count);
		else
			add(check, plan->known, &plan->known_count);
	}
}

/* The contract's checks come before the lab's own. */
static void add_all(struct plan *plan, const struct program *program,
		    enum check_time time)
{
	const struct check *const *table;

	for (table = contract; *table; table++)
		add_table(plan, program, *table, time);
	if (program->mapping == &no_mapping)
		add_table(plan, program, no_memory_checks, time);
	add_table(plan, program, program->checks, time);
}

struct plan make_plan(const struct program *program)
{
	struct plan plan = { .known_count = 0 };

	add_all(&plan, program, FIRST);
	add_all(&plan, program, USUAL);
	plan.usual_count = plan.known_count;
	add_all(&plan, program, THOROUGH);
	plan.thorough_count = plan.known_count;
	add_all(&plan, program, RACE);
	return plan;
}

/*
 * Choosing
 */

static int find(const char *name, const struct check *const *list, int count)
{
	int place;

	for (place = 0; place < count; place++)
		if (!strcmp(list[place]->name, name))
			return place;
	return -1;
}

static void choose(struct plan *plan, int place)
{
	if (plan->chosen_count < MOST_CHECKS)
		plan->chosen[plan->chosen_count++] = place;
}

static void choose_named(struct plan *plan, const char *name)
{
	int place = find(name, plan->known, plan->known_count);

	if (place < 0) {
		bool left_out = find(name, plan->left_out,
				     plan->left_out_count) >= 0;

		fprintf(stderr, "--only %s: %s\n", name, left_out ?
			"the lab lacks what this check needs, see --list" :
			"there is no such check");
		exit(2);
	}
	choose(plan, place);
}

void choose_checks(struct plan *plan, bool thorough, char *only, char *also)
{
	int place, count = thorough ? plan->thorough_count : plan->usual_count;
	char *name;

	while (only && (name = strsep(&only, ",")))
		choose_named(plan, name);
	if (!plan->chosen_count)
		for (place = 0; place < count; place++)
			choose(plan, place);
	while (also && (name = strsep(&also, ","))) {
		place = find(name, plan->known, plan->known_count);
		if (place >= 0)
			choose(plan, place);
	}
}

/*
 * Listing
 */

static const char *time_of(const struct plan *plan, int place)
{
	if (place < plan->usual_count)
		return "usual";
	return place < plan->thorough_count ? "thorough" : "race";
}

static void print_operations(unsigned int operations)
{
	int i;

	for (i = 0; i < OPERATIONS; i++)
		if (operations & 1u << i)
			printf(" %s", operation_names[i]);
	putchar('\n');
}

void print_list(const struct program *program, const struct plan *plan)
{
	int i;

	printf("lab %s\nmapping %s\n", program->lab, program->mapping->name);
	if (program->with)
		printf("mapping %s %s\n", program->with,
		       program->mapping_with->name);
	if (program->page_by_page)
		printf("page_by_page yes\n");
	printf("operations");
	print_operations(program->operations);
	for (i = 0; i < plan->known_count; i++) {
		printf("%s %s", time_of(plan, i), plan->known[i]->name);
		if (plan->known[i]->seconds)
			printf(" %u", plan->known[i]->seconds);
		putchar('\n');
	}
	for (i = 0; i < plan->left_out_count; i++) {
		printf("left_out %s", plan->left_out[i]->name);
		print_operations(missing(plan->left_out[i], program));
	}
}
