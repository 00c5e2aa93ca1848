// SPDX-License-Identifier: GPL-2.0
/*
 * A ring: the kernel produces records, and a program consumes them
 *
 * perf, packet sockets and io_uring share a ring of records with a program. The
 * kernel writes a record and moves the head; the program reads the record and
 * moves the tail. Neither calls the other. Between tail and head are the records
 * that are there to be read:
 *
 *	0        tail           head         slots
 *	|  free   |   records    |    free     |
 *
 * Head and tail begin again at 0 when they reach the end. If they are equal the ring
 * is empty. So one slot always stays free: otherwise a full ring would look empty.
 */
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "lab_compat.h"
#include "lab_core.h"
#include "lab_pattern.h"

/* A ring is small: a program that does not keep up loses records anyway. */
#define LAB_RING_MOST_PAGES 1024

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the ring in pages (default 4)");

static struct lab lab;

/*
 * What the kernel knows by itself. It all changes under lab.lock. In the header, at
 * the beginning of the memory, are only the copy of head that the program reads, and
 * the tail, which the program writes.
 */
static struct {
	struct page **pages; /* for vm_insert_pages() */
	struct lab_ring_header *header;
	struct lab_record *records; /* behind the header */
	struct lab_ring state;
} ring;

static DECLARE_WAIT_QUEUE_HEAD(lab_ring_readers);

/*
 * Allocate: pages from anywhere, and a list of them
 *
 * A ring needs no physically contiguous memory. The kernel writes through the mapping
 * that vmalloc_user() has made, in which a record can be anywhere; the program's
 * mapping will be made from the list. For nearly all memory the kernel would kill
 * processes, so the lab does not ask for so much.
 */
static int lab_ring_get(void)
{
	unsigned long count = lab.size >> PAGE_SHIFT, i;
	void *view = NULL;

	ring.pages = kvcalloc(count, sizeof(*ring.pages), GFP_KERNEL);
	if (ring.pages && count <= si_mem_available() / 2)
		view = vmalloc_user(lab.size);
	if (!view) {
		pr_err("lab_ring: no memory for %lu pages\n", count);
		kvfree(ring.pages);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++)
		ring.pages[i] = vmalloc_to_page(view + (i << PAGE_SHIFT));
	iosys_map_set_vaddr(&lab.view, view);

	/* The header, and behind it as many slots as there is room for. */
	ring.header = view;
	ring.records = view + sizeof(*ring.header);
	ring.state.slots = (lab.size - sizeof(*ring.header)) /
			   sizeof(*ring.records);
	return 0;
}

/*
 * Translate: from the list
 */
static void lab_ring_translate(const struct lab *lab, unsigned long index,
			       struct lab_page *page)
{
	page->kernel_addr = (unsigned long)lab->view.vaddr +
			    (index << PAGE_SHIFT);
	page->pfn = page_to_pfn(ring.pages[index]);
}

/*
 * Map: a list of pages, in one call
 *
 * vm_insert_pages() takes a reference to each page and makes a VM_MIXEDMAP mapping.
 * It does not look at vm_pgoff, knows nothing of how long the list is, and leaves the
 * other flags to the driver.
 */
static int lab_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);
	unsigned long count = vma_pages(vma);

	if (err)
		return err;

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return vm_insert_pages(vma, vma->vm_start, ring.pages + vma->vm_pgoff,
			       &count);
}

/*
 * Is there room, if the head moves to the next slot?
 *
 * The tail is the program's memory: it can be any number, and another one at the next
 * look. So it is read once, and compared before it is believed.
 *
 * The slot that this look finds free is written to when the record after this one
 * comes. The acquire keeps that write behind the look, and the program's release keeps
 * its reads of the slot before the move of the tail: so they never meet.
 */
static int lab_ring_room(u32 next)
{
	/* The other half is the release of the program's tail. */
	u32 tail = smp_load_acquire(&ring.header->tail);

	if (tail >= ring.state.slots)
		return -EIO;
	return next == tail ? -ENOSPC : 0;
}

/*
 * Publish: first the record, then the head that shows it
 *
 * The release keeps the writes to the record before the write of the head, for the
 * compiler and for the processor. The kernel never reads the head in the header, for
 * the program can write there, too.
 */
static void lab_ring_publish(u32 next)
{
	WRITE_ONCE(ring.state.head, next);
	/* The other half is the program's acquire, before it reads the record. */
	smp_store_release(&ring.header->head, next);
	wake_up_interruptible(&lab_ring_readers);
}

/*
 * Produce a record, or count it as lost
 *
 * A record that nobody has read is never overwritten. The number goes on with each
 * record that is lost, so the program sees how many are missing.
 */
static int lab_ring_produce(struct lab *lab)
{
	u32 next = (ring.state.head + 1) % ring.state.slots;
	u64 number = ring.state.number++;
	int err = lab_ring_room(next);

	if (err) {
		ring.state.lost++;
		return err;
	}
	lab_record_write(&ring.records[ring.state.head], number);
	lab_ring_publish(next);
	return 0;
}

/*
 * Wait: as long as the ring is empty
 *
 * poll_wait() does not wait: it enters the caller in the queue. Only then the ring is
 * looked at, so a record that comes in between wakes the caller up.
 */
static __poll_t lab_ring_poll(struct file *file, poll_table *table)
{
	u32 tail;

	poll_wait(file, &lab_ring_readers, table);
	tail = READ_ONCE(ring.header->tail);
	if (tail >= ring.state.slots)
		return EPOLLERR;
	return tail == READ_ONCE(ring.state.head) ? 0 : EPOLLIN | EPOLLRDNORM;
}

/*
 * A request of this lab only: what the kernel knows of the ring
 */
static long lab_ring_ioctl(struct lab *lab, unsigned int cmd,
			   void __user *arg)
{
	struct lab_ring state;

	if (cmd != LAB_IOC_RING)
		return -ENOTTY;
	if (mutex_lock_killable(&lab->lock))
		return -EINTR;
	state = ring.state;
	state.left = lab->left;
	mutex_unlock(&lab->lock);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

/*
 * Free: the lab's own reference to each page
 */
static void lab_ring_give_back(void)
{
	vfree(lab.view.vaddr);
	kvfree(ring.pages);
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_ring_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_ring_mmap,
	.poll = lab_ring_poll,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_ring", &lab_ring_fops),
	.translate = lab_ring_translate,
	.ioctl = lab_ring_ioctl,
	.produce = lab_ring_produce,
};

static int __init lab_ring_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, LAB_RING_MOST_PAGES);
	if (err)
		return err;

	err = lab_ring_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_ring_give_back();
	return err;
}

static void __exit lab_ring_exit(void)
{
	lab_unregister(&lab);
	lab_ring_give_back();
}

module_init(lab_ring_init);
module_exit(lab_ring_exit);

MODULE_DESCRIPTION("kmaplab: a ring of records, mapped by vm_insert_pages()");
MODULE_LICENSE("GPL");
