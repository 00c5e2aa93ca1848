// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: what holds for every lab
 */
#include "lab_test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

static const int READ_WRITE = PROT_READ | PROT_WRITE;

/*
 * Contents
 */

/* Comes first: all later tests write. */
START_TEST(fresh_contents_are_as_documented)
{
	lab.kernel_wrote = true;
	lab_assert_words(lab.map, lab.words, 0, lab_expect_fresh,
			 "user reads a fresh buffer");
}
END_TEST

START_TEST(kernel_fills_user_reads_every_word)
{
	lab_kernel_fills();
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "user reads what the kernel wrote");
}
END_TEST

START_TEST(user_writes_every_word_kernel_checks)
{
	lab_write_pattern(lab.map);
	lab_kernel_checks();
}
END_TEST

/* A check that always says "the same" would pass the test above. */
START_TEST(kernel_check_finds_one_wrong_bit)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	size_t page, step = lab.info.pages / 16 + 1;

	lab_write_pattern(lab.map);
	lab_kernel_finds_a_wrong_bit(0);
	lab_kernel_finds_a_wrong_bit(lab.words - 1);
	for (page = 0; page < lab.info.pages; page += step)
		lab_kernel_finds_a_wrong_bit(page * page_words +
					     lab.seed % page_words);
	lab_kernel_checks();
}
END_TEST

/*
 * read(), write() and llseek()
 */

START_TEST(read_agrees_with_the_mapping)
{
	uint32_t *copy = malloc(lab.info.size);
	size_t half = lab.info.size / 2 + 4;

	lab_write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, copy, lab.info.size, 0), lab.info.size);
	lab_assert_words(copy, lab.words, 0, lab_expect_pattern, "read()");

	/* From the middle, and no further than the end. */
	ck_assert_int_eq(lseek(lab.fd, (off_t)half, SEEK_SET), half);
	ck_assert_int_eq(read(lab.fd, copy, lab.info.size),
			 lab.info.size - half);
	lab_assert_words(copy, lab.words - half / 4, half / 4,
			 lab_expect_pattern, "read() from the middle");
	ck_assert_int_eq(read(lab.fd, copy, lab.info.size), 0);
	free(copy);
}
END_TEST

START_TEST(write_agrees_with_the_mapping)
{
	uint32_t *copy = malloc(lab.info.size);

	lab_write_unguarded(copy);
	ck_assert_int_eq(pwrite(lab.fd, copy, lab.info.size, 0),
			 lab.info.size);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "user reads what write() wrote");
	lab_kernel_checks();
	free(copy);
}
END_TEST

START_TEST(read_and_write_move_single_bytes)
{
	off_t odd = (off_t)lab.info.size - 3;
	unsigned char byte = 0;

	lab_write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, &byte, 1, odd), 1);
	ck_assert_uint_eq(byte, ((volatile unsigned char *)lab.map)[odd]);
	byte ^= 0xff;
	ck_assert_int_eq(pwrite(lab.fd, &byte, 1, odd), 1);
	ck_assert_uint_eq(byte, ((volatile unsigned char *)lab.map)[odd]);
	lab.map[lab.words - 1] = lab_expect_pattern(lab.words - 1);
	lab_kernel_checks();
}
END_TEST

