// SPDX-License-Identifier: GPL-2.0
/*
 * What a call that fails must not leave behind
 */
#include "traces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/checks.h"

static int count_vmas(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		count += !!strstr(line, lab.path);
	fclose(maps);
	return count;
}

struct traces look_for_traces(void)
{
	struct traces traces = { .vmas = count_vmas() };

	traces.lowest_fd = dup(lab.fd);
	close(traces.lowest_fd);
	traces.mappings = count_mappings();
	return traces;
}

void assert_no_traces(const char *name, struct traces before)
{
	struct traces after = look_for_traces();

	ck_assert_msg(after.lowest_fd == before.lowest_fd,
		      "%s failed and left a descriptor", name);
	ck_assert_msg(after.vmas == before.vmas,
		      "%s failed and left a mapping", name);
	ck_assert_msg(after.mappings == before.mappings,
		      "%s failed and left %" PRIu64 " mappings counted, not %"
		      PRIu64, name, after.mappings, before.mappings);
}
