// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on demand: a fault handler maps what is touched
 *
 * The labs before this one map all pages in mmap(). Here mmap() maps nothing.
 * The first access to a page is a page fault, and the kernel asks the driver
 * which page frame belongs there, by vm_ops->fault (in old drivers: nopage). So
 * a large buffer costs page table entries only where it is used.
 */
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "huge_fault.h"
#include "lab_compat.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static char *how = "page";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "page: by struct page (default); pfn: by frame number");

static bool huge;
module_param(huge, bool, 0444);
MODULE_PARM_DESC(huge, "with how=pfn: map 2 MiB at once, where the kernel can");

static struct lab lab;

static bool lab_fault_by_pfn(void)
{
	return !strcmp(how, "pfn");
}

/*
 * Allocate: pages that are freed one by one
 *
 * alloc_pages() gives a block, and only the first page of a block has a
 * reference count. alloc_pages_exact() splits the block: then each page has a
 * count of its own. It needs one, since others will hold references to single
 * pages.
 */
static int lab_fault_get(void)
{
	void *buffer = alloc_pages_exact(lab.size,
					 GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	if (!buffer) {
		pr_err("lab_fault: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

/*
 * Translate: through struct page
 */
static void lab_fault_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	struct page *frame = virt_to_page(lab->view.vaddr) + index;

	page->kernel_addr = (unsigned long)page_address(frame);
	page->pfn = page_to_pfn(frame);
}

/*
 * Hand out a page: by its struct page
 *
 * The handler leaves the page in vmf->page, with a reference to it. The kernel
 * enters it into the page table, and drops the reference when the page leaves the
 * mapping. To get_user_pages() and MADV_DONTNEED it is an ordinary page. It may be
 * held longer than any mapping lasts: a pipe that vmsplice() has filled holds one
 * more reference, and the page is freed after the last of them.
 */
static vm_fault_t lab_fault_hand_out(struct vm_fault *vmf, struct page *page)
{
	get_page(page);
	vmf->page = page;
	return 0;
}

/*
 * Insert a page: by its frame number
 *
 * vmf_insert_pfn() enters the frame into the page table itself, as
 * remap_pfn_range() does, and nobody takes a reference. VM_FAULT_NOPAGE says
 * that there is nothing left to do. The same comes if another processor was
 * faster: then the entry is there already.
 */
static vm_fault_t lab_fault_insert(struct vm_fault *vmf, struct page *page)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

/*
 * Answer a page fault
 *
 * vmf->pgoff is the page of the device that was touched: the kernel has added
 * the VMA's offset. mmap() has compared offset and length with the size, but the
 * handler compares again: it must be right for each VMA that the kernel makes
 * from that one. VM_FAULT_SIGBUS becomes a signal, or EFAULT if the kernel itself
 * has touched the page for a system call.
 *
 * Several processors can be here at the same moment, even for one page. So the
 * count is atomic, and the handler keeps nothing else.
 */
static atomic64_t lab_fault_count;

static vm_fault_t lab_fault_vm_fault(struct vm_fault *vmf)
{
	struct lab *lab = lab_of(vmf->vma->vm_file);
	vm_fault_t answer;
	struct page *page;

	if (!lab_range_fits(lab->size, vmf->pgoff, PAGE_SIZE))
		return VM_FAULT_SIGBUS;

	page = virt_to_page(lab->view.vaddr) + vmf->pgoff;
	answer = lab_fault_by_pfn() ? lab_fault_insert(vmf, page) :
				      lab_fault_hand_out(vmf, page);
	if (!(answer & VM_FAULT_ERROR))
		atomic64_inc(&lab_fault_count);
	return answer;
}

/*
 * Answer a page fault with a block of pages
 *
 * With huge=1, on kernels that can. Before ->fault() the kernel asks here whether one
 * entry can map all the pages around the address. If not, VM_FAULT_FALLBACK says so, and
 * the kernel goes on to ->fault(). huge_fault.c does the work.
 */
static vm_fault_t lab_fault_vm_huge_fault(struct vm_fault *vmf,
					  unsigned int order)
{
	struct lab *lab = lab_of(vmf->vma->vm_file);
	vm_fault_t answer;

	if (!huge || order != PMD_ORDER)
		return VM_FAULT_FALLBACK;

	answer = huge_fault(vmf, virt_to_page(lab->view.vaddr), lab->size);
	if (!(answer & VM_FAULT_ERROR))
		atomic64_inc(&lab_fault_count);
	return answer;
}

static const struct vm_operations_struct lab_fault_vm_ops = {
	.fault = lab_fault_vm_fault,
	.huge_fault = LAB_HUGE_FAULT(lab_fault_vm_huge_fault),
};

/*
 * Map: nothing yet
 *
 * remap_pfn_range() sets the flags that such memory needs; here the driver does.
 * The VMA must neither grow nor get into a core dump. VM_PFNMAP says that the
 * struct pages behind the entries are not to be used, and vmf_insert_pfn() insists
 * on it; VM_IO keeps get_user_pages() away.
 */
static int lab_fault_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);

	if (err)
		return err;

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (lab_fault_by_pfn())
		vm_flags_set(vma, VM_IO | VM_PFNMAP);
	vma->vm_ops = &lab_fault_vm_ops;
	return 0;
}

/*
 * Free: drop the lab's own reference to each page
 *
 * A page that somebody else still holds is freed by that one.
 */
static void lab_fault_give_back(void)
{
	free_pages_exact(lab.view.vaddr, lab.size);
}

/*
 * A request of this lab only: how many faults it has answered with a page
 */
static long lab_fault_ioctl(struct lab *lab, unsigned int cmd,
			    void __user *arg)
{
	struct lab_faults faults = {
		.count = atomic64_read(&lab_fault_count),
	};

	if (cmd != LAB_IOC_FAULTS)
		return -ENOTTY;
	return copy_to_user(arg, &faults, sizeof(faults)) ? -EFAULT : 0;
}

/*
 * The device, and the order in which everything is made and removed
 *
 * thp_get_unmapped_area() chooses the addresses of mappings that are large enough for a
 * block, so that huge=1 can map them by blocks.
 */
static const struct file_operations lab_fault_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_fault_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_fault", &lab_fault_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_fault_translate,
	.ioctl = lab_fault_ioctl,
};

static int __init lab_fault_init(void)
{
	int err;

	if (!lab_fault_by_pfn() && strcmp(how, "page")) {
		pr_err("lab_fault: how=%s is unknown: page or pfn\n", how);
		return -EINVAL;
	}
	if (huge && !lab_fault_by_pfn()) {
		pr_err("lab_fault: huge=1 needs how=pfn\n");
		return -EINVAL;
	}

	err = lab_set_size(&lab, pages, 1ul << MAX_PAGE_ORDER);
	if (err)
		return err;

	err = lab_fault_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_fault_give_back();
	return err;
}

static void __exit lab_fault_exit(void)
{
	lab_unregister(&lab);
	lab_fault_give_back();
}

module_init(lab_fault_init);
module_exit(lab_fault_exit);

MODULE_DESCRIPTION("kmaplab: pages that arrive by fault, by page and by PFN");
MODULE_LICENSE("GPL");
