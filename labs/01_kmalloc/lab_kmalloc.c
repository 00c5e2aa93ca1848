// SPDX-License-Identifier: GPL-2.0
/*
 * kmalloc() memory, and when it can be mapped
 *
 * kmalloc() is the kernel's everyday allocator. Its memory lies in the linear
 * map, where all of RAM stands at a constant distance from its physical
 * address, so neighbouring bytes are neighbours in RAM too. User space maps
 * whole page frames, though, and kmalloc() deals in bytes: this lab shows which
 * of its objects fill whole frames, and what would be given away with one that
 * does not.
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
 * Get: one object that fills whole page frames
 *
 * GFP_KERNEL says that we may sleep while memory is found, as module loading
 * may. (Old examples pass 0. That allows nothing: such a call cannot wait,
 * cannot reclaim, and fails as soon as free memory is short.) kzalloc() zeroes:
 * kmalloc() memory holds whatever its last owner left there, and all of it is
 * about to be shown to user space. __GFP_NOWARN because a number too large for
 * the machine today is answered with -ENOMEM, not with a stack trace.
 *
 * An object whose size is a power of two is aligned to its size, and anything
 * larger than two pages comes from the page allocator: so one of whole pages
 * begins at the start of a page and shares none with anybody. That is checked
 * all the same, for mapping the wrong bytes is silent.
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
 * remap_pfn_range() writes page table entries for a run of frames and asks for
 * no struct page: the area becomes VM_PFNMAP, and nobody takes references to
 * the frames through it. For slab memory, which one or two pages of kmalloc()
 * are, that is the only way: the slab allocator uses struct page for its own
 * ends, and vm_insert_page() refuses it.
 *
 * The frames need no PG_reserved: remap_page_range(), and remap_pfn_range()
 * until 2.6.15, silently mapped nothing where it was not set, and drivers have
 * passed the ritual on.
 * Nor is VM_LOCKED needed to keep them from being swapped: kernel memory never
 * is. What remap_pfn_range() itself sets (VM_IO, VM_PFNMAP, VM_DONTEXPAND,
 * VM_DONTDUMP) is all that such an area needs.
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
 * Give back: last of all
 *
 * When this runs the device is gone and no mapping is alive (lab_unregister()
 * says why), so the frames can go to whoever asks next.
 */
static void lab_kmalloc_give_back(void)
{
	kfree(lab.view.vaddr);
}

/*
 * Refuse: a small object cannot be mapped
 *
 * kmalloc(100) takes an object from a cache of equal ones: on x86_64 of 128
 * bytes, 32 to a page. The smallest thing that a page table can show is that
 * page: to map the object is to hand user space the 31 others, whatever of that
 * size the kernel holds, to read and to write. So it is only described.
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
 * The device, and the order in which things come and go
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
