// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and buffers for the random calls
 */
#include "ground.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draw.h"
#include "shared/checks.h"

/*
 * Addresses that no kernel of ours chooses by itself: far above the program and
 * the mappings of user-mode Linux, which grow up; far below those of the other
 * architectures, which grow down.
 */
#if __SIZEOF_POINTER__ == 8
#define BUFFERS_AT 0x0f00000000ul
#define ROOM_AT 0x1000000000ul
#else
#define BUFFERS_AT 0x20000000ul
#define ROOM_AT 0x40000000ul
/* Where an mremap() that wraps around unmaps, there must be nothing of ours. */
static_assert(BUFFERS_AT + 0x1000000 < ROOM_AT + MANY_PAGES,
	      "from the room a length that wraps around leads to the buffers");
#endif

const unsigned long room_at = ROOM_AT;

struct ground ground;

static unsigned char *map_buffer(unsigned long at, size_t size, int prot)
{
	void *map = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED_NOREPLACE, -1, 0);

	ck_assert_msg(map == (void *)at, "no memory at 0x%lx: %s", at,
		      strerror(errno));
	return map;
}

/* Does the kernel read a page to which the program has no access? */
static bool kernel_reads_forbidden(void)
{
	size_t page = page_size();
	unsigned char *probe = map_buffer(room_at, page, READ_WRITE);
	bool reads;

	*(volatile unsigned char *)probe = 1;
	mprotect(probe, page, PROT_NONE);
	reads = pwrite(ground.file, probe, 1, 0) == 1;
	munmap(probe, page);
	return reads;
}

/* There is no access to the pages around each buffer. */
static void make_buffers(void)
{
	size_t page = page_size();
	size_t size = model.info.size + page;
	unsigned long at = BUFFERS_AT;
	size_t i;

	ground.size = size;
	ground.forbidden = map_buffer(at, 3 * page + 2 * size + page,
				      PROT_NONE);
	ground.source = ground.forbidden + page;
	ground.target = ground.source + size + page;
	ground.read_only = ground.target + size + page;
	mprotect(ground.source, size, READ_WRITE);
	mprotect(ground.target, size, READ_WRITE);
	mprotect(ground.read_only, page, PROT_READ);
	for (i = 0; i < size; i++)
		ground.source[i] = (unsigned char)draw(256);
	memset(ground.target, 0, size);
}

static void open_descriptors(void)
{
	static const int modes[] = {
		[BY_BOTH] = O_RDWR,
		[BY_READER] = O_RDONLY,
		[BY_WRITER] = O_WRONLY,
	};
	int i;

	for (i = 0; i < DESCRIPTORS; i++) {
		ground.fd[i] = must_open(modes[i]);
		model.position[i] = 0;
	}
	ground.fd[BY_NOBODY] = -1;
}

static void open_file(void)
{
	size_t page = page_size();

	ground.file = memfd_create("random", MFD_CLOEXEC);
	ck_assert_int_ge(ground.file, 0);
	ck_assert_int_eq(ftruncate(ground.file, (off_t)page), 0);
	ground.shown = must_map(ground.file, page, READ_WRITE, MAP_SHARED, 0);
}

void make_ground(void)
{
	open_descriptors();
	open_file();
	make_buffers();
	ground.reads_forbidden = kernel_reads_forbidden();
}

void leave_ground(void)
{
	int i;

	for (i = 0; i < DESCRIPTORS; i++)
		close(ground.fd[i]);
	close(ground.file);
}

/* With @bytes before a page without access. */
static struct buffer buffer_that_ends(size_t bytes)
{
	return (struct buffer){
		.at = ground.target + ground.size - bytes,
		.can_read = bytes,
		.can_write = bytes,
	};
}

struct buffer draw_bad_buffer(size_t size)
{
	const size_t page = page_size();
	/* The last is in the linear map, also as a number of 32 bits. */
	const unsigned long kernels[] = {
		-8ul, -page, (unsigned long)(0xffff8880ull << 32 | 0xd0000000),
	};

	switch (draw(6)) {
	case 0:
		return (struct buffer){ .at = NULL };
	case 1:
		return (struct buffer){ .at = ground.forbidden };
	case 2:
		return (struct buffer){ .at = ground.read_only,
					.can_read = page };
	case 3:
		return (struct buffer){
			.at = (unsigned char *)DRAW_FROM(kernels),
			.kernels = true,
		};
	default:
		return buffer_that_ends(draw(size + 1));
	}
}
