// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 8.3: a 32-bit program gets the same answers
 *
 * On x86_64 any program can make the system calls of a 32-bit one, by "int $0x80".
 * The kernel then takes 32 bits of each argument, and calls ->compat_ioctl(). On
 * 32-bit x86 this is a 32-bit program itself, and the numbers are the same.
 */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/checks.h"

#if defined(__x86_64__) || defined(__i386__)
/* arch/x86/entry/syscalls/syscall_32.tbl */
enum call32 {
	READ32 = 3, GETPID32 = 20, IOCTL32 = 54, LLSEEK32 = 140,
	PREAD32 = 180, PWRITE32 = 181, MMAP32 = 192,
};

#ifdef __i386__
#define LOW_MEMORY 0xa0000000ul
/* From this offset on a 32-bit kernel does not ask the driver. */
#define BEYOND_4_GIB (-EOVERFLOW)

static long call32(enum call32 number, uint32_t one, uint32_t two,
		   uint32_t three, uint32_t four, uint32_t five, uint32_t six)
{
	long answer = syscall(number, one, two, three, four, five, six);

	return answer == -1 ? -errno : answer;
}
#else
#define LOW_MEMORY 0xe0000000ul
#define BEYOND_4_GIB (-EINVAL)

/* The sixth argument goes where the compiler may keep its frame. */
static long call32(enum call32 number, uint32_t one, uint32_t two,
		   uint32_t three, uint32_t four, uint32_t five, uint32_t six)
{
	register uint64_t sixth asm("r12") = six;
	long answer = number;

	asm volatile("lea -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "mov %%r12, %%rbp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "lea 128(%%rsp), %%rsp"
		     : "+a" (answer)
		     : "b" (one), "c" (two), "d" (three), "S" (four),
		       "D" (five), "r" (sixth)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int32_t)answer;
}
#endif

/* Elsewhere the number means another call, or the instruction ends the program. */
static bool is_understood(void)
{
	return call32(GETPID32, 0, 0, 0, 0, 0, 0) == getpid();
}

static void require_32_bits(void)
{
	int status = status_of(start_child(is_understood));

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		skip("the kernel runs no 32-bit programs");
}

static size_t low_size(void)
{
	return lab.info.page_size;
}

/*
 * Memory that 32 bits can name, above 2 GiB: as a signed number its address would be
 * a negative one.
 */
static void *low_memory(void)
{
	void *at = (void *)LOW_MEMORY;
	void *map = mmap(at, low_size(), READ_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0);

	ck_assert_msg(map == at, "no memory at %p: %s", at, strerror(errno));
	return map;
}

static long ioctl32(unsigned long request, void *arg)
{
	return call32(IOCTL32, lab.fd, request, (uintptr_t)arg, 0, 0, 0);
}

static void answers_are_the_same(void *low, uint64_t index)
{
	struct lab_page page = kernel_page(index), *page32 = low;
	struct lab_user_page *user32 = low;

	*page32 = (struct lab_page){ .index = index };
	ck_assert_int_eq(ioctl32(LAB_IOC_PAGE, page32), 0);
	ck_assert_mem_eq(page32, &page, sizeof(page));

	/* Some pages are mapped only after a touch. */
	(void)*mapped_page(index);
	/* The address is of 64 bits, since the structure is the same. */
	*user32 = (struct lab_user_page){
		.user_addr = (uintptr_t)mapped_page(index),
	};
	ck_assert_int_eq(ioctl32(LAB_IOC_USER_PAGE, user32), 0);
	ck_assert_uint_eq(user32->pfn, page.pfn);
}

static void contents_are_the_same(void *low)
{
	struct lab_fill *fill = low;
	struct lab_check *check = low;

	fill->seed = lab.seed;
	ck_assert_int_eq(ioctl32(LAB_IOC_FILL, fill), 0);
	lab.kernel_wrote = true;
	assert_words(lab.map, lab.words, 0, expect_pattern,
		     "after a fill by a 32-bit caller");
	lab.map[lab.words - 1] ^= 1;
	check->seed = lab.seed;
	ck_assert_int_eq(ioctl32(LAB_IOC_CHECK, check), 0);
	ck_assert_uint_eq(check->offset, lab.info.size - sizeof(uint32_t));
	ck_assert_uint_eq(check->found, lab.map[lab.words - 1]);
	lab.map[lab.words - 1] ^= 1;
}