START_TEST(read_and_write_stop_at_the_end)
{
	off_t end = (off_t)lab.info.size;
	char bytes[16] = { 0 };

	ck_assert_int_eq(lseek(lab.fd, 0, SEEK_END), end);
	ck_assert_int_eq(read(lab.fd, bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(write(lab.fd, bytes, sizeof(bytes)), -1);
	ck_assert_int_eq(errno, ENOSPC);
	lab_write_pattern(lab.map);
	ck_assert_int_eq(pwrite(lab.fd, bytes, sizeof(bytes), end - 4), 4);
	ck_assert_uint_eq(lab.map[lab.words - 1], 0);
	ck_assert_uint_eq(lab.map[lab.words - 2],
			  lab_expect_pattern(lab.words - 2));
	ck_assert_int_eq(pread(lab.fd, bytes, 1, INT64_MAX - 1), 0);
	ck_assert_int_eq(pwrite(lab.fd, bytes, 1, INT64_MAX - 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(lseek(lab.fd, end + 1, SEEK_SET), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(lseek(lab.fd, -1, SEEK_SET), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pread(lab.fd, (void *)-4096L, 4, 0), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(read_and_write_stop_where_the_callers_memory_does)
{
	size_t page = lab.info.page_size;
	char *two = mmap(NULL, 2 * page, READ_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(two, MAP_FAILED);
	ck_assert_int_eq(munmap(two + page, page), 0);
	lab_write_pattern(lab.map);
	ck_assert_int_eq(pread(lab.fd, two + page - 16, 100, 0), 16);
	ck_assert_int_eq(pwrite(lab.fd, two + page - 16, 100, 0), 16);
	lab_kernel_checks();
	munmap(two, page);
}
END_TEST

/*
 * More than one view
 */

START_TEST(second_mapping_sees_the_same)
{
	volatile uint32_t *second = lab_map(lab.fd, lab.info.size, READ_WRITE,
					    MAP_SHARED, 0);

	lab_write_pattern(lab.map);
	lab_assert_words(second, lab.words, 0, lab_expect_pattern,
			 "the second mapping reads what the first wrote");
	lab.seed = ~lab.seed;
	lab_write_pattern(second);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "the first mapping reads what the second wrote");
	munmap((void *)second, lab.info.size);
}
END_TEST

START_TEST(second_descriptor_sees_the_same)
{
	int fd = open(lab.path, O_RDWR | O_CLOEXEC);
	volatile uint32_t *second;

	ck_assert_int_ge(fd, 0);
	second = lab_map(fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	lab_write_pattern(second);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "the first descriptor's mapping");
	munmap((void *)second, lab.info.size);
	close(fd);
}
END_TEST

static struct lab_difference *child_found;

static bool child_reads_then_writes(void)
{
	*child_found = lab_find_difference(lab.map, lab.words, 0,
					   lab_expect_pattern);
	lab.seed = ~lab.seed;
	lab_write_pattern(lab.map);
	return !child_found->differ;
}

START_TEST(forked_child_sees_the_same)
{
	child_found = lab_shared(sizeof(*child_found));
	lab_write_pattern(lab.map);
	if (!lab_run_in_child(child_reads_then_writes))
		lab_assert_same(*child_found, "the child reads");
	lab.seed = ~lab.seed;
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "the parent reads what the child wrote");
	lab_kernel_checks();
}
END_TEST

START_TEST(munmap_in_the_middle_keeps_the_rest)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t last = lab.info.pages - 1;

	if (lab.info.pages < 3)
		lab_skip("no middle: load with pages=3 or more");
	lab_write_pattern(lab.map);
	ck_assert_int_eq(munmap((char *)lab.map + lab.info.page_size,
				lab.info.page_size), 0);
	lab_assert_words(lab.map, page_words, 0, lab_expect_pattern,
			 "before the hole");
	lab_assert_words(lab.map + last * page_words, page_words,
			 last * page_words, lab_expect_pattern,
			 "behind the hole");
	lab_kernel_checks();
}
END_TEST

START_TEST(mapping_outlives_the_descriptor)
{
	lab_write_pattern(lab.map);
	close(lab.fd);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "after close()");
	lab.seed = ~lab.seed;
	lab_write_unguarded(lab.map);
	lab.fd = open(lab.path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(lab.fd, 0);
	lab_kernel_checks();
}
END_TEST

/* A driver that frees when a descriptor goes frees for all the others. */
START_TEST(mapping_outlives_another_descriptor)
{
	int fd = open(lab.path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	lab_write_pattern(lab.map);
	ck_assert_int_eq(close(fd), 0);
	lab_kernel_checks();
	lab_kernel_fills();
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "after another descriptor's close()");
}
END_TEST

/*
 * Offsets and lengths
 */

/* The first and the last page of each mapping: all would be pages squared. */
START_TEST(offset_k_shows_page_k)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t last = lab.info.pages - 1;
	uint64_t k;

	lab_kernel_fills();
	for (k = 0; k <= last; k++) {
		uint64_t offset = k * lab.info.page_size;
		size_t length = lab.info.size - offset;
		volatile uint32_t *map = lab_map(lab.fd, length, READ_WRITE,
						 MAP_SHARED, offset);

		lab_assert_words(map, page_words, k * page_words,
				 lab_expect_pattern, "first page of a mapping");
		lab_assert_words(map + (last - k) * page_words, page_words,
				 last * page_words, lab_expect_pattern,
				 "last page of a mapping");
		munmap((void *)map, length);
	}
}
END_TEST

START_TEST(mmap_past_the_end_is_refused)
{
	uint64_t page = lab.info.page_size;
	uint64_t size = lab.info.size;

	lab_assert_refused(mmap(NULL, size + page, READ_WRITE, MAP_SHARED,
				lab.fd, 0),
			   EINVAL, "one page too long");
	lab_assert_refused(mmap(NULL, size + 1, READ_WRITE, MAP_SHARED,
				lab.fd, 0),
			   EINVAL, "one byte too long");
	lab_assert_refused(mmap(NULL, size, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)page),
			   EINVAL, "the whole length from page 1");
	lab_assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)size),
			   EINVAL, "the page after the last");
	lab_assert_refused(mmap(NULL, 2 * page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)(size - page)),
			   EINVAL, "two pages from the last");
}
END_TEST

