// SPDX-License-Identifier: GPL-2.0
/*
 * What a program may have the device copy
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "dma_stream.h"
#include "edu_dma.h"
#include "lab_core.h"

/*
 * Refuse: what lies outside
 *
 * The device has no page tables and asks nobody. A program that could choose address and
 * length freely could have it copy from and to all memory that it reaches. Both ranges are
 * checked by a subtraction, so that nothing can wrap.
 */
static int edu_dma_refuse(const struct lab *lab, const struct lab_dma *dma,
			  fmode_t mode)
{
	bool to_device = dma->direction == LAB_DMA_TO_DEVICE;

	if (dma->direction > LAB_DMA_FROM_DEVICE ||
	    dma->wait_ms > LAB_DMA_MOST_WAIT)
		return -EINVAL;
	if (dma->count > LAB_DMA_INSIDE ||
	    dma->inside > LAB_DMA_INSIDE - dma->count)
		return -EINVAL;
	if (dma->count > lab->size || dma->offset > lab->size - dma->count)
		return -EINVAL;
	return mode & (to_device ? FMODE_READ : FMODE_WRITE) ? 0 : -EBADF;
}

/*
 * Lend, copy, take back
 *
 * Memory of a streaming kind belongs to the device while it copies. Coherent memory belongs to
 * both all the time, and for it dma_stream_lend() and dma_stream_take_back() do nothing. If a
 * request gives up waiting, the device keeps what it was lent. When it is done, the next
 * request takes that back.
 */
static int edu_dma_lend_and_copy(const struct lab_dma *dma,
				 const struct edu_copy *copy)
{
	int err;

	if (!copy->count)
		return 0;
	if (edu_dma_is_copying())
		return -EBUSY;
	dma_stream_take_back();
	dma_stream_lend(dma->offset, dma->count);
	err = edu_dma_copy(copy);
	if (!err)
		dma_stream_take_back();
	return err;
}

/*
 * Have the device copy
 *
 * The device gets its own address of the first byte. Within one allocation its addresses
 * follow one another, as the kernel's do, so the offset is added. Such an address is neither
 * a page frame number, to be shifted, nor a pointer.
 */
static int edu_dma_in_turn(struct lab *lab, dma_addr_t first,
			   struct lab_dma *dma)
{
	struct edu_copy copy = {
		.address = first + dma->offset,
		.inside = dma->inside,
		.count = dma->count,
		.to_device = dma->direction == LAB_DMA_TO_DEVICE,
		.wait_ms = dma->wait_ms,
	};
	int err = mutex_lock_interruptible(&lab->lock);

	if (err)
		return err;
	err = edu_dma_lend_and_copy(dma, &copy);
	mutex_unlock(&lab->lock);
	dma->address = capable(CAP_SYS_ADMIN) ? copy.address : 0;
	return err;
}

/**
 * edu_dma_request - answer LAB_IOC_DMA
 * @lab: the lab whose memory it is about
 * @first: the device's address of the first byte
 * @mode: what the file was opened for
 * @argp: a struct lab_dma of the program
 *
 * Locking: takes the lab's lock for as long as it waits for the device.
 *
 * Return: 0, or an error that lab.h lists.
 */
long edu_dma_request(struct lab *lab, dma_addr_t first, fmode_t mode,
		     void __user *argp)
{
	struct lab_dma dma;
	int err;

	if (copy_from_user(&dma, argp, sizeof(dma)))
		return -EFAULT;
	err = edu_dma_refuse(lab, &dma, mode);
	if (!err)
		err = edu_dma_in_turn(lab, first, &dma);
	if (!err && copy_to_user(argp, &dma, sizeof(dma)))
		err = -EFAULT;
	return err;
}
EXPORT_SYMBOL_GPL(edu_dma_request);

MODULE_DESCRIPTION("kmaplab: requests to copy, for lab_dma");
MODULE_LICENSE("GPL");