START_TEST(requests_of_a_32_bit_program_are_the_same)
{
	struct lab_info info;
	void *low;
	uint64_t i;

	require_32_bits();
	low = low_memory();
	must_ioctl(LAB_IOC_INFO, &info, "LAB_IOC_INFO");
	ck_assert_int_eq(ioctl32(LAB_IOC_INFO, low), 0);
	ck_assert_mem_eq(low, &info, sizeof(info));
	for (i = 0; i < lab.info.pages; i++)
		answers_are_the_same(low, i);
	contents_are_the_same(low);
	if (can(CAN_SMALL))
		ck_assert_int_eq(ioctl32(LAB_IOC_SMALL, low), 0);

	ck_assert_int_eq(ioctl32(_IO(LAB_IOC_MAGIC, 0xff), low), -ENOTTY);
	for (i = 0; i < REQUESTS; i++) {
		if (!can(requests[i].operation))
			continue;
		ck_assert_int_eq(ioctl32(requests[i].number, NULL), -EFAULT);
		ck_assert_int_eq(ioctl32(requests[i].number, (void *)-8l),
				 -EFAULT);
	}
	must_unmap(low, low_size());
}
END_TEST

/* mmap2() counts its offset in pages. */
static long map32(uint32_t length, uint32_t page)
{
	return call32(MMAP32, 0, length, READ_WRITE, MAP_SHARED, lab.fd, page);
}

static bool is_error(long answer)
{
	return answer < 0 && answer > -4096;
}

static void pages_are_the_same(void)
{
	uint64_t page;

	for (page = 0; page < lab.info.pages; page++) {
		uint32_t length = lab.info.size - page * lab.info.page_size;
		long at = map32(length, page);

		ck_assert_msg(!is_error(at), "mmap2() of page %" PRIu64 ": %s",
			      page, strerror((int)-at));
		assert_words((uint32_t *)(uintptr_t)(uint32_t)at,
			     length / sizeof(uint32_t), page * lab.page_words,
			     expect_pattern, "a mapping of a 32-bit caller");
		must_unmap((void *)(uintptr_t)(uint32_t)at, length);
	}
	/* Offsets of 2^32 bytes, of 2^43, and of nearly 2^44. */
	ck_assert_int_eq(map32(lab.info.page_size, 1u << 20), BEYOND_4_GIB);
	ck_assert_int_eq(map32(lab.info.page_size, 1u << 31), BEYOND_4_GIB);
	ck_assert_int_eq(map32(lab.info.page_size, ~0u), BEYOND_4_GIB);
	ck_assert_int_eq(map32(lab.info.size + lab.info.page_size, 0),
			 -EINVAL);
}

static long move32(enum call32 call, void *low, uint64_t offset)
{
	return call32(call, lab.fd, (uintptr_t)low, 4, (uint32_t)offset,
		      offset >> 32, 0);
}

static void bytes_are_the_same(uint32_t *low)
{
	uint64_t size = lab.info.size;

	ck_assert_int_eq(move32(PREAD32, low, size - 4), 4);
	ck_assert_uint_eq(*low, lab.map[lab.words - 1]);
	*low = ~*low;
	ck_assert_int_eq(move32(PWRITE32, low, size - 4), 4);
	ck_assert_uint_eq(lab.map[lab.words - 1], *low);
	ck_assert_int_eq(move32(PREAD32, low, 1ull << 32), 0);
	ck_assert_int_eq(move32(PWRITE32, low, 1ull << 32), -ENOSPC);
	ck_assert_int_eq(call32(LLSEEK32, lab.fd, 0, size, (uintptr_t)low,
				SEEK_SET, 0), 0);
	ck_assert_int_eq(call32(LLSEEK32, lab.fd, 1, 0, (uintptr_t)low,
				SEEK_SET, 0), -EINVAL);
	ck_assert_int_eq(call32(READ32, lab.fd, (uintptr_t)low, 4, 0, 0, 0),
			 0);
}

START_TEST(memory_of_a_32_bit_program_is_the_same)
{
	void *low;

	require_32_bits();
	write_pattern(lab.map);
	pages_are_the_same();
	low = low_memory();
	bytes_are_the_same(low);
	must_unmap(low, low_size());
}
END_TEST
#else
START_TEST(requests_of_a_32_bit_program_are_the_same)
{
	skip("only on x86 can this program call as a 32-bit one");
}
END_TEST

START_TEST(memory_of_a_32_bit_program_is_the_same)
{
	skip("only on x86 can this program call as a 32-bit one");
}
END_TEST
#endif

const struct check caller32_checks[] = {
	THOROUGH_CHECK(requests_of_a_32_bit_program_are_the_same,
		       WRITES | CAN_FILL | CAN_CHECK),
	THOROUGH_CHECK(memory_of_a_32_bit_program_is_the_same,
		       WRITES | CAN_READ | CAN_WRITE | CAN_LLSEEK),
	{ .name = NULL },
};
