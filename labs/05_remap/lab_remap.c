// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping's life: from mmap() to the last munmap()
 *
 * A mapping outlives the descriptor that made it. close() leaves it in place,
 * fork() doubles it, a munmap() in its middle splits it. The kernel tells the
 * driver through vm_operations: ->open() for each new area that was copied from
 * one of ours, ->close() for each that goes. This lab maps alloc_pages() memory
 * and keeps count.
 */
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/string.h>

#include "lab_compat.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/*
 * Get: once, when the module loads
 *
 * alloc_pages() returns the struct page that describes the first of 2^order
 * frames; page_address() finds it in the linear map, where the kernel can
 * reach it. The well-known example allocates anew in every mmap() and never
 * frees, so that each call leaks its pages and no two callers share a byte;
 * nor does it look whether the allocation worked.
 *
 * Every word is set, so no byte of an earlier owner is left to be seen, and a
 * reader who finds 0xdeadbeef knows that nobody has written yet.
 */
static int lab_remap_get(void)
{
	struct page *first;

	first = alloc_pages(GFP_KERNEL | __GFP_NOWARN, get_order(lab.size));
	if (!first) {
		pr_err("lab_remap: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	memset32(page_address(first), LAB_REMAP_FRESH_WORD,
		 lab.size / sizeof(u32));
	iosys_map_set_vaddr(&lab.view, page_address(first));
	return 0;
}

/*
 * Translate: through struct page
 *
 * Frame number, struct page and linear address are three names for one frame,
 * and each leads to the others.
 */
static void lab_remap_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	struct page *frame = virt_to_page(lab->view.vaddr) + index;

	page->kernel_addr = (unsigned long)page_address(frame);
	page->pfn = page_to_pfn(frame);
}

/*
 * Count: what ->open() and ->close() are for
 *
 * A driver needs this to know when nobody looks any more: to stop a device that
 * writes into the buffer, or to allow its size to change. It is not what keeps
 * the buffer alive: each area holds its file, the file holds the module, and
 * the module holds the buffer.
 *
 * mmap() itself does not call ->open() for the area that it makes. A driver
 * that forgets the first one counts to -1; one that has ->close() but no
 * ->open() loses count at the first fork().
 */
static void lab_remap_vm_open(struct vm_area_struct *vma)
{
	atomic_inc(&lab_of(vma->vm_file)->mappings);
}

static void lab_remap_vm_close(struct vm_area_struct *vma)
{
	atomic_dec(&lab_of(vma->vm_file)->mappings);
}

static const struct vm_operations_struct lab_remap_vm_ops = {
	.open = lab_remap_vm_open,
	.close = lab_remap_vm_close,
};

/*
 * Map: count only what was mapped
 *
 * If remap_pfn_range() fails the area never comes to be and ->close() is not
 * called for it: so the operations are set, and the count is raised, after.
 */
static int lab_remap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = lab_of(file);
	int err = lab_refuse_mmap(lab, vma);
	unsigned long first;

	if (err)
		return err;

	first = page_to_pfn(virt_to_page(lab->view.vaddr));
	err = remap_pfn_range(vma, vma->vm_start, first + vma->vm_pgoff,
			      vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (err)
		return err;

	vma->vm_ops = &lab_remap_vm_ops;
	lab_remap_vm_open(vma);
	return 0;
}

/*
 * Give back: when the last mapping is long gone
 *
 * Drivers that free in ->release() of the file, or in module_exit without an
 * .owner, free pages that are still mapped: the next owner of the frames then
 * shares them with a stranger's user space. Here the count must be zero.
 */
static void lab_remap_give_back(void)
{
	WARN_ON(atomic_read(&lab.mappings));
	__free_pages(virt_to_page(lab.view.vaddr), get_order(lab.size));
}

/*
 * The device, and the order in which things come and go
 */
static const struct file_operations lab_remap_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_remap_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_remap", &lab_remap_fops),
	.flags = LAB_INFO_CONTIGUOUS | LAB_INFO_COUNTS_MAPPINGS,
	.translate = lab_remap_translate,
};

static int __init lab_remap_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, 1ul << MAX_PAGE_ORDER);
	if (err)
		return err;

	err = lab_remap_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_remap_give_back();
	return err;
}

static void __exit lab_remap_exit(void)
{
	lab_unregister(&lab);
	lab_remap_give_back();
}

module_init(lab_remap_init);
module_exit(lab_remap_exit);

MODULE_DESCRIPTION("kmaplab: alloc_pages() memory and the life of its mappings");
MODULE_LICENSE("GPL");