START_TEST(mmap_of_no_length_is_refused)
{
	lab_assert_refused(mmap(NULL, 0, READ_WRITE, MAP_SHARED, lab.fd, 0),
			   EINVAL, "no length");
}
END_TEST

/*
 * The kernel itself refuses an area that ends beyond the last byte that an
 * offset can name; what lies just below reaches the driver, whose arithmetic
 * must not wrap around to a small number.
 */
START_TEST(mmap_near_the_top_of_the_range_is_refused)
{
	uint64_t page = lab.info.page_size;
	uint64_t top = 0 - page;

	lab_assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)top),
			   EOVERFLOW, "the last page of all offsets");
	lab_assert_refused(mmap(NULL, 2 * page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)top),
			   EOVERFLOW, "two pages from the last");
	lab_assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)(top - page)),
			   EINVAL, "the last page but one of all offsets");
	lab_assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)(1ull << 63)),
			   EINVAL, "offset 2^63");
	lab_assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, lab.fd,
				(off_t)(1ull << 32)),
			   EINVAL, "offset 2^32");
}
END_TEST

START_TEST(mmap_at_an_odd_offset_is_refused)
{
	/* The C library refuses it on the way; ask the kernel. */
	long map = syscall(SYS_mmap, NULL, lab.info.page_size, READ_WRITE,
			   MAP_SHARED, lab.fd, 1L);

	lab_assert_refused(map == -1 ? MAP_FAILED : (void *)map, EINVAL,
			   "offset 1");
}
END_TEST

/*
 * Access
 */

START_TEST(private_mapping_is_refused)
{
	lab_assert_refused(mmap(NULL, lab.info.size, READ_WRITE, MAP_PRIVATE,
				lab.fd, 0),
			   EINVAL, "MAP_PRIVATE");
	lab_assert_refused(mmap(NULL, lab.info.size, PROT_READ, MAP_PRIVATE,
				lab.fd, 0),
			   EINVAL, "MAP_PRIVATE, only to read");
}
END_TEST

