// SPDX-License-Identifier: GPL-2.0
/*
 * As many pages as were asked for, and no more
 *
 * The page allocator hands out 2^order pages. alloc_pages_exact() splits such a
 * block into single pages, and frees those at its end that were not asked for.
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
 * Allocate: page frames that follow one another, in the linear map
 */
static int lab_exact_get(void)
{
	void *buffer = alloc_pages_exact(lab.size,
					 GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	if (!buffer) {
		pr_err("lab_exact: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

/*
 * Translate: one subtraction
 */
static void lab_exact_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	void *addr = lab->view.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (unsigned long)addr;
	page->pfn = PHYS_PFN(virt_to_phys(addr));
}

/*
 * Map: a physical range
 *
 * vm_iomap_memory() calculates what to map from the offset and the length of the
 * VMA.
 */
static int lab_exact_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = lab_of(file);
	int err = lab_refuse_mmap(lab, vma);

	if (err)
		return err;

	return vm_iomap_memory(vma, virt_to_phys(lab->view.vaddr), lab->size);
}

/*
 * Free: with the size that was allocated
 */
static void lab_exact_free(void)
{
	free_pages_exact(lab.view.vaddr, lab.size);
}

static const struct file_operations lab_exact_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_exact_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_exact", &lab_exact_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_exact_translate,
};

static int __init lab_exact_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, 1ul << MAX_PAGE_ORDER);
	if (err)
		return err;

	err = lab_exact_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto free;

	return 0;

free:
	lab_exact_free();
	return err;
}

static void __exit lab_exact_exit(void)
{
	lab_unregister(&lab);
	lab_exact_free();
}

module_init(lab_exact_init);
module_exit(lab_exact_exit);

MODULE_DESCRIPTION("kmaplab: alloc_pages_exact(), mapped by vm_iomap_memory()");
MODULE_LICENSE("GPL");
