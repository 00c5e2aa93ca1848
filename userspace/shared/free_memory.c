// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory is free, and what it takes for that number to mean something
 */
#include "free_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

/*
 * What is free, or can be had back at once, in pages. Free pages go from the zone to a
 * processor's own lists and back, so both are read from one file, which the kernel writes at
 * once: read one after the other, a page would be counted twice or not at all.
 */
static const char *const counts[] = {
	"pages free ",	  "count: ",	     "nr_active_file ",
	"nr_inactive_file ", "nr_slab_reclaimable ", "nr_kernel_misc_reclaimable ",
};

static long count_in(const char *line)
{
	size_t i;

	line += strspn(line, " ");
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (!strncmp(line, counts[i], strlen(counts[i])))
			return strtol(line + strlen(counts[i]), NULL, 10);
	return 0;
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

/* The kernel waits for a grace period itself before it returns from this call. */
void wait_for_what_is_freed_later(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void fold_counters(void)
{
	write_text("/proc/sys/vm/stat_refresh", "1");
}

long free_memory(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "r");
	char line[256];
	long pages = 0;

	while (zones && fgets(line, sizeof(line), zones))
		pages += count_in(line);
	if (zones)
		fclose(zones);
	return pages * (long)(lab.info.page_size / 1024);
}