START_TEST(executable_mapping_is_refused)
{
	lab_assert_refused(mmap(NULL, lab.info.size, PROT_READ | PROT_EXEC,
				MAP_SHARED, lab.fd, 0),
			   EPERM, "PROT_EXEC");
	ck_assert_int_eq(mprotect((void *)lab.map, lab.info.size,
				  PROT_READ | PROT_EXEC), -1);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

START_TEST(read_only_descriptor_cannot_write)
{
	int fd = open(lab.path, O_RDONLY | O_CLOEXEC);
	struct lab_fill fill = { .seed = 0 };
	volatile uint32_t *map;

	ck_assert_int_ge(fd, 0);
	lab_write_pattern(lab.map);
	map = lab_map(fd, lab.info.size, PROT_READ, MAP_SHARED, 0);
	lab_assert_words(map, lab.words, 0, lab_expect_pattern,
			 "a mapping that can only read");
	ck_assert_int_eq(mprotect((void *)map, lab.info.size, READ_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	lab_assert_refused(mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED,
				fd, 0),
			   EACCES, "PROT_WRITE");
	ck_assert_int_eq(ioctl(fd, LAB_IOC_FILL, &fill), -1);
	ck_assert_int_eq(errno, EBADF);
	munmap((void *)map, lab.info.size);
	close(fd);
}
END_TEST

static volatile uint32_t *readers_map;

static bool store_to_the_readers_map(void)
{
	*readers_map = ~*readers_map;
	return true;
}

/* What the page table allows counts, not what the area's flags say. */
START_TEST(store_through_a_read_only_mapping_kills)
{
	int fd = open(lab.path, O_RDONLY | O_CLOEXEC);
	int status;

	ck_assert_int_ge(fd, 0);
	lab_write_pattern(lab.map);
	readers_map = lab_map(fd, lab.info.size, PROT_READ, MAP_SHARED, 0);
	status = lab_end_of(lab_start_child(store_to_the_readers_map));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
		      "a store: expected SIGSEGV, found status 0x%x", status);
	lab_assert_words(lab.map, lab.words, 0, lab_expect_pattern,
			 "after the store");
	munmap((void *)readers_map, lab.info.size);
	close(fd);
}
END_TEST

START_TEST(write_only_descriptor_cannot_read)
{
	struct lab_check check = { .seed = 0 };
	int fd = open(lab.path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ioctl(fd, LAB_IOC_CHECK, &check), -1);
	ck_assert_int_eq(errno, EBADF);
	lab_assert_refused(mmap(NULL, lab.info.size, PROT_WRITE, MAP_SHARED,
				fd, 0),
			   EACCES, "a mapping of what cannot be read");
	close(fd);
}
END_TEST

START_TEST(node_is_for_its_owner_only)
{
	struct stat node;

	ck_assert_int_eq(fstat(lab.fd, &node), 0);
	ck_assert(S_ISCHR(node.st_mode));
	ck_assert_uint_eq(node.st_mode & 07777, 0600);
}
END_TEST

static bool addresses_are_hidden(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { 0 };
	struct lab_user_page user = { .user_addr = (uintptr_t)lab.map };
	struct lab_page page = { .index = 0 };
	struct lab_info info;

	if (syscall(SYS_capset, &header, none) ||
	    ioctl(lab.fd, LAB_IOC_INFO, &info))
		return false;
	if (info.kernel_addr || info.phys_addr || info.size != lab.info.size)
		return false;
	if (ioctl(lab.fd, LAB_IOC_USER_PAGE, &user) != -1 || errno != EPERM)
		return false;
	return ioctl(lab.fd, LAB_IOC_PAGE, &page) == -1 && errno == EPERM &&
	       !page.kernel_addr && !page.pfn;
}

START_TEST(addresses_are_hidden_without_cap_sys_admin)
{
	ck_assert_msg(lab_run_in_child(addresses_are_hidden),
		      "a process without capabilities learns kernel addresses");
}
END_TEST

/*
 * ioctl()
 */

START_TEST(info_is_consistent)
{
	ck_assert_uint_eq(lab.info.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
	ck_assert_uint_gt(lab.info.pages, 0);
	ck_assert_uint_eq(lab.info.size, lab.info.pages * lab.info.page_size);
	ck_assert_uint_eq(lab.info.kernel_addr, lab_page_at(0).kernel_addr);
	ck_assert_uint_eq(lab.info.phys_addr,
			  lab_page_at(0).pfn * lab.info.page_size);
	ck_assert_uint_eq(lab.info.reserved, 0);
}
END_TEST

START_TEST(pages_are_neighbours_in_kernel_addresses)
{
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++)
		ck_assert_uint_eq(lab_page_at(i).kernel_addr,
				  lab.info.kernel_addr +
				  i * lab.info.page_size);
	if (lab.info.flags & LAB_INFO_CONTIGUOUS)
		ck_assert_msg(lab_frames_are_neighbours(),
			      "LAB_INFO_CONTIGUOUS, but the frames are not");
}
END_TEST

START_TEST(unknown_request_is_refused)
{
	ck_assert_int_eq(ioctl(lab.fd, _IO(LAB_IOC_MAGIC, 0xff)), -1);
	ck_assert_int_eq(errno, ENOTTY);
	/* The number of LAB_IOC_INFO with another size is another request. */
	ck_assert_int_eq(ioctl(lab.fd, _IOR(LAB_IOC_MAGIC, 0, __u32),
			       &lab.info), -1);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(ioctl(lab.fd, 0, NULL), -1);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(bad_pointer_is_refused)
{
	static const unsigned long requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
		LAB_IOC_USER_PAGE,
	};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		ck_assert_int_eq(ioctl(lab.fd, requests[i], NULL), -1);
		ck_assert_int_eq(errno, EFAULT);
		ck_assert_int_eq(ioctl(lab.fd, requests[i], (void *)-8L), -1);
		ck_assert_int_eq(errno, EFAULT);
	}
}
END_TEST

START_TEST(page_out_of_range_is_refused)
{
	const uint64_t wrong[] = { lab.info.pages, lab.info.pages + 1,
				   1ull << 32, 1ull << 52, 1ull << 63,
				   UINT64_MAX };
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct lab_page page = { .index = wrong[i] };

		ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PAGE, &page), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

/*
 * Page frames
 */

START_TEST(page_tables_name_the_reported_frames)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		uint64_t expected = lab_page_at(i).pfn;
		uint64_t found = lab_mapped_pfn(lab.map + i * page_words);

		ck_assert_msg(found == expected, "page %" PRIu64
			      ": expected frame 0x%" PRIx64
			      ", the page table names 0x%" PRIx64, i,
			      expected, found);
	}
}
END_TEST

