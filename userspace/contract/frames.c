// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 1.8: the page frames are those that the lab reports
 */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/checks.h"
#include "shared/core_file.h"

START_TEST(info_is_consistent)
{
	ck_assert_uint_eq(lab.info.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
	ck_assert_uint_gt(lab.info.pages, 0);
	ck_assert_uint_eq(lab.info.size, lab.info.pages * lab.info.page_size);
	ck_assert_uint_eq(lab.info.kernel_addr, kernel_page(0).kernel_addr);
	ck_assert_uint_eq(lab.info.phys_addr,
			  kernel_page(0).pfn * lab.info.page_size);
	ck_assert_uint_eq(!!(lab.info.flags & LAB_INFO_COUNTS_MAPPINGS),
			  can(CAN_COUNT));
	ck_assert_uint_eq(lab.info.reserved, 0);
}
END_TEST

START_TEST(pages_are_neighbours_in_kernel_addresses)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		ck_assert_uint_eq(kernel_page(i).kernel_addr,
				  lab.info.kernel_addr +
				  i * lab.info.page_size);
	if (lab.info.flags & LAB_INFO_CONTIGUOUS)
		ck_assert_msg(frames_are_contiguous(),
			      "LAB_INFO_CONTIGUOUS, but the frames are not");
}
END_TEST

START_TEST(page_tables_name_the_reported_frames)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		uint64_t expected = kernel_page(i).pfn;
		uint64_t found = mapped_pfn(mapped_page(i));

		ck_assert_msg(found == expected, "page %" PRIu64
			      ": expected frame 0x%" PRIx64
			      ", the page table entry holds 0x%" PRIx64, i,
			      expected, found);
	}
}
END_TEST

/*
 * /proc/kcore shows the kernel's virtual memory as the core file of a running
 * system, without asking a lab. Of the linear map it also has the physical
 * address of each segment.
 */
static core_segment find_in_kcore(int kcore, uint64_t addr, size_t size)
{
	core_segment segment;
	core_header header;
	int i;

	ck_assert_int_eq(pread(kcore, &header, sizeof(header), 0),
			 sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		off_t offset = (off_t)(header.e_phoff + i * sizeof(segment));

		ck_assert_int_eq(pread(kcore, &segment, sizeof(segment), offset),
				 sizeof(segment));
		if (segment.p_type == PT_LOAD && addr >= segment.p_vaddr &&
		    addr + size - segment.p_vaddr <= segment.p_memsz)
			return segment;
	}
	ck_abort_msg("0x%" PRIx64 " is no address of the kernel's memory",
		     addr);
}

static void read_kcore(const struct lab_page *page, void *buf, size_t size)
{
	int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	core_segment segment;
	uint64_t distance;

	if (kcore < 0)
		skip("/proc/kcore: %s", strerror(errno));
	segment = find_in_kcore(kcore, page->kernel_addr, size);
	distance = page->kernel_addr - segment.p_vaddr;
	/* 0 and -1 both say that there is no such address. */
	if (segment.p_paddr && segment.p_paddr + 1)
		ck_assert_uint_eq(page->pfn * lab.info.page_size,
				  segment.p_paddr + distance);
	ck_assert_int_eq(pread(kcore, buf, size,
			       (off_t)(segment.p_offset + distance)), size);
	close(kcore);
}

START_TEST(kernel_addresses_hold_the_contents)
{
	uint32_t *words = malloc(lab.info.page_size);
	uint64_t i;

	if (lab.program->not_in_kcore)
		skip("%s", lab.program->not_in_kcore);
	write_pattern(lab.map);
	for (i = 0; i < lab.info.pages; i++) {
		struct lab_page page = kernel_page(i);

		read_kcore(&page, words, lab.info.page_size);
		assert_words(words, lab.page_words, i * lab.page_words,
			     expect_pattern, "/proc/kcore");
	}
	free(words);
}
END_TEST

const struct check frames_checks[] = {
	CHECK(info_is_consistent, CAN_INFO | CAN_PAGE),
	CHECK(pages_are_neighbours_in_kernel_addresses, CAN_INFO | CAN_PAGE),
	CHECK(page_tables_name_the_reported_frames, WRITES | ANY_NODE),
	CHECK(kernel_addresses_hold_the_contents, WRITES | ANY_NODE),
	{ .name = NULL },
};
