// SPDX-License-Identifier: GPL-2.0
/*
 * Physical addresses or I/O ports, and whose they are
 */
#include "regions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

struct entries entries_of(const char *list, const char *name, struct region region)
{
	struct entries entries = { .count = 0 };
	FILE *file = fopen(list, "r");
	char line[256];

	ck_assert_msg(file, "%s: %s", list, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		struct region found;
		char entry[128];

		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %127[^\n]",
			   &found.first, &found.last, entry) != 3 ||
		    strcasecmp(entry, name))
			continue;
		entries.count++;
		if (found.first <= region.first && region.last <= found.last)
			entries.hold = true;
		if (found.first == region.first && found.last == region.last)
			entries.exact = true;
	}
	fclose(file);
	return entries;
}