/*
 * A witness that knows nothing of the labs: /proc/kcore shows the kernel's
 * virtual memory as the core file of a running system. For the linear map it
 * names the physical address, too.
 */
static void kcore_read(const struct lab_page *page, void *buf, size_t size)
{
	uint64_t addr = page->kernel_addr;
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	int i;

	if (fd < 0)
		lab_skip("/proc/kcore: %s", strerror(errno));
	ck_assert_int_eq(pread(fd, &header, sizeof(header), 0),
			 sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		ck_assert_int_eq(pread(fd, &segment, sizeof(segment),
				       (off_t)(header.e_phoff +
					       i * sizeof(segment))),
				 sizeof(segment));
		if (segment.p_type == PT_LOAD && addr >= segment.p_vaddr &&
		    addr + size <= segment.p_vaddr + segment.p_memsz)
			break;
	}
	ck_assert_msg(i < header.e_phnum, "0x%" PRIx64
		      " is no address of the kernel's memory", addr);
	if (segment.p_paddr != UINT64_MAX && segment.p_paddr != 0)
		ck_assert_uint_eq(page->pfn * lab.info.page_size,
				  segment.p_paddr + addr - segment.p_vaddr);
	ck_assert_int_eq(pread(fd, buf, size, (off_t)(segment.p_offset + addr -
						      segment.p_vaddr)),
			 size);
	close(fd);
}

START_TEST(kernel_addresses_hold_the_contents)
{
	size_t page_words = lab.info.page_size / sizeof(uint32_t);
	uint32_t *words = malloc(lab.info.page_size);
	uint64_t i;

	if (!lab.program->in_kcore)
		lab_skip("/proc/kcore shows no ioremap() or memremap() areas");
	lab_write_pattern(lab.map);
	for (i = 0; i < lab.info.pages; i++) {
		struct lab_page page = lab_page_at(i);

		kcore_read(&page, words, lab.info.page_size);
		lab_assert_words(words, page_words, i * page_words,
				 lab_expect_pattern, "/proc/kcore");
	}
	free(words);
}
END_TEST

START_TEST(frame_of_a_foreign_address_is_refused)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)&lab };

	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, &user), -1);
	ck_assert_int_eq(errno, EINVAL);
	user.user_addr = UINT64_MAX;
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, &user), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

const struct lab_test lab_contract[] = {
	LAB_TEST(fresh_contents_are_as_documented),
	LAB_TEST(kernel_fills_user_reads_every_word),
	LAB_TEST(user_writes_every_word_kernel_checks),
	LAB_TEST(kernel_check_finds_one_wrong_bit),
	LAB_TEST(read_agrees_with_the_mapping),
	LAB_TEST(write_agrees_with_the_mapping),
	LAB_TEST(read_and_write_move_single_bytes),
	LAB_TEST(read_and_write_stop_at_the_end),
	LAB_TEST(read_and_write_stop_where_the_callers_memory_does),
	LAB_TEST(second_mapping_sees_the_same),
	LAB_TEST(second_descriptor_sees_the_same),
	LAB_TEST(forked_child_sees_the_same),
	LAB_TEST(munmap_in_the_middle_keeps_the_rest),
	LAB_TEST(mapping_outlives_the_descriptor),
	LAB_TEST(mapping_outlives_another_descriptor),
	LAB_TEST(offset_k_shows_page_k),
	LAB_TEST(mmap_past_the_end_is_refused),
	LAB_TEST(mmap_of_no_length_is_refused),
	LAB_TEST(mmap_near_the_top_of_the_range_is_refused),
	LAB_TEST(mmap_at_an_odd_offset_is_refused),
	LAB_TEST(private_mapping_is_refused),
	LAB_TEST(executable_mapping_is_refused),
	LAB_TEST(read_only_descriptor_cannot_write),
	LAB_TEST(store_through_a_read_only_mapping_kills),
	LAB_TEST(write_only_descriptor_cannot_read),
	LAB_TEST(node_is_for_its_owner_only),
	LAB_TEST(addresses_are_hidden_without_cap_sys_admin),
	LAB_TEST(info_is_consistent),
	LAB_TEST(pages_are_neighbours_in_kernel_addresses),
	LAB_TEST(unknown_request_is_refused),
	LAB_TEST(bad_pointer_is_refused),
	LAB_TEST(page_out_of_range_is_refused),
	LAB_TEST(page_tables_name_the_reported_frames),
	LAB_TEST(kernel_addresses_hold_the_contents),
	LAB_TEST(frame_of_a_foreign_address_is_refused),
	{ .name = NULL },
};
