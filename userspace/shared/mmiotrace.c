// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to I/O memory, as the kernel's own tracer sees them
 */
#include "mmiotrace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "checks.h"
#include "pci_device.h"

#define TRACING "/sys/kernel/tracing"

static bool has_tracer(void)
{
	FILE *stream = fopen(TRACING "/available_tracers", "r");
	bool found = false;
	char name[64];

	if (!stream)
		return false;
	while (!found && fscanf(stream, "%63s", name) == 1)
		found = !strcmp(name, "mmiotrace");
	fclose(stream);
	return found;
}

void require_mmiotrace(void)
{
	if (mount("nodev", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		skip("tracefs cannot be mounted: %s", strerror(errno));
	if (!has_tracer())
		skip("this kernel has no mmiotrace");
}

void begin_mmiotrace(void)
{
	write_file(TRACING "/current_tracer", "mmiotrace");
}

/* A line is "W 4 9.156181 1 0x1c100010 0x11223344 0x0 0", or begins with another word. */
static bool decode(const char *line, struct mmio_access *access)
{
	char what[16];

	memset(access, 0, sizeof(*access));
	if (sscanf(line, "%15s", what) != 1)
		return false;
	if (!strcmp(what, "UNKNOWN"))
		return true;
	access->is_write = what[0] == 'W';
	return (!strcmp(what, "W") || !strcmp(what, "R")) &&
	       sscanf(line, "%*c %u %*s %*s %" SCNx64 " %" SCNx64, &access->width,
		      &access->addr, &access->value) == 3;
}

size_t read_mmiotrace(struct mmio_access *found, size_t most)
{
	FILE *stream = fopen(TRACING "/trace", "r");
	struct mmio_access access;
	size_t count = 0;
	char line[256];

	ck_assert_msg(stream, TRACING "/trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), stream)) {
		if (!decode(line, &access))
			continue;
		if (count < most)
			found[count] = access;
		count++;
	}
	fclose(stream);
	return count;
}

void end_mmiotrace(void)
{
	write_file(TRACING "/current_tracer", "nop");
	umount(TRACING);
}
