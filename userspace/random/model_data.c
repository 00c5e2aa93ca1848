// SPDX-License-Identifier: GPL-2.0
/*
 * The model: lseek(), read(), write() and requests
 */
#include "model_data.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab_pattern.h"
#include "shared/fixture.h"

/*
 * lseek(), read(), write()
 */

/* The kernel adds in 64 bits: a sum that wraps around is negative, or too large. */
long model_lseek(enum descriptor by, int64_t offset, int whence)
{
	uint64_t position = (uint64_t)offset;

	if (by == BY_NOBODY)
		return -EBADF;
	if (whence == SEEK_CUR)
		position += (uint64_t)model.position[by];
	else if (whence == SEEK_END)
		position += model.info.size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (position > model.info.size)
		return -EINVAL;
	model.position[by] = (int64_t)position;
	return (long)position;
}

static struct answer exactly(long value)
{
	return (struct answer){ value, value };
}

/* The errors that come before the driver is called. */
static int transfer_error(bool allowed, const struct buffer *buffer,
			  size_t count, int64_t position)
{
	if (position < 0)
		return -EINVAL;
	if (!allowed)
		return -EBADF;
	if (buffer->kernels || count > BEYOND_ALL)
		return -EFAULT;
	return (int64_t)((uint64_t)position + count) < 0 ? -EINVAL : 0;
}

/* Bytes from the position to the end of the memory. */
static size_t left_at(int64_t position)
{
	uint64_t size = model.info.size;

	return (uint64_t)position < size ? size - (uint64_t)position : 0;
}

/* Page by page; the caller's memory has @reach bytes. */
static struct answer transfer(size_t count, size_t reach)
{
	size_t steps = reach / page_size() * page_size();

	if (reach >= count)
		return exactly((long)count);
	if (!reach)
		return exactly(-EFAULT);
	return (struct answer){
		.least = steps ? (long)steps : -EFAULT,
		.most = (long)reach,
	};
}

struct answer model_read(enum descriptor by, const struct buffer *to,
			 size_t count, int64_t position)
{
	size_t left = left_at(position);
	int err = transfer_error(model_readable(by), to, count, position);

	if (err)
		return exactly(err);
	return transfer(count < left ? count : left, to->can_write);
}

struct answer model_write(enum descriptor by, const struct buffer *from,
			  size_t count, int64_t position)
{
	size_t left = left_at(position);
	int err = transfer_error(model_writable(by), from, count, position);

	if (err)
		return exactly(err);
	if (count && !left)
		return exactly(-ENOSPC);
	return transfer(count < left ? count : left, from->can_read);
}

/*
 * Requests
 */

/* Bytes that a request reads and writes; 0 and 0 if there is no such request. */
static size_t read_by(unsigned int request)
{
	switch (request) {
	case LAB_IOC_PAGE:
	case LAB_IOC_FILL:
	case LAB_IOC_CHECK:
	case LAB_IOC_USER_PAGE:
		return _IOC_SIZE(request);
	case LAB_IOC_PRODUCE:
		return can(CAN_RING) ? _IOC_SIZE(request) : 0;
	default:
		return 0;
	}
}

static size_t written_by(unsigned int request)
{
	switch (request) {
	case LAB_IOC_INFO:
	case LAB_IOC_PAGE:
	case LAB_IOC_CHECK:
	case LAB_IOC_USER_PAGE:
		return _IOC_SIZE(request);
	case LAB_IOC_SMALL:
		return can(CAN_SMALL) ? _IOC_SIZE(request) : 0;
	case LAB_IOC_FAULTS:
		return can(CAN_FAULTS) ? _IOC_SIZE(request) : 0;
	case LAB_IOC_PRODUCE:
	case LAB_IOC_RING:
		return can(CAN_RING) ? _IOC_SIZE(request) : 0;
	default:
		return 0;
	}
}

/*
 * Of a VM_PFNMAP mapping the lab reads the page table entry, if there is one, whatever
 * the access. Otherwise it uses get_user_pages(), for reading: the page must be
 * readable, and there, or it arrives now.
 */
static int user_page_error(const struct lab_user_page *user)
{
	struct spot *spot = model_spot(user->user_addr);

	if (!spot || !spot->vma)
		return -EINVAL;
	if (!model.kind->get_user_pages)
		return model.kind->by_fault && !spot->arrived ? -EINVAL : 0;
	if (spot->dropped || !(spot->prot & PROT_READ))
		return -EINVAL;
	spot->arrived = true;
	return 0;
}

/* An argument that could be read, and is wrong. */
static int argument_error(unsigned int request, const void *argument)
{
	const struct lab_produce *produce = argument;
	const struct lab_page *page = argument;

	switch (request) {
	case LAB_IOC_PAGE:
		return page->index < model.info.pages ? 0 : -EINVAL;
	case LAB_IOC_USER_PAGE:
		return user_page_error(argument);
	case LAB_IOC_PRODUCE:
		return produce->count > LAB_PRODUCE_MOST ? -EINVAL : 0;
	default:
		return 0;
	}
}

long model_ioctl(enum descriptor by, unsigned long request_,
		 const struct buffer *arg)
{
	unsigned int request = (unsigned int)request_;
	size_t reads = read_by(request), writes = written_by(request);
	int err;

	if (by == BY_NOBODY)
		return -EBADF;
	if (!reads && !writes)
		return -ENOTTY;
	if (((request == LAB_IOC_FILL || request == LAB_IOC_PRODUCE) &&
	     !model_writable(by)) ||
	    (request == LAB_IOC_CHECK && !model_readable(by)))
		return -EBADF;
	if (reads > arg->can_read)
		return -EFAULT;
	err = argument_error(request, arg->at);
	if (err)
		return err;
	return writes > arg->can_write ? -EFAULT : 0;
}

static uint32_t *words(void)
{
	return (uint32_t *)model.bytes;
}

void model_fill(uint64_t seed)
{
	size_t i;

	for (i = 0; i < model.info.size / sizeof(uint32_t); i++)
		words()[i] = lab_pattern_word(seed, i);
}

void model_check(struct lab_check *check)
{
	size_t i;

	check->offset = LAB_NO_DIFFERENCE;
	check->expected = 0;
	check->found = 0;
	for (i = 0; i < model.info.size / sizeof(uint32_t); i++) {
		uint32_t expected = lab_pattern_word(check->seed, i);

		if (words()[i] == expected)
			continue;
		check->offset = i * sizeof(uint32_t);
		check->expected = expected;
		check->found = words()[i];
		break;
	}
}
