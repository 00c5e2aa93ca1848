// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory is free, and what it takes for that number to mean something
 */
#include "free_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* The sum of the numbers after a key, in all lines of a file. */
static long sum_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	long number, total = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, " ");

		if (!strncmp(text, key, strlen(key)) &&
		    sscanf(text + strlen(key), " %ld", &number) == 1)
			total += number;
	}
	if (file)
		fclose(file);
	return total;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0; /* a cache that does not shrink */
	close(fd);
}

void shrink_caches(void)
{
	DIR *caches = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[512];

	write_text("/proc/sys/vm/drop_caches", "7"); /* 4: silently */
	while (caches && (entry = readdir(caches))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 entry->d_name);
		write_text(path, "1");
	}
	if (caches)
		closedir(caches);
}

void fold_counters(void)
{
	write_text("/proc/sys/vm/stat_refresh", "1");
}

/* With the free pages that each processor keeps for itself. */
long free_memory(void)
{
	return sum_of("/proc/meminfo", "MemAvailable:") +
	       sum_of("/proc/zoneinfo", "count:") *
	       (long)(lab.info.page_size / 1024);
}
