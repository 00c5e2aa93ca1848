// SPDX-License-Identifier: GPL-2.0
/*
 * Whole pages, and the way between virtual and physical addresses
 *
 * __get_free_pages() hands out page frames themselves, by powers of two, each
 * block aligned to its size. It is where kmalloc() and vmalloc() get theirs.
 * Its memory lies in the linear map, where for every byte
 *
 *	virtual address - physical address
 *
 * is the same, so both directions of translation are one addition. On x86_64
 * the difference is PAGE_OFFSET. Old texts give that as 0xc0000000; today it is
 * far above any user address and, with KASLR, another one after every boot.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>

#include "lab_compat.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/*
 * Get: a block of 2^order pages
 *
 * The allocator counts in orders, so five pages cost eight; only the five are
 * mapped. __GFP_ZERO because frames come with the bytes of their last owner.
 * The result is an unsigned long by an old custom, and 0, not an ERR_PTR, says
 * that there is none: examples that print it unchecked, with %x, show half of
 * an address or a failure that nobody notices.
 */
static int lab_pages_get(void)
{
	unsigned long buffer;

	buffer = __get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
				  get_order(lab.size));
	if (!buffer) {
		pr_err("lab_pages: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, (void *)buffer);
	return 0;
}

/*
 * Translate: there and back
 *
 * virt_to_phys() on the way there, phys_to_virt() on the way back: the address
 * that is reported has made the round trip. Neither looks at a page table.
 * Given an address outside of the linear map, of vmalloc() for one, they still
 * compute something, and only CONFIG_DEBUG_VIRTUAL warns that it is nonsense.
 */
static void lab_pages_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	phys_addr_t phys = virt_to_phys(lab->view.vaddr +
					(index << PAGE_SHIFT));

	page->pfn = PHYS_PFN(phys);
	page->kernel_addr = (unsigned long)phys_to_virt(phys);
}

/*
 * Map: one call for the block
 *
 * The frames are neighbours, so the first one's number and a length name them
 * all. The offset that user space asked for has been checked against the size;
 * it selects a frame of ours. A handler that passes vm_pgoff on as the frame
 * number itself, as the best-known example does, maps whatever physical page
 * its caller names, the kernel's own included.
 */
static int lab_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = lab_of(file);
	int err = lab_refuse_mmap(lab, vma);
	unsigned long first;

	if (err)
		return err;

	first = PHYS_PFN(virt_to_phys(lab->view.vaddr));
	return remap_pfn_range(vma, vma->vm_start, first + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/*
 * Give back: with the order that was got
 *
 * free_page() here would free the first page and leak the rest.
 */
static void lab_pages_give_back(void)
{
	free_pages((unsigned long)lab.view.vaddr, get_order(lab.size));
}

/*
 * The device, and the order in which things come and go
 */
static const struct file_operations lab_pages_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_pages_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_pages", &lab_pages_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_pages_translate,
};

static int __init lab_pages_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, 1ul << MAX_PAGE_ORDER);
	if (err)
		return err;

	err = lab_pages_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_pages_give_back();
	return err;
}

static void __exit lab_pages_exit(void)
{
	lab_unregister(&lab);
	lab_pages_give_back();
}

module_init(lab_pages_init);
module_exit(lab_pages_exit);

MODULE_DESCRIPTION("kmaplab: __get_free_pages() and the linear map");
MODULE_LICENSE("GPL");
