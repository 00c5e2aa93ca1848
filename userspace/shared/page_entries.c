// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries, as our module page_table reads them
 */
#include "page_entries.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fixture.h"

int open_page_table(void)
{
	if (access(PAGE_TABLE, F_OK) &&
	    system("modprobe page_table 2>/dev/null"))
		return -1;
	return open(PAGE_TABLE, O_RDWR | O_CLOEXEC);
}

static struct page_table_entry ask(int fd, unsigned long request, uint64_t addr)
{
	struct page_table_entry entry = { .addr = addr };

	ck_assert_msg(!ioctl(fd, request, &entry),
		      PAGE_TABLE ": address 0x%" PRIx64 ": %s", addr,
		      strerror(errno));
	return entry;
}

struct page_table_entry entry_of(int fd, uint64_t addr)
{
	return ask(fd, PAGE_TABLE_IOC_ENTRY, addr);
}

struct page_table_entry vma_of(int fd, uint64_t addr)
{
	return ask(fd, PAGE_TABLE_IOC_AREA, addr);
}
