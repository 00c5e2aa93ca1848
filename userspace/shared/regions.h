/* SPDX-License-Identifier: GPL-2.0 */
/*
 * regions.h - physical addresses or I/O ports, and whose they are
 */
#ifndef REGIONS_H
#define REGIONS_H

#include <stdbool.h>
#include <stdint.h>

/* The first and the last address, or the first and the last port. */
struct region {
	uint64_t first, last;
};

/**
 * struct entries - the entries of a list that have a certain name
 * @count: how many there are
 * @hold: one of them holds a certain region
 * @exact: one of them is that region
 * @holder: the last one that holds it
 */
struct entries {
	int count;
	bool hold, exact;
	struct region holder;
};

/*
 * Looks in /proc/iomem or /proc/ioports. In a name upper and lower case are the same: x86
 * writes "Reserved", arm64 "reserved".
 */
struct entries entries_of(const char *list, const char *name, struct region region);

/* Does /proc/iomem have an entry of this name that holds all of the lab's memory? */
bool iomem_lists(const char *name);

/* The region that was reserved at boot and holds all of the lab's memory, or fails the check. */
struct region reserved_region(void);

/* The memory was reserved at boot, is no RAM of the kernel, and the lab has claimed it. */
void assert_reserved_and_claimed(void);

#endif /* REGIONS_H */
