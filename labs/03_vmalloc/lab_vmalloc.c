// SPDX-License-Identifier: GPL-2.0
/*
 * vmalloc() memory: virtually contiguous, physically scattered
 *
 * vmalloc() takes single page frames, wherever they are, and builds page table
 * entries that make them neighbours in a part of the kernel's address space
 * kept for the purpose. A large buffer then needs no large hole in RAM. The
 * price: its physical addresses follow from nothing but the page table, so each
 * page has to be looked up, and each has to be mapped on its own.
 */
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static char *how = "range";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "range: remap_vmalloc_range() (default); page: page by page");

static struct lab lab;

/*
 * Get: memory that may be shown to user space
 *
 * vmalloc_user() differs from vmalloc() in two things, both needed here: the
 * memory is zeroed, and it is marked as fit for user space (VM_USERMAP), which
 * remap_vmalloc_range() insists on.
 */
static int lab_vmalloc_get(void)
{
	void *buffer = NULL;

	/* It would have others killed for memory before it gave up itself. */
	if (lab.size >> PAGE_SHIFT <= si_mem_available() / 2)
		buffer = vmalloc_user(lab.size);
	if (!buffer) {
		pr_err("lab_vmalloc: no memory for %zu bytes\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

/*
 * Translate: by the kernel's page table, a page at a time
 *
 * vmalloc_to_pfn() walks the table as the MMU would. virt_to_phys() would
 * return a number here as well, and it would be wrong.
 */
static void lab_vmalloc_translate(const struct lab *lab, unsigned long index,
				  struct lab_page *page)
{
	void *addr = lab->view.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (unsigned long)addr;
	page->pfn = vmalloc_to_pfn(addr);
}

/*
 * Map, the short way
 *
 * remap_vmalloc_range() looks up each page and inserts it with its struct page:
 * the area becomes VM_MIXEDMAP, every mapping holds a reference to its frames,
 * and get_user_pages(), ptrace and pagemap see ordinary pages. So does
 * MADV_DONTNEED: it takes the pages out of the mapping, and since nothing here
 * would put them back, the next access is a SIGBUS.
 */
static int lab_vmalloc_map_range(struct lab *lab, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, lab->view.vaddr, vma->vm_pgoff);
}

/*
 * Map, page by page
 *
 * The same by hand, as it was done before remap_vmalloc_range() existed: one
 * remap_pfn_range() for each page, since the next frame may be anywhere. One
 * call for the whole length would map the first page and then its neighbours
 * in RAM, which belong to somebody else; with a lucky allocation it even seems
 * to work. When a call fails, mmap() unmaps what was mapped before it.
 */
static int lab_vmalloc_map_pages(struct lab *lab, struct vm_area_struct *vma)
{
	void *from = lab->view.vaddr + (vma->vm_pgoff << PAGE_SHIFT);
	unsigned long addr;
	int err;

	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		err = remap_pfn_range(vma, addr, vmalloc_to_pfn(from),
				      PAGE_SIZE, vma->vm_page_prot);
		if (err)
			return err;
		from += PAGE_SIZE;
	}
	return 0;
}

static bool lab_vmalloc_by_page(void)
{
	return !strcmp(how, "page");
}

static int lab_vmalloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = lab_of(file);
	int err = lab_refuse_mmap(lab, vma);

	if (err)
		return err;

	return lab_vmalloc_by_page() ? lab_vmalloc_map_pages(lab, vma) :
				       lab_vmalloc_map_range(lab, vma);
}

/*
 * Give back: the page table entries and the frames
 */
static void lab_vmalloc_give_back(void)
{
	vfree(lab.view.vaddr);
}

/*
 * The device, and the order in which things come and go
 */
static const struct file_operations lab_vmalloc_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_vmalloc_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_vmalloc", &lab_vmalloc_fops),
	.translate = lab_vmalloc_translate,
};

static int __init lab_vmalloc_init(void)
{
	int err;

	if (!lab_vmalloc_by_page() && strcmp(how, "range")) {
		pr_err("lab_vmalloc: how=%s is unknown: range or page\n", how);
		return -EINVAL;
	}

	err = lab_set_size(&lab, pages, totalram_pages() / 2);
	if (err)
		return err;

	err = lab_vmalloc_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_vmalloc_give_back();
	return err;
}

static void __exit lab_vmalloc_exit(void)
{
	lab_unregister(&lab);
	lab_vmalloc_give_back();
}

module_init(lab_vmalloc_init);
module_exit(lab_vmalloc_exit);

MODULE_DESCRIPTION("kmaplab: vmalloc() memory, mapped as a range and by page");
MODULE_LICENSE("GPL");
