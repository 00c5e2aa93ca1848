// SPDX-License-Identifier: GPL-2.0
/*
 * mmap_prepare(): describe the mapping, and let the kernel make it
 *
 * ->mmap() gets a VMA that is only half made, and may change anything in it.
 * From 7.2 on that is deprecated. ->mmap_prepare() gets a description of a VMA
 * that does not exist yet, changes it, and chooses an action. The kernel checks
 * the description, makes the VMA and carries out the action. The rest of this
 * lab is as in lab_remap, so that you can read the two side by side.
 */
#include <linux/gfp.h>
#include <linux/module.h>

#include "lab_compat.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/*
 * Allocate: as lab_remap does, but the allocator clears the pages
 *
 * How memory is allocated does not depend on how it will be mapped.
 */
static int lab_prepare_get(void)
{
	struct page *first;

	first = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
			    get_order(lab.size));
	if (!first) {
		pr_err("lab_prepare: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, page_address(first));
	return 0;
}

/*
 * Translate: through struct page
 */
static void lab_prepare_translate(const struct lab *lab, unsigned long index,
				  struct lab_page *page)
{
	struct page *frame = virt_to_page(lab->view.vaddr) + index;

	page->kernel_addr = (unsigned long)page_address(frame);
	page->pfn = page_to_pfn(frame);
}

/*
 * Count: ->mapped() for the first VMA, ->open() for its copies
 *
 * ->mapped() is new. The kernel calls it for the VMA that mmap() makes, after
 * the action. From then on only an error of ->mapped() itself can undo the
 * mapping. For the parts of a split and the copies of a fork it still calls
 * ->open(). ->mapped() does not get the VMA, only its addresses, page offset and
 * file, and a pointer to its vm_private_data.
 *
 * By that pointer ->close() sees whether ->mapped() has counted this VMA. If the
 * action fails, the VMA is in place already, with its operations set. The kernel
 * then unmaps it like any other and calls ->close(), though it has never called
 * ->mapped().
 */
static int lab_prepare_vm_mapped(unsigned long start, unsigned long end,
				 pgoff_t pgoff, const struct file *file,
				 void **private)
{
	struct lab *lab = lab_of(file);

	*private = lab;
	atomic_inc(&lab->mappings);
	return 0;
}

static void lab_prepare_vm_open(struct vm_area_struct *vma)
{
	atomic_inc(&lab_of(vma->vm_file)->mappings);
}

static void lab_prepare_vm_close(struct vm_area_struct *vma)
{
	if (vma->vm_private_data)
		atomic_dec(&lab_of(vma->vm_file)->mappings);
}

static const struct vm_operations_struct lab_prepare_vm_ops = {
	.mapped = lab_prepare_vm_mapped,
	.open = lab_prepare_vm_open,
	.close = lab_prepare_vm_close,
};

/*
 * Map: describe the mapping
 *
 * When this function returns, nothing is mapped yet. It must not count or
 * allocate anything: the kernel can still fail, and then makes no call in which
 * the driver could undo it. Nor can the function check whether the mapping
 * worked. It sets the operations at once; the kernel installs them when it makes
 * the VMA.
 */
static int lab_prepare_mmap_prepare(struct vm_area_desc *desc)
{
	struct lab *lab = lab_of(desc->file);
	int err = lab_refuse_prepare(lab, desc);
	unsigned long first;

	if (err)
		return err;

	first = page_to_pfn(virt_to_page(lab->view.vaddr));
	mmap_action_remap(desc, desc->start, first + desc->pgoff,
			  vma_desc_size(desc));

	desc->vm_ops = &lab_prepare_vm_ops;
	return 0;
}

/*
 * Free: when no mapping is left
 */
static void lab_prepare_give_back(void)
{
	WARN_ON(atomic_read(&lab.mappings));
	__free_pages(virt_to_page(lab.view.vaddr), get_order(lab.size));
}

/*
 * The device, and the order in which everything is made and removed
 *
 * A driver has .mmap or .mmap_prepare. If it has both, mmap() fails with a
 * warning.
 */
static const struct file_operations lab_prepare_fops = {
	LAB_FILE_OPERATIONS,
	.mmap_prepare = lab_prepare_mmap_prepare,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_prepare", &lab_prepare_fops),
	.flags = LAB_INFO_CONTIGUOUS | LAB_INFO_COUNTS_MAPPINGS,
	.translate = lab_prepare_translate,
};

static int __init lab_prepare_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, 1ul << MAX_PAGE_ORDER);
	if (err)
		return err;

	err = lab_prepare_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_prepare_give_back();
	return err;
}

static void __exit lab_prepare_exit(void)
{
	lab_unregister(&lab);
	lab_prepare_give_back();
}

module_init(lab_prepare_init);
module_exit(lab_prepare_exit);

MODULE_DESCRIPTION("kmaplab: alloc_pages() memory, mapped through mmap_prepare()");
MODULE_LICENSE("GPL");
