// SPDX-License-Identifier: GPL-2.0
/*
 * vmalloc() memory: virtually contiguous, physically scattered
 *
 * vmalloc() takes page frames from anywhere in RAM and maps them one after
 * another in the vmalloc space. So a large buffer does not need a large
 * free block of RAM. The price: only the page table says where each page is, so
 * a driver has to look up every page and map it on its own.
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
 * Allocate: memory that may be mapped to user space
 *
 * vmalloc_user() differs from vmalloc() in two things, and the lab needs both:
 * it clears the memory, and it marks it as fit for user space (VM_USERMAP).
 * remap_vmalloc_range() refuses memory without that mark.
 *
 * From 7.2 on vmalloc_user() asks for the largest blocks of page frames first, so
 * four pages are one physically contiguous block. Seven pages take blocks of 4, 2
 * and 1, which is why the checks load the lab with pages=7.
 */
static int lab_vmalloc_get(void)
{
	void *buffer = NULL;

	/* For nearly all memory the kernel would kill processes. */
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
 * vmalloc_to_pfn() walks the page table as the MMU does. virt_to_phys() would
 * return a number as well, but a wrong one.
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
 * remap_vmalloc_range() looks up each page and inserts it with its struct page.
 * The VMA becomes a VM_MIXEDMAP mapping, which holds a reference to each of its
 * pages; to get_user_pages(), ptrace and pagemap they are ordinary pages. They
 * are to MADV_DONTNEED as well: it removes them from the mapping, and since the
 * lab handles no faults, the next access is a SIGBUS.
 */
static int lab_vmalloc_map_range(struct lab *lab, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, lab->view.vaddr, vma->vm_pgoff);
}

/*
 * Map, page by page
 *
 * The same by hand, as drivers did before remap_vmalloc_range() existed: one
 * remap_pfn_range() for each page, since the next frame may be anywhere. One
 * call for the whole length would map the first frame and then those that follow
 * it in RAM, which belong to others. If the frames happen to be physically
 * contiguous, even that seems to work. When a call fails, mmap() removes the
 * pages that were mapped before it.
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
 * Free: the page table entries and the frames
 */
static void lab_vmalloc_give_back(void)
{
	vfree(lab.view.vaddr);
}

/*
 * The device, and the order in which everything is made and removed
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
