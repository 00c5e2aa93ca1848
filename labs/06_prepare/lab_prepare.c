// SPDX-License-Identifier: GPL-2.0
/*
 * mmap_prepare(): say what you want, and let the kernel map it
 *
 * ->mmap() is handed an area in the middle of its making and may do to it what
 * it likes. From 7.2 on that is deprecated. ->mmap_prepare() gets a description
 * of an area that does not exist yet, changes it, and names an action; the
 * kernel checks, makes the area, and does the rest. Everything else here is as
 * in lab_remap, so that the two can be read side by side.
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
 * Get: as lab_remap does, but zeroed by the allocator
 *
 * The way memory is mapped says nothing about the way it is got.
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
 * Count: ->mapped() for the first, ->open() for its copies
 *
 * ->mapped() is new. It is called for the area that mmap() makes, when the
 * action is done and nothing but its own answer can undo the mapping; the parts
 * of a split and the copies of a fork still come to ->open(). It gets no area,
 * only what a driver may want to know of it, and the address of its private
 * pointer.
 *
 * That pointer tells ->close() whether ->mapped() has counted. If the action
 * fails, the area was in its place already, with its operations set: the kernel
 * takes it down by an ordinary unmap, which calls ->close() for an area that
 * ->mapped() has never seen.
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
 * Map: describe it
 *
 * Nothing is mapped when this function returns, and nothing may be counted or
 * allocated in it: the kernel can still fail, and would not say so. For the
 * same reason there is no error of the mapping to be looked at. The operations
 * are set at once, since the kernel installs them in its own time.
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
 * Give back: when the last mapping is long gone
 */
static void lab_prepare_give_back(void)
{
	WARN_ON(atomic_read(&lab.mappings));
	__free_pages(virt_to_page(lab.view.vaddr), get_order(lab.size));
}

/*
 * The device, and the order in which things come and go
 *
 * A driver has .mmap or .mmap_prepare. mmap() refuses a device that has both,
 * with a warning.
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
