// SPDX-License-Identifier: GPL-2.0
/*
 * Memory behind /dev/mem
 *
 * /dev/mem is a file whose offset is a physical address. Once it showed root all that the
 * machine has, and many programs used it in place of a driver. Today's kernels refuse most
 * of it: the kernel's RAM, and what a driver has claimed.
 *
 * So most of this lab is in its check program. The module only has something to look for: RAM
 * that was reserved at boot, as in lab_reserved, with or without a claim.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>

#include "lab_core.h"
#include "reserved_region.h"

static bool claim = true;
module_param(claim, bool, 0444);
MODULE_PARM_DESC(claim, "claim the region, which keeps /dev/mem away (default: 1)");

static struct lab_number mem_start;
module_param_cb(mem_start, &lab_number_ops, &mem_start, 0444);
MODULE_PARM_DESC(mem_start, "start of the region in MiB (default: find it)");

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "pages to map (default 4)");

static struct lab lab;
static struct resource region = {
	.name = "lab_devmem",
	.flags = IORESOURCE_MEM,
};

/*
 * Get: a claim is more than an entry in a list
 *
 * With CONFIG_IO_STRICT_DEVMEM the kernel looks at the claims whenever a program maps
 * /dev/mem. A claimed region is refused, and a mapping that was made before is taken away
 * at the moment of the claim: the next access to it is a SIGBUS. (The parameter
 * iomem=relaxed on the kernel's command line switches that off.)
 *
 * Without a claim, as with claim=0, nothing says that a driver is there, and two that write
 * to the same place disturb each other.
 */
static int lab_devmem_claim(void)
{
	if (!claim)
		return 0;
	if (!request_mem_region(region.start, resource_size(&region),
				region.name)) {
		pr_err("lab_devmem: another driver has the memory\n");
		return -EBUSY;
	}
	return 0;
}

static void lab_devmem_release_claim(void)
{
	if (claim)
		release_mem_region(region.start, resource_size(&region));
}

/*
 * Map it for the kernel
 *
 * Old kernels for one board mapped all devices at boot, at fixed addresses: a macro
 * (io_p2v(), for "physical to virtual") added a constant to the physical address, and any
 * code could use any register. Today a device's physical address has no kernel address until
 * memremap() or ioremap() makes page table entries for it. The kernel address is another one
 * each time, and leads nowhere after memunmap().
 */
static int lab_devmem_get(void)
{
	int err = lab_devmem_claim();
	void *memory;

	if (err)
		return err;
	memory = memremap(region.start, lab.size, MEMREMAP_WB);
	if (!memory) {
		pr_err("lab_devmem: cannot map %pR\n", &region);
		lab_devmem_release_claim();
		return -ENOMEM;
	}
	memset(memory, 0, lab.size);
	iosys_map_set_vaddr(&lab.view, memory);
	return 0;
}

static void lab_devmem_give_back(void)
{
	memunmap(lab.view.vaddr);
	lab_devmem_release_claim();
}

/*
 * Translate: the physical address is what /dev/mem takes as an offset
 */
static void lab_devmem_translate(const struct lab *lab, unsigned long index,
				 struct lab_page *page)
{
	page->kernel_addr = (unsigned long)lab->view.vaddr +
			    (index << PAGE_SHIFT);
	page->pfn = PHYS_PFN(region.start) + index;
}

/*
 * Map: what a driver does better
 *
 * The offset counts pages of this memory: a program cannot ask for anything else. The
 * memory type is that of the kernel's mapping. The mapping keeps the module loaded, so nothing
 * goes away under the program. /dev/mem has none of that.
 */
static int lab_devmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);
	unsigned long pfn = vma->vm_pgoff + PHYS_PFN(region.start);

	return err ? err : reserved_region_map(vma, pfn);
}

/*
 * The device, and the order in which everything is made and removed
 */
static const struct file_operations lab_devmem_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_devmem_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_devmem", &lab_devmem_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_devmem_translate,
};

static int __init lab_devmem_init(void)
{
	const struct lab_number all = {};
	int err = reserved_region_find(&region, &mem_start, &all);

	if (err)
		return err;
	err = lab_set_size(&lab, pages, resource_size(&region) >> PAGE_SHIFT);
	if (err)
		return err;
	err = lab_devmem_get();
	if (err)
		return err;
	err = lab_register(&lab);
	if (err)
		lab_devmem_give_back();
	return err;
}

static void __exit lab_devmem_exit(void)
{
	lab_unregister(&lab);
	lab_devmem_give_back();
}

module_init(lab_devmem_init);
module_exit(lab_devmem_exit);

MODULE_DESCRIPTION("kmaplab: memory that /dev/mem shows, or does not");
MODULE_LICENSE("GPL");
