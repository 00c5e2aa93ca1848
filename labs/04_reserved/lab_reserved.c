// SPDX-License-Identifier: GPL-2.0
/*
 * Reserved memory and I/O memory
 *
 * A kernel can be asked at boot to leave some RAM alone: on x86 by
 * memmap=16M$0x18000000 on its command line, on arm64 by the device tree. No
 * allocator owns that RAM, and the linear map leaves it out. To reach it a
 * driver does the same as for the registers of a device: find the range, claim
 * it, and map it with ioremap(). Since it is RAM, memremap() works as well, and
 * the two show what a memory type is.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>

#include "lab_core.h"
#include "reserved_region.h"

static struct lab_number mem_start;
module_param_cb(mem_start, &lab_number_ops, &mem_start, 0444);
MODULE_PARM_DESC(mem_start, "start of the region in MiB (default: find it)");

static struct lab_number mem_size;
module_param_cb(mem_size, &lab_number_ops, &mem_size, 0444);
MODULE_PARM_DESC(mem_size, "size of the region in MiB (default: all that follows mem_start)");

static struct lab_number pages;
module_param_cb(pages, &lab_number_ops, &pages, 0444);
MODULE_PARM_DESC(pages, "pages to map (default 4, or all of mem_size if that is given)");

static char *how = "ioremap";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "ioremap: uncached I/O memory (default); memremap: ordinary cached memory");

static struct lab lab;
static struct resource region = {
	.name = "lab_reserved",
	.flags = IORESOURCE_MEM,
};

/*
 * Get: claim the region, then map it for the kernel
 *
 * request_mem_region() enters the lab in /proc/iomem as the user of the region,
 * and a second driver that asks for it is refused. Without such a claim two
 * drivers could use one set of registers.
 *
 * ioremap() makes an uncached mapping, as registers need it. Its result looks
 * like a pointer and on x86 even works as one, but it is only for accessors:
 * readl() and the like. It is marked __iomem, so that sparse finds code that
 * dereferences it. (Old examples do. The compiler may then reorder and join
 * their loads and stores.) memremap() is for memory without side effects: its
 * result is an ordinary pointer, and accesses go through the caches.
 */
static bool lab_reserved_cached(void)
{
	return !strcmp(how, "memremap");
}

static int lab_reserved_get(void)
{
	if (!request_mem_region(region.start, resource_size(&region),
				region.name)) {
		pr_err("lab_reserved: %pR belongs to another driver\n",
		       &region);
		return -EBUSY;
	}

	if (lab_reserved_cached()) {
		iosys_map_set_vaddr(&lab.view, memremap(region.start, lab.size,
							MEMREMAP_WB));
	} else {
		iosys_map_set_vaddr_iomem(&lab.view, ioremap(region.start,
							     lab.size));
		lab.flags |= LAB_INFO_IOMEM | LAB_INFO_UNCACHED;
	}
	if (iosys_map_is_null(&lab.view)) {
		pr_err("lab_reserved: cannot map %pR\n", &region);
		release_mem_region(region.start, resource_size(&region));
		return -ENOMEM;
	}
	return 0;
}

static void lab_reserved_write_fresh(void)
{
	const size_t len = strlen(LAB_RESERVED_FRESH_TEXT);
	size_t offset;

	for (offset = 0; offset < lab.size; offset += len) {
		iosys_map_memcpy_to(&lab.view, offset, LAB_RESERVED_FRESH_TEXT,
				    len);
		if (offset_in_page(offset) == 0)
			cond_resched();
	}
}

/*
 * Translate: from the region, not from the address
 *
 * An address from ioremap() lies in the vmalloc space, so virt_to_phys() does
 * not apply to it. A driver needs no translation here: it began with the
 * physical address.
 */
static void lab_reserved_translate(const struct lab *lab, unsigned long index,
				   struct lab_page *page)
{
	unsigned long base = lab->view.is_iomem ?
		(__force unsigned long)lab->view.vaddr_iomem :
		(unsigned long)lab->view.vaddr;

	page->kernel_addr = base + (index << PAGE_SHIFT);
	page->pfn = PHYS_PFN(region.start) + index;
}

/*
 * Map: with the memory type of the kernel's own mapping
 *
 * The type, cached or uncached, belongs to a mapping and not to the memory. If
 * two mappings of one frame have different types, processors do not guarantee
 * that they agree: one side may read from RAM while the other side's store is
 * still in a cache. So the user's mapping gets the type of the kernel's.
 * pgprot_device() is the type that ioremap() uses: on x86 the same as
 * pgprot_noncached(), on arm64 not.
 *
 * reserved_region_map() calls remap_pfn_range() for one page after the other. Its comment
 * says why one call for all of them would be wrong.
 */
static int lab_reserved_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = lab_of(file);
	int err = lab_refuse_mmap(lab, vma);

	if (err)
		return err;

	if (lab->flags & LAB_INFO_UNCACHED)
		vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	return reserved_region_map(vma, PHYS_PFN(region.start) + vma->vm_pgoff);
}

/*
 * Give back: first the mapping, then the claim
 */
static void lab_reserved_give_back(void)
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
static const struct file_operations lab_reserved_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_reserved_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_reserved", &lab_reserved_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_reserved_translate,
};

static long lab_reserved_pages(void)
{
	if (pages.given)
		return pages.value;
	if (mem_size.given)
		return resource_size(&region) >> PAGE_SHIFT;
	return LAB_DEFAULT_PAGES;
}

static int __init lab_reserved_init(void)
{
	int err;

	if (!lab_reserved_cached() && strcmp(how, "ioremap")) {
		pr_err("lab_reserved: how=%s is unknown: ioremap or memremap\n",
		       how);
		return -EINVAL;
	}

	err = reserved_region_find(&region, &mem_start, &mem_size);
	if (err)
		return err;

	err = lab_set_size(&lab, lab_reserved_pages(),
			   resource_size(&region) >> PAGE_SHIFT);
	if (err)
		return err;

	err = lab_reserved_get();
	if (err)
		return err;
	lab_reserved_write_fresh();

	err = lab_register(&lab);
	if (err)
		goto give_back;

	return 0;

give_back:
	lab_reserved_give_back();
	return err;
}

static void __exit lab_reserved_exit(void)
{
	lab_unregister(&lab);
	lab_reserved_give_back();
}

module_init(lab_reserved_init);
module_exit(lab_reserved_exit);

MODULE_DESCRIPTION("kmaplab: reserved RAM through ioremap() and memremap()");
MODULE_LICENSE("GPL");
