// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a PCI device
 *
 * A PCI device says in its base address registers (BARs) how much of the
 * physical address space it wants; firmware or kernel choose where. What answers
 * there is the device. This driver is for ivshmem, a device of QEMU: behind its
 * BAR 2 is memory of the host, so the bytes that kernel and user space see can be
 * read a third time, outside of the machine. (edu_registers.c drives a device that
 * has registers behind its BAR.)
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "lab_compat.h"
#include "lab_core.h"

#define IVSHMEM_DEVICE_ID 0x1110

static struct lab_number pages = { .value = LAB_DEFAULT_PAGES };
module_param_cb(pages, &lab_number_ops, &pages, 0444);
MODULE_PARM_DESC(pages, "pages to map, from the start of the BAR (default 4)");

static int bar = 2;
module_param(bar, int, 0444);
MODULE_PARM_DESC(bar, "number of the BAR (default 2, the memory)");

static struct lab lab;

/* The device, from probe() to remove(); and why there is none. */
static struct pci_dev *lab_bar_device;
static int lab_bar_error;

/*
 * Refuse: a BAR that cannot be mapped
 *
 * A device has up to six BARs. Each is memory or I/O ports, or is not there, and
 * the driver must look: another version of the device may have another layout.
 * A BAR that is smaller than a page may share the page with those of other devices,
 * and only whole pages can be mapped.
 */
static int lab_bar_refuse(struct pci_dev *pdev)
{
	if (bar < 0 || bar >= PCI_STD_NUM_BARS ||
	    !(pci_resource_flags(pdev, bar) & IORESOURCE_MEM)) {
		pci_err(pdev, "there is no memory behind BAR %d\n", bar);
		return -ENODEV;
	}
	if (pci_resource_len(pdev, bar) < PAGE_SIZE) {
		pci_err(pdev, "BAR %d has %llu bytes, less than a page\n",
			bar, (u64)pci_resource_len(pdev, bar));
		return -EINVAL;
	}
	return 0;
}

/*
 * Get: enable the device, claim the BAR, map it for the kernel
 *
 * Until a driver enables it, a device may answer to no address at all. The claim
 * enters the driver in /proc/iomem; with it, nobody else gets the BAR, neither
 * another driver nor a program that maps /dev/mem or the device's file in sysfs.
 *
 * pcim_iomap() finds the BAR's address, and for memory calls ioremap(): the
 * result is for accessors such as ioread32(), and iosys_map uses accessors.
 *
 * Calls with pcim_ are *managed*: the kernel undoes them when probe() fails and
 * after remove(), the last first. So there is nothing to undo here, and the order
 * cannot be wrong.
 */
static int lab_bar_get(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;

	err = pcim_request_region(pdev, bar, "lab_bar");
	if (err)
		return err;

	iosys_map_set_vaddr_iomem(&lab.view,
				  pcim_iomap(pdev, bar, lab.size));
	if (iosys_map_is_null(&lab.view))
		return -ENOMEM;

	/* Whoever had the device before has left something there. */
	iosys_map_memset(&lab.view, 0, 0, lab.size);
	return 0;
}

/*
 * Translate: the device says where its memory is
 *
 * The kernel has read the BAR when it found the device. As for all that comes
 * from ioremap(), virt_to_phys() does not apply, and there is no struct page.
 */
static void lab_bar_translate(const struct lab *lab, unsigned long index,
			      struct lab_page *page)
{
	page->kernel_addr = (__force unsigned long)lab->view.vaddr_iomem +
			    (index << PAGE_SHIFT);
	page->pfn = PHYS_PFN(pci_resource_start(lab_bar_device, bar)) +
		    index;
}

/*
 * Map: as a device
 *
 * vm_iomap_memory() is made for this, and edu_registers.c uses it. It maps the
 * VMA by one call, and then x86 lists the whole VMA with its memory type. If a
 * program unmaps a part of such a VMA, the series 6.1 and 6.12 no longer find the
 * entry, and it stays on the list. The one page of edu_registers.c cannot be
 * unmapped in part. Here each page is mapped by a call of its own, and that lists
 * nothing unless the VMA has no other page.
 */
static int lab_bar_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);
	unsigned long addr, pfn;

	if (err)
		return err;

	vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	pfn = PHYS_PFN(pci_resource_start(lab_bar_device, bar)) +
	      vma->vm_pgoff;
	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		err = io_remap_pfn_range(vma, addr, pfn++, PAGE_SIZE,
					 vma->vm_page_prot);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The device node
 */
static const struct file_operations lab_bar_fops = {
	LAB_FILE_OPERATIONS,
	.mmap = lab_bar_mmap,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_bar", &lab_bar_fops),
	.flags = LAB_INFO_CONTIGUOUS | LAB_INFO_IOMEM | LAB_INFO_UNCACHED,
	.translate = lab_bar_translate,
};

/*
 * Probe and remove: called for each device of the table below that has no driver
 *
 * The lab has one node, so it drives one device. Nothing can be bound or unbound
 * through sysfs: an open file holds the module, but not the device.
 *
 * So this driver is for a device that stays. If the device is pulled out, remove() is
 * called while files are open, and the next request would use a mapping that is gone.
 * A driver for such devices waits in remove() until the last file is closed, as VFIO
 * does, or notes that the device has gone, and refuses all requests from then on.
 */
static int lab_bar_add(struct pci_dev *pdev)
{
	int err;

	if (lab_bar_device)
		return -EBUSY;
	err = lab_bar_refuse(pdev);
	if (err)
		return err;
	err = lab_set_size(&lab, pages.value,
			   pci_resource_len(pdev, bar) >> PAGE_SHIFT);
	if (err)
		return err;
	err = lab_bar_get(pdev);
	if (err)
		return err;

	lab_bar_device = pdev;
	err = lab_register(&lab);
	if (err)
		lab_bar_device = NULL;
	return err;
}

static int lab_bar_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	lab_bar_error = lab_bar_add(pdev);
	return lab_bar_error;
}

static void lab_bar_remove(struct pci_dev *pdev)
{
	lab_unregister(&lab);
	lab_bar_device = NULL;
}

static const struct pci_device_id lab_bar_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, IVSHMEM_DEVICE_ID) },
	{ }
};

static struct pci_driver lab_bar_driver = {
	.name = "lab_bar",
	.id_table = lab_bar_ids,
	.probe = lab_bar_probe,
	.remove = lab_bar_remove,
	.driver.suppress_bind_attrs = true,
};

/*
 * Register the driver: the kernel then calls probe(), if there is a device
 *
 * A driver without a device is no error to the kernel, since one may be plugged
 * in later. This lab would be of no use, so its load fails and says why.
 */
static int lab_bar_why_not(void)
{
	if (lab_bar_error)
		return lab_bar_error;
	if (pci_dev_present(lab_bar_ids)) {
		pr_err("lab_bar: another driver has the device\n");
		return -EBUSY;
	}
	pr_err("lab_bar: this machine has no ivshmem device\n");
	return -ENODEV;
}

static int __init lab_bar_init(void)
{
	int err = pci_register_driver(&lab_bar_driver);

	if (err || lab_bar_device)
		return err;
	err = lab_bar_why_not();
	pci_unregister_driver(&lab_bar_driver);
	return err;
}

static void __exit lab_bar_exit(void)
{
	pci_unregister_driver(&lab_bar_driver);
}

module_init(lab_bar_init);
module_exit(lab_bar_exit);

MODULE_DESCRIPTION("kmaplab: a BAR of a PCI device through pcim_iomap() and mmap()");
MODULE_LICENSE("GPL");
