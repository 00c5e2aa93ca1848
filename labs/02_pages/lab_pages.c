// SPDX-License-Identifier: GPL-2.0
/*
 * Whole pages, and the way between virtual and physical addresses
 *
 * __get_free_pages() allocates page frames, in blocks of 1, 2, 4, 8 and so on,
 * each aligned to its size. kmalloc() and vmalloc() take their memory from the
 * same allocator. Its memory lies in the linear map, where for every byte
 *
 *	virtual address - physical address
 *
 * is the same, so each translation is one addition. On x86_64 the difference is
 * PAGE_OFFSET. Old texts say that this is 0xc0000000. Today it is far above
 * any user address, and with KASLR it changes with every boot.
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
 * Allocate: a block of 2^order pages
 *
 * A block has 2^order pages, so five pages cost eight; only the five are
 * mapped. __GFP_ZERO because the frames still hold the bytes of their last
 * owner. By an old custom the result is an unsigned long, and 0, not an ERR_PTR,
 * means that the call failed. Examples that print it with %x and do not check
 * it show half of an address, or hide a failure.
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
 * virt_to_phys() gives the physical address, and phys_to_virt() leads back to
 * the kernel address that the lab reports. Neither looks at a page table. For an
 * address outside of the linear map, such as one from vmalloc(), they still
 * return a number. It means nothing, and only CONFIG_DEBUG_VIRTUAL warns.
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
 * The block is physically contiguous, so its first PFN and a length describe all
 * of it. lab_refuse_mmap() has checked the page offset against the size, so the
 * sum is the PFN of one of our frames. The best-known example passes vm_pgoff
 * itself as the PFN. Its callers can map any page frame of the machine, the
 * kernel's own included.
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
 * Free: the whole block, with the same order
 *
 * free_page() would free the first page and leak the others.
 */
static void lab_pages_give_back(void)
{
	free_pages((unsigned long)lab.view.vaddr, get_order(lab.size));
}

/*
 * The device, and the order in which everything is made and removed
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
