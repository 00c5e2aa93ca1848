// SPDX-License-Identifier: GPL-2.0
/*
 * The linear map, by /proc/kcore
 */
#include "linear_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "core_file.h"

static int open_kcore(void)
{
	int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	ck_assert_msg(kcore >= 0, "/proc/kcore: %s", strerror(errno));
	return kcore;
}

static void must_read(int kcore, uint64_t offset, void *to, size_t size)
{
	ck_assert_int_eq(pread(kcore, to, size, (off_t)offset), (ssize_t)size);
}

static bool has(const core_segment *segment, uint64_t physical)
{
	return segment->p_type == PT_LOAD && physical >= segment->p_paddr &&
	       physical - segment->p_paddr < segment->p_memsz;
}

/* The kernel's own code is there twice, and parts of it were freed since: the largest it is. */
static core_segment find_segment(int kcore, uint64_t physical)
{
	core_segment segment, found = { .p_memsz = 0 };
	core_header header;
	int i;

	must_read(kcore, 0, &header, sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		must_read(kcore, header.e_phoff + i * sizeof(segment), &segment,
			  sizeof(segment));
		if (has(&segment, physical) && segment.p_memsz >= found.p_memsz)
			found = segment;
	}
	ck_assert_msg(found.p_memsz, "no linear address for 0x%" PRIx64, physical);
	return found;
}

uint64_t linear_address_of(uint64_t physical)
{
	int kcore = open_kcore();
	core_segment segment = find_segment(kcore, physical);

	close(kcore);
	return segment.p_vaddr + (physical - segment.p_paddr);
}

void read_physical(uint64_t physical, void *to, size_t size)
{
	int kcore = open_kcore();
	core_segment segment = find_segment(kcore, physical);

	must_read(kcore, segment.p_offset + (physical - segment.p_paddr), to, size);
	close(kcore);
}
