// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping's life: from mmap() to the last munmap()
 *
 * A mapping outlives the descriptor that made it. close() leaves it in place,
 * fork() copies it, a munmap() in its middle splits it. The kernel informs the
 * driver by vm_operations: it calls ->open() for each VMA that a copy or a split
 * adds, and ->close() for each that is removed. This lab maps memory of
 * alloc_pages() and counts its VMAs.
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
 * Allocate: once, when the module is loaded
 *
 * alloc_pages() returns the struct page of the first of 2^order frames, and
 * page_address() its address in the linear map. The well-known example allocates
 * in every mmap() and never frees. So each call leaks its pages, and no two
 * callers share a byte. It does not check whether the allocation worked, either.
 *
 * The lab sets every word, so no byte of an earlier owner is left, and a word
 * 0xdeadbeef shows that nobody has written to it yet.
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
 * PFN, struct page and address in the linear map are three names for one page
 * frame, and each leads to the others.
 */
static void lab_remap_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	struct page *frame = virt_to_page(lab->view.vaddr) + index;

	page->kernel_addr = (unsigned long)page_address(frame);
	page->pfn = page_to_pfn(frame);
}

/*
 * Count: the purpose of ->open() and ->close()
 *
 * A driver counts to find out when its memory is no longer mapped. Then it can
 * stop a device that writes to the buffer, or let the buffer's size change. The
 * count does not keep the buffer alive: each VMA holds a reference to its file,
 * the file holds one to the module, and the module owns the buffer.
 *
 * mmap() does not call ->open() for the VMA that it makes. A driver that does not
 * count this one ends at -1. A driver with ->close() but no ->open() counts
 * wrong from the first fork() on.
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
 * If remap_pfn_range() fails, there will be no VMA, and the kernel does not call
 * ->close(). So the lab sets the operations and raises the count afterwards.
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
 * Free: when no mapping is left
 *
 * The kernel calls ->release() when one file is closed and no longer mapped; but
 * all files share the buffer, so others may still map it. A driver that frees it
 * there, or in module_exit without an .owner, frees pages that are still mapped. A
 * process can then read and write the memory of the frames' next owner. Here the
 * count must be zero.
 */
static void lab_remap_give_back(void)
{
	WARN_ON(atomic_read(&lab.mappings));
	__free_pages(virt_to_page(lab.view.vaddr), get_order(lab.size));
}

/*
 * The device, and the order in which everything is made and removed
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
