// SPDX-License-Identifier: GPL-2.0
/*
 * The model: the bytes of the memory, and requests
 */
#include "lab_model.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab_pattern.h"

bool lab_model_readable(enum lab_descriptor by)
{
	return by == BY_BOTH || by == BY_READER;
}

bool lab_model_writable(enum lab_descriptor by)
{
	return by == BY_BOTH || by == BY_WRITER;
}

/*
 * lseek(), read(), write()
 */

/* In 64 bits, as the kernel adds: what wraps around is negative, or too much. */
long lab_model_lseek(enum lab_descriptor by, int64_t offset, int whence)
{
	uint64_t position = (uint64_t)offset;

	if (by == BY_NOBODY)
		return -EBADF;
	if (whence == SEEK_CUR)
		position += (uint64_t)lab_model.position[by];
	else if (whence == SEEK_END)
		position += lab_model.info.size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (position > lab_model.info.size)
		return -EINVAL;
	lab_model.position[by] = (int64_t)position;
	return (long)position;
}

static struct lab_answer exactly(long value)
{
	return (struct lab_answer){ value, value };
}

/* The system call, and vfs_read() or vfs_write(), ask before the driver is. */
static int transfer_error(bool allowed, const struct lab_buffer *buffer,
			  size_t count, int64_t position)
{
	if (position < 0)
		return -EINVAL;
	if (!allowed)
		return -EBADF;
	if (buffer->kernels || count > LAB_BEYOND)
		return -EFAULT;
	return (int64_t)(position + count) < 0 ? -EINVAL : 0;
}

/* Bytes from the position on. */
static size_t left_at(int64_t position)
{
	uint64_t size = lab_model.info.size;

	return (uint64_t)position < size ? size - (uint64_t)position : 0;
}

/* A page is a step; the caller's memory ends @reach bytes behind its start. */
static struct lab_answer transfer(size_t count, size_t reach)
{
	size_t steps = reach / lab_model.info.page_size *
		       lab_model.info.page_size;

	if (reach >= count)
		return exactly((long)count);
	if (!reach)
		return exactly(-EFAULT);
	return (struct lab_answer){
		.least = steps ? (long)steps : -EFAULT,
		.most = (long)reach,
	};
}

struct lab_answer lab_model_read(enum lab_descriptor by,
				 const struct lab_buffer *to, size_t count,
				 int64_t position)
{
	size_t left = left_at(position);
	int err = transfer_error(lab_model_readable(by), to, count, position);

	if (err)
		return exactly(err);
	return transfer(count < left ? count : left, to->can_write);
}

struct lab_answer lab_model_write(enum lab_descriptor by,
				  const struct lab_buffer *from, size_t count,
				  int64_t position)
{
	size_t left = left_at(position);
	int err = transfer_error(lab_model_writable(by), from, count, position);

	if (err)
		return exactly(err);
	if (count && !left)
		return exactly(-ENOSPC);
	return transfer(count < left ? count : left, from->can_read);
}

/*
 * Requests
 */

/* What a request takes and gives, in bytes; 0 and 0: there is no such request. */
static size_t taken_by(unsigned int request)
{
	switch (request) {
	case LAB_IOC_PAGE:
	case LAB_IOC_FILL:
	case LAB_IOC_CHECK:
	case LAB_IOC_USER_PAGE:
		return _IOC_SIZE(request);
	default:
		return 0;
	}
}

static size_t given_by(unsigned int request)
{
	switch (request) {
	case LAB_IOC_INFO:
	case LAB_IOC_PAGE:
	case LAB_IOC_CHECK:
	case LAB_IOC_USER_PAGE:
		return _IOC_SIZE(request);
	case LAB_IOC_SMALL:
		return lab_model.small ? _IOC_SIZE(request) : 0;
	default:
		return 0;
	}
}

/*
 * Frames are read from the page table, whatever the protection. A page is taken
 * hold of as if to be read, so it must be there and be allowed to be.
 */
static int user_page_error(const struct lab_user_page *user)
{
	const struct lab_spot *spot = lab_model_spot(user->user_addr);

	if (!spot || !spot->area)
		return -EINVAL;
	if (lab_model.frames)
		return 0;
	return spot->dropped || !(spot->prot & PROT_READ) ? -EINVAL : 0;
}

/* What is asked for is wrong: of a question that could be read. */
static int question_error(unsigned int request, const void *question)
{
	const struct lab_page *page = question;

	if (request == LAB_IOC_PAGE)
		return page->index < lab_model.info.pages ? 0 : -EINVAL;
	return request == LAB_IOC_USER_PAGE ? user_page_error(question) : 0;
}

long lab_model_ioctl(enum lab_descriptor by, unsigned long request_,
		     const struct lab_buffer *arg)
{
	unsigned int request = (unsigned int)request_;
	size_t taken = taken_by(request), given = given_by(request);
	int err;

	if (by == BY_NOBODY)
		return -EBADF;
	if (!taken && !given)
		return -ENOTTY;
	if ((request == LAB_IOC_FILL && !lab_model_writable(by)) ||
	    (request == LAB_IOC_CHECK && !lab_model_readable(by)))
		return -EBADF;
	if (taken > arg->can_read)
		return -EFAULT;
	err = question_error(request, arg->at);
	if (err)
		return err;
	return given > arg->can_write ? -EFAULT : 0;
}

static uint32_t *words(void)
{
	return (uint32_t *)lab_model.bytes;
}

void lab_model_fill(uint64_t seed)
{
	size_t i;

	for (i = 0; i < lab_model.info.size / sizeof(uint32_t); i++)
		words()[i] = lab_pattern_word(seed, i);
}

void lab_model_check(struct lab_check *check)
{
	size_t i;

	check->offset = LAB_NO_DIFFERENCE;
	check->expected = 0;
	check->found = 0;
	for (i = 0; i < lab_model.info.size / sizeof(uint32_t); i++) {
		uint32_t expected = lab_pattern_word(check->seed, i);

		if (words()[i] == expected)
			continue;
		check->offset = i * sizeof(uint32_t);
		check->expected = expected;
		check->found = words()[i];
		break;
	}
}
