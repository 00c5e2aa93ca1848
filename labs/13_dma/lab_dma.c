// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer that a device reads and writes
 *
 * A device can read and write memory by itself, without the processor: that is DMA
 * (direct memory access). For this it has addresses of its own. Which of them leads to a
 * byte of RAM depends on the bus, and on an IOMMU if there is one. How many bits such an
 * address can have depends on the device. Whether the device sees what is in the
 * processor's caches depends on the machine. The kernel's DMA API knows all three. A
 * driver asks it for a buffer and gets two addresses: one for itself, one for the device.
 *
 * QEMU's edu device copies bytes between RAM and a memory of its own. (edu_dma.c drives
 * it.) So the same bytes are seen by kernel, program and device.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/wait_bit.h>

#include "dma_stream.h"
#include "edu_dma.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static uint bits = 28;
module_param(bits, uint, 0444);
MODULE_PARM_DESC(bits, "bits of an address that the device has (default 28, as QEMU makes it)");

static char *kind = "coherent";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "coherent (default), or mapped, pages or noncontiguous: dma_stream.c");

/*
 * What bits= may say. The device's registers take addresses of 32 bits. Fewer than 16 are a
 * mistake, which the kernel need not notice: behind an IOMMU it refuses no mask.
 */
#define LEAST_BITS 16
#define MOST_BITS 32

static struct lab lab;

/* The device, and its address of the buffer's first byte. */
static struct pci_dev *lab_dma_device;
static dma_addr_t lab_dma_address;

/* Open files; -1 when there can be no more. */
static atomic_t lab_dma_users;

/*
 * Get: say what the device can reach, then ask for memory
 *
 * A device with 28 bits for an address reaches the first 256 MiB of what it addresses,
 * and nothing else. It does not notice a longer address: it leaves out the upper bits, and
 * reads or writes somewhere else. So the driver says how many bits there are, and the
 * kernel allocates memory within reach, or says that there is none. If a driver says
 * nothing, the kernel assumes 32.
 *
 * *Coherent* memory is for processor and device at the same time: each sees at once
 * what the other has written. On x86, and where the device looks into the caches, that
 * is ordinary RAM; elsewhere the kernel maps it uncached. It is zeroed.
 *
 * Behind an IOMMU any page frames will do, since that makes one range of them for the
 * device; the kernel then takes single ones, and maps them for itself as well.
 * DMA_ATTR_FORCE_CONTIGUOUS asks for one piece of RAM all the same, so this lab has the
 * same kind of buffer on all machines. (dma_alloc_coherent() is dma_alloc_attrs() without
 * such wishes, and is what most drivers call. The functions that map and free must be told
 * the same wishes.)
 */
#define LAB_DMA_WISHES DMA_ATTR_FORCE_CONTIGUOUS

static int lab_dma_get(struct pci_dev *pdev)
{
	void *buffer;
	int err;

	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(bits));
	if (err) {
		pci_err(pdev, "lab_dma: no memory that %u bits reach\n", bits);
		return err;
	}
	if (dma_stream_is_chosen())
		return dma_stream_get(&lab, &pdev->dev, &lab_dma_address);
	buffer = dma_alloc_attrs(&pdev->dev, lab.size, &lab_dma_address,
				 GFP_KERNEL | __GFP_NOWARN, LAB_DMA_WISHES);
	if (!buffer) {
		pci_err(pdev, "lab_dma: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

/*
 * Translate: for the checks; a driver does not need it
 *
 * The DMA API does not say which page frames it has taken: the device gets its own
 * address, and dma_mmap_attrs() finds the frames by itself. Here the kernel's address is
 * one of the linear map. It would not be if the kernel had to map the buffer anew,
 * uncached or from single page frames.
 */
static void lab_dma_translate(const struct lab *lab, unsigned long index,
			      struct lab_page *page)
{
	void *addr = lab->view.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (unsigned long)addr;
	page->pfn = PHYS_PFN(virt_to_phys(addr));
}

/*
 * Map: by the function that belongs to the allocation
 *
 * dma_mmap_attrs() knows where the memory is from, and gives the mapping the right memory
 * type. It is told the whole buffer, and finds in the VMA which part is wanted. In its
 * place, remap_pfn_range() with virt_to_phys() is right only for an address of the linear
 * map, and only for ordinary cached memory.
 */
static int lab_dma_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab_of(file), vma);

	if (err)
		return err;
	if (dma_stream_is_chosen())
		return dma_stream_mmap(vma);
	return dma_mmap_attrs(&lab_dma_device->dev, vma, lab.view.vaddr,
			      lab_dma_address, lab.size, LAB_DMA_WISHES);
}

