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

#include "fixture.h"

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
		if (found.first <= region.first && region.last <= found.last) {
			entries.hold = true;
			entries.holder = found;
		}
		if (found.first == region.first && found.last == region.last)
			entries.exact = true;
	}
	fclose(file);
	return entries;
}

static struct entries entries_around_the_memory(const char *name)
{
	const struct region memory = {
		lab.info.phys_addr, lab.info.phys_addr + lab.info.size - 1,
	};

	return entries_of("/proc/iomem", name, memory);
}

bool iomem_lists(const char *name)
{
	return entries_around_the_memory(name).hold;
}

struct region reserved_region(void)
{
	struct entries entries = entries_around_the_memory("Reserved");

	ck_assert_msg(entries.hold, "the region is not reserved");
	return entries.holder;
}

void assert_reserved_and_claimed(void)
{
	ck_assert_msg(!iomem_lists("System RAM"),
		      "the region is RAM that the kernel uses");
	reserved_region();
	ck_assert_msg(iomem_lists(lab.program->lab), "nobody claimed the region");
}
