// SPDX-License-Identifier: GPL-2.0
/*
 * kmalloc() memory, and when it can be mapped
 *
 * kmalloc() is the kernel's everyday allocator. Its memory lies in the linear
 * map, where every virtual address is a constant distance from its physical
 * address. So kmalloc() memory is physically contiguous. A mapping consists of
 * whole page frames, though, and kmalloc() hands out bytes. This lab shows which
 * of its objects fill whole frames, and what a mapping of a smaller object would
 * show to user space.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/*
 * Allocate: one object that fills whole page frames
 *
 * GFP_KERNEL allows the allocator to sleep until memory is free, which is fine
 * while a module is loaded. (Old examples pass 0. Such a call may not wait or
 * reclaim memory, so it fails as soon as free memory is short.) kzalloc() clears
 * the memory: kmalloc() would leave the bytes of the last owner in it, and user
 * space is about to see all of them. __GFP_NOWARN: if the user asks for more
 * than there is, -ENOMEM is answer enough, without a stack trace in the log.
 *
 * An object whose size is a power of two is aligned to its size, and an object
 * larger than two pages comes from the page allocator. So an object of whole
 * pages begins at the start of a page and shares no page with another object.
 * The lab checks this all the same: to map the wrong bytes causes no error.
 */
static int lab_kmalloc_get(void)
{
	void *buffer;

	buffer = kzalloc(lab.size, GFP_KERNEL | __GFP_NOWARN);
	if (!buffer) {
		pr_err("lab_kmalloc: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	if (WARN_ON(!PAGE_ALIGNED(buffer))) {
		kfree(buffer);
		return -EIO;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

/*
 * Translate: the linear map
 *
 * virt_to_phys() subtracts a constant and is right for kmalloc() memory only
 * because that lies in the linear map.
 */
static void lab_kmalloc_translate(const struct lab *lab, unsigned long index,
				  struct lab_page *page)
{
	void *addr = lab->view.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (unsigned long)addr;
	page->pfn = PHYS_PFN(virt_to_phys(addr));
}

/*
 * Map: the frames, without their struct page
 *
 * remap_pfn_range() writes page table entries for a range of frames and does
 * not use their struct page. It makes the VMA a VM_PFNMAP mapping: the kernel
 * takes no references to the frames through it. One or two pages of kmalloc()
 * are slab memory, and for that there is no other way: the slab allocator uses
 * struct page for its own records, and vm_insert_page() refuses such pages.
 *
 * The frames need no PG_reserved. remap_page_range(), and remap_pfn_range()
 * until 2.6.15, silently mapped nothing where it was not set, so drivers set it,
 * and many still do.
 * Nor does the VMA need VM_LOCKED against swapping: kernel memory is never
 * swapped. It needs the flags that remap_pfn_range() sets (VM_IO, VM_PFNMAP,
 * VM_DONTEXPAND, VM_DONTDUMP), and no others.
 */
static int lab_kmalloc_mmap(struct file *file, struct vm_area_struct *vma)
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
 * Free: last of all
 *
 * When this runs the device is gone and there is no mapping left
 * (lab_unregister() says why), so the frames may go to the next owner.
 */
static void lab_kmalloc_give_back(void)
{
	kfree(lab.view.vaddr);
}

/*
 * Refuse: a small object cannot be mapped
 *
 * kmalloc(100) takes an object from a cache of objects of one size: on x86_64
 * 128 bytes, 32 objects in a page. A page table maps nothing smaller than a
 * page. So a mapping of this object would let user space read and write the 31
 * others, which belong to other parts of the kernel. The lab only says where
 * the object is.
 */
static long lab_kmalloc_small(void __user *arg)
{
	const size_t asked = 100;
	struct lab_small small = { .asked = asked };
	void *object;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	object = kmalloc(asked, GFP_KERNEL);
	if (!object)
		return -ENOMEM;
	small.kernel_addr = (unsigned long)object;
	small.given = kmalloc_size_roundup(asked);
	small.page_offset = offset_in_page(object);
	small.per_page = PAGE_SIZE / small.given;
	kfree(object);

	return copy_to_user(arg, &small, sizeof(small)) ? -EFAULT : 0;
}

static long lab_kmalloc_ioctl(struct lab *lab, unsigned int cmd,
			      void __user *arg)
{
	return cmd == LAB_IOC_SMALL ? lab_kmalloc_small(arg) : -ENOTTY;
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_kmalloc_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_kmalloc_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_kmalloc", &lab_kmalloc_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_kmalloc_translate,
	.ioctl = lab_kmalloc_ioctl,
};

static int __init lab_kmalloc_init(void)
{
	int err;

	err = lab_set_size(&lab, pages, KMALLOC_MAX_SIZE >> PAGE_SHIFT);
	if (err)
		return err;

	err = lab_kmalloc_get();
	if (err)
		return err;

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_kmalloc_give_back();
	return err;
}

static void __exit lab_kmalloc_exit(void)
{
	lab_unregister(&lab);
	lab_kmalloc_give_back();
}

module_init(lab_kmalloc_init);
module_exit(lab_kmalloc_exit);

MODULE_DESCRIPTION("kmaplab: kmalloc() memory, mapped by remap_pfn_range()");
MODULE_LICENSE("GPL");
