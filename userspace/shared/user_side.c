// SPDX-License-Identifier: GPL-2.0
/*
 * The memory as this process has mapped it
 */
#include "user_side.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compare.h"
#include "driver.h"
#include "fixture.h"
#include "kernel_side.h"

/*
 * Mappings
 */

int open_device(int mode)
{
	if (is_driver() && driver.buffers)
		return driver.buffers(mode);
	return open(lab.path, mode | O_CLOEXEC);
}

int must_open(int mode)
{
	int fd = open_device(mode);

	ck_assert_msg(fd >= 0, "cannot open %s: %s", lab.path, strerror(errno));
	return fd;
}

void *must_map(int fd, size_t length, int prot, int flags, uint64_t offset)
{
	void *map = mmap(NULL, length, prot, flags, fd, (off_t)offset);

	if (map == MAP_FAILED)
		ck_abort_msg("mmap of 0x%zx bytes at offset 0x%" PRIx64
			     " failed: %s", length, offset, strerror(errno));
	return map;
}

long raw_mmap(unsigned long addr, unsigned long length, int prot, int flags,
	      int fd, unsigned long offset)
{
#ifdef __i386__
	/* This call is from the time when it could have but one argument. */
	const unsigned long arguments[] = {
		addr, length, prot, flags, fd, offset,
	};

	return syscall(SYS_mmap, arguments);
#else
	return syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
#endif
}

void must_unmap(volatile void *map, size_t length)
{
	if (munmap((void *)map, length))
		ck_abort_msg("munmap of 0x%zx bytes failed: %s", length,
			     strerror(errno));
}

void *before_a_hole(const void *bytes, size_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = must_map(-1, 2 * page, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);

	must_unmap(map + page, page);
	return memcpy(map + page - count, bytes, count);
}

void assert_refused(void *map, int expected_errno, const char *what)
{
	int found_errno = errno;

	if (map != MAP_FAILED)
		ck_abort_msg("%s: it was accepted, expected %s", what,
			     strerrorname_np(expected_errno));
	/* Which error another driver answers is its own affair. */
	if (found_errno != expected_errno && is_driver())
		return;
	if (found_errno != expected_errno)
		ck_abort_msg("%s: expected %s, found %s", what,
			     strerrorname_np(expected_errno),
			     strerrorname_np(found_errno));
}

volatile uint32_t *mapped_page(uint64_t page)
{
	return lab.map + page * lab.page_words;
}

/* mincore() fails with ENOMEM where nothing is mapped. */
bool is_mapped(volatile void *page)
{
	unsigned char in_core;

	return !mincore((void *)page, lab.info.page_size, &in_core);
}

void *find_room(size_t length)
{
	void *room = mmap(NULL, length, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_msg(room != MAP_FAILED, "no 0x%zx bytes of addresses: %s",
		      length, strerror(errno));
	ck_assert_int_eq(munmap(room, length), 0);
	return room;
}

/*
 * Page tables
 */

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define PAGEMAP_PFN_MASK ((1ull << 55) - 1)

static uint64_t pagemap_entry(const volatile void *addr)
{
	/* A descriptor that was opened before a fork() shows the parent. */
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;
	off_t offset = (off_t)((uintptr_t)addr / lab.info.page_size *
			       sizeof(entry));

	ck_assert_msg(fd >= 0, "/proc/self/pagemap: %s", strerror(errno));
	ck_assert_int_eq(pread(fd, &entry, sizeof(entry), offset),
			 sizeof(entry));
	close(fd);
	return entry;
}

/*
 * pagemap shows no frames of a VM_PFNMAP mapping, so the lab looks up the page
 * table entry. Where pagemap has a frame, it must be the same. A mapping of another node than
 * the lab's it does not look at.
 */
uint64_t mapped_pfn(const volatile uint32_t *addr)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)addr };
	uint64_t entry;

	(void)*addr;
	if (is_driver() || lab.program->map) {
		ck_assert_msg(find_frame(addr, &entry),
			      "a page that was read has no page table entry");
		return entry;
	}
	must_ioctl(LAB_IOC_USER_PAGE, &user, "LAB_IOC_USER_PAGE");
	entry = pagemap_entry(addr);
	if (entry & PAGEMAP_PRESENT)
		ck_assert_uint_eq(entry & PAGEMAP_PFN_MASK, user.pfn);
	else
		ck_assert_uint_eq(entry & PAGEMAP_PFN_MASK, 0);
	return user.pfn;
}

/* To ask for the frame of a page that get_user_pages() finds would fetch it. */
bool has_entry(const volatile uint32_t *addr)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)addr };
	uint64_t frame;

	if (mapping_kind()->get_user_pages)
		return pagemap_entry(addr) & PAGEMAP_PRESENT;
	if (is_driver())
		return find_frame(addr, &frame);
	return !ioctl(lab.fd, LAB_IOC_USER_PAGE, &user);
}

void assert_pages(uint64_t first, uint64_t count, const char *which)
{
	uint64_t i;

	assert_words(mapped_page(first), count * lab.page_words,
		     first * lab.page_words, expect_pattern, which);
	for (i = first; i < first + count; i++)
		ck_assert_msg(mapped_pfn(mapped_page(i)) == kernel_page(i).pfn,
			      "%s: page %" PRIu64 " has moved", which, i);
}

/*
 * Writing
 */

/*
 * A driver that maps the wrong frames shows us memory of the guest's kernel: a
 * write there would end in a hang and not in a verdict.
 */
static void refuse_to_write_to_foreign_frames(volatile uint32_t *map)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		if (mapped_pfn(map + i * lab.page_words) == kernel_page(i).pfn)
			continue;
		if (is_driver())
			skip("two mappings have other frames: 1.4 is about them");
		ck_abort_msg("page %" PRIu64
				     " of the mapping is not a frame of the lab: nothing is written there",
				     i);
	}
}

void write_unguarded(volatile uint32_t *words)
{
	size_t i;

	lab.kernel_wrote = false;
	for (i = 0; i < lab.words; i++)
		words[i] = expect_pattern(i);
}

void write_pattern(volatile uint32_t *words)
{
	refuse_to_write_to_foreign_frames(words);
	write_unguarded(words);
}

/*
 * The VMA
 */

void read_smaps(const volatile void *addr, const char *key, char *text,
		size_t size)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool inside = false;
	char line[512];

	ck_assert_msg(smaps, "/proc/self/smaps: %s", strerror(errno));
	*text = '\0';
	while (fgets(line, sizeof(line), smaps)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = from <= (uintptr_t)addr &&
				 (uintptr_t)addr < to;
		else if (inside && !strncmp(line, key, strlen(key)))
			snprintf(text, size, "%s", line + strlen(key));
	}
	fclose(smaps);
	ck_assert_msg(*text, "/proc/self/smaps has no line %s", key);
}

bool has_vm_flag(const char *flags, const char *flag)
{
	for (; *flags && *flags != '\n'; flags += 3)
		if (!strncmp(flags, flag, 2))
			return true;
	return false;
}