/*
 * Give back: with the size and both addresses, as it was allocated
 */
static void lab_dma_give_back(struct pci_dev *pdev)
{
	if (dma_stream_is_chosen()) {
		dma_stream_put();
		return;
	}
	dma_free_attrs(&pdev->dev, lab.size, lab.view.vaddr, lab_dma_address,
		       LAB_DMA_WISHES);
}

/*
 * Have the device copy: the only request that other labs do not have
 *
 * edu_request.c checks what the program asks for. The device gets its own address.
 */
static long lab_dma_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	if (cmd != LAB_IOC_DMA)
		return lab_ioctl(file, cmd, arg);
	return edu_dma_request(&lab, lab_dma_address, file->f_mode,
			       (void __user *)arg);
}

/*
 * Open and release: who uses the buffer
 *
 * The memory belongs to the device: the kernel lends it for as long as the driver has the
 * device. But a device can be taken out of the machine, by a file in sysfs as well, while
 * a program has the buffer mapped. So remove() waits until the last file is closed; a
 * mapping keeps its file open. (A program that takes the device away while it has the node
 * open waits for itself. A driver for devices that are pulled out takes the mappings away,
 * with unmap_mapping_range(), and refuses all requests from then on.)
 */
static int lab_dma_open(struct inode *inode, struct file *file)
{
	return atomic_inc_unless_negative(&lab_dma_users) ? 0 : -ENODEV;
}

static int lab_dma_release(struct inode *inode, struct file *file)
{
	if (atomic_dec_and_test(&lab_dma_users))
		wake_up_var(&lab_dma_users);
	return 0;
}

/*
 * The device node
 */
static const struct file_operations lab_dma_fops = {
	.owner = THIS_MODULE,
	.open = lab_dma_open,
	.release = lab_dma_release,
	.llseek = lab_llseek,
	.read = lab_read,
	.write = lab_write,
	.mmap = lab_dma_mmap,
	.unlocked_ioctl = lab_dma_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_dma", &lab_dma_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_dma_translate,
};

/*
 * Add and remove: called when the device comes and when it goes
 *
 * Before the buffer is freed, the device is kept from the bus: it may still be copying
 * for a request that gave up waiting.
 */
static int lab_dma_add(struct pci_dev *pdev)
{
	int err = edu_dma_get(pdev);

	if (err)
		return err;
	err = lab_dma_get(pdev);
	if (err)
		return err;
	lab_dma_device = pdev;
	atomic_set(&lab_dma_users, 0);
	err = lab_register(&lab);
	if (err)
		lab_dma_give_back(pdev);
	return err;
}

static void lab_dma_remove(struct pci_dev *pdev)
{
	wait_var_event(&lab_dma_users,
		       atomic_cmpxchg(&lab_dma_users, 0, -1) == 0);
	lab_unregister(&lab);
	edu_dma_stop(pdev);
	lab_dma_give_back(pdev);
}

static int __init lab_dma_init(void)
{
	int err = lab_set_size(&lab, pages, MAX_ORDER_NR_PAGES) ?:
		  dma_stream_choose(kind);

	if (err)
		return err;
	if (bits < LEAST_BITS || bits > MOST_BITS) {
		pr_err("lab_dma: bits=%u is out of range: %d to %d are possible\n",
		       bits, LEAST_BITS, MOST_BITS);
		return -EINVAL;
	}
	return edu_dma_register(lab_dma_add, lab_dma_remove);
}

static void __exit lab_dma_exit(void)
{
	edu_dma_unregister();
}

module_init(lab_dma_init);
module_exit(lab_dma_exit);

MODULE_DESCRIPTION("kmaplab: a buffer for DMA through dma_alloc_attrs() and dma_mmap_attrs()");
MODULE_LICENSE("GPL");
