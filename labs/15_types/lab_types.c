// SPDX-License-Identifier: GPL-2.0
/*
 * Memory types
 *
 * What a processor may do with a load or a store is not written in the memory, but in the
 * page table entry that leads to it: its memory type. Four are for drivers:
 *
 *	wb	write-back: of ordinary memory. Loads and stores end in the caches.
 *	wc	write-combining: no cache keeps it. Stores wait in a buffer until there are
 *		some, and leave it together, in any order: for pictures, which are
 *		written and not read.
 *	uc	uncached: each access goes out by itself, in the order of the program, and a
 *		store waits for the answer of the device.
 *	device	the same, but a store does not wait: for registers.
 *
 * x86 has one type for the last two.
 *
 * This lab maps one piece of memory in each of these ways, for the kernel and for user
 * space. The memory is RAM that was reserved at boot, as in lab_reserved, so no other
 * mapping has chosen a type before.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/string.h>

#include "four_types.h"
#include "lab_core.h"
#include "reserved_region.h"

static char *type = "wb";
module_param(type, charp, 0444);
MODULE_PARM_DESC(type, "memory type of the kernel's mapping: wb (default), wc, uc or device");

static char *user = "same";
module_param(user, charp, 0444);
MODULE_PARM_DESC(user, "what mmap() asks for: the same (default), or another type, which is wrong");

static struct lab_number mem_start;
module_param_cb(mem_start, &lab_number_ops, &mem_start, 0444);
MODULE_PARM_DESC(mem_start, "start of the memory in MiB (default: find it)");

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "pages to map (default 4)");

static enum four_types kernel_type, user_type;

static struct lab lab;
static struct resource region = {
	.name = "lab_types",
	.flags = IORESOURCE_MEM,
};

/*
 * Get: for each type there is a function that maps it for the kernel
 *
 * memremap() is for memory: an ordinary pointer leads to it, and one store is as good as
 * another. ioremap() is for registers, which only accessors reach.
 *
 * A store to a register is posted: it is on its way, and the processor goes on.
 * ioremap_np(), for "non-posted", is for buses that want each store answered first. On
 * arm64 it makes such a mapping. On x86 it returns NULL, and ioremap() has to do.
 */
static void lab_types_view_memory(unsigned long memremap_flag)
{
	iosys_map_set_vaddr(&lab.view, memremap(region.start, lab.size,
						memremap_flag));
}

static void lab_types_view_registers(bool posted)
{
	void __iomem *cookie = NULL;

	if (!posted)
		cookie = ioremap_np(region.start, lab.size);
	if (!cookie)
		cookie = ioremap(region.start, lab.size);
	iosys_map_set_vaddr_iomem(&lab.view, cookie);
	lab.flags |= LAB_INFO_IOMEM;
}

static int lab_types_get(void)
{
	if (!request_mem_region(region.start, resource_size(&region),
				region.name)) {
		pr_err("lab_types: another driver has the memory\n");
		return -EBUSY;
	}

	if (kernel_type == WRITE_BACK)
		lab_types_view_memory(MEMREMAP_WB);
	else if (kernel_type == WRITE_COMBINING)
		lab_types_view_memory(MEMREMAP_WC);
	else
		lab_types_view_registers(kernel_type == DEVICE);
	if (kernel_type != WRITE_BACK)
		lab.flags |= LAB_INFO_UNCACHED;

	if (iosys_map_is_null(&lab.view)) {
		pr_err("lab_types: cannot map %pR as %s\n", &region, type);
		release_mem_region(region.start, resource_size(&region));
		return -ENOMEM;
	}
	return 0;
}

/* A page at a time: where nothing is cached, a large memory takes long. */
static void lab_types_clear(void)
{
	size_t offset;

	for (offset = 0; offset < lab.size; offset += PAGE_SIZE) {
		iosys_map_memset(&lab.view, offset, 0, PAGE_SIZE);
		cond_resched();
	}
}

/*
 * Translate: from the region, as in lab_reserved
 */
static void lab_types_translate(const struct lab *lab, unsigned long index,
				struct lab_page *page)
{
	unsigned long base = lab->view.is_iomem ?
		(__force unsigned long)lab->view.vaddr_iomem :
		(unsigned long)lab->view.vaddr;

	page->kernel_addr = base + (index << PAGE_SHIFT);
	page->pfn = PHYS_PFN(region.start) + index;
}

/*
 * Map: the type goes into the VMA, and from there into the entries
 *
 * Into the VMA, since the entries do not stay as they are: mprotect() makes new ones from
 * vm_page_prot. If only remap_pfn_range() were told the type, arm64's would be write-back then.
 *
 * With user= the program's mapping is to have another type than the kernel's, which no
 * driver should ask for. x86 keeps a list of the types in use and notices: the mapping gets
 * the type on the list, or is refused if that type caches more. arm64 has no list, and does
 * as it is told.
 */
static int lab_types_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);
	unsigned long pfn = PHYS_PFN(region.start) + vma->vm_pgoff;

	if (err)
		return err;

	vma->vm_page_prot = four_types_ask_for(user_type, vma->vm_page_prot);
	return reserved_region_map(vma, pfn);
}

/*
 * Give back: first the mapping, then the claim
 */
static void lab_types_give_back(void)
{
	if (lab.view.is_iomem)
		iounmap(lab.view.vaddr_iomem);
	else
		memunmap(lab.view.vaddr);
	release_mem_region(region.start, resource_size(&region));
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_types_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_types_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_types", &lab_types_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_types_translate,
};

static int __init lab_types_init(void)
{
	const struct lab_number all = {};
	int err = four_types_find("type", type, &kernel_type);

	if (err)
		return err;
	err = four_types_find("user", strcmp(user, "same") ? user : type,
			      &user_type);
	if (err)
		return err;

	err = reserved_region_find(&region, &mem_start, &all);
	if (err)
		return err;
	err = lab_set_size(&lab, pages, resource_size(&region) >> PAGE_SHIFT);
	if (err)
		return err;

	err = lab_types_get();
	if (err)
		return err;
	lab_types_clear();
	err = lab_register(&lab);
	if (err)
		lab_types_give_back();
	return err;
}

static void __exit lab_types_exit(void)
{
	lab_unregister(&lab);
	lab_types_give_back();
}

module_init(lab_types_init);
module_exit(lab_types_exit);

MODULE_DESCRIPTION("kmaplab: one piece of memory, mapped with each memory type");
MODULE_LICENSE("GPL");
