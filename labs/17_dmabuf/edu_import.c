// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver: it imports
 *
 * It drives QEMU's edu device, as lab_dma does, but has no buffer of its own. A program hands
 * it the descriptor of any dma-buf: of lab_dmabuf, of the kernel's own udmabuf, of a DMA heap.
 * The device copies between that memory and its own; the driver looks at that memory, too.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu_import.h"
#include "edu_registers.h"
#include "lab_compat.h"
#include "lab_core.h"
#include "lab_pattern.h"

#define EDU_BITS	32

/* The device may read the memory and write it. */
#define EITHER_WAY	DMA_BIDIRECTIONAL

/* What an open file has imported; all NULL if nothing. */
struct import {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
};

/* The device, NULL while there is none; and a lock, for one request at a time. */
static struct pci_dev *device;
static void __iomem *registers;
static DEFINE_MUTEX(lock);

/*
 * Let go: in the opposite order
 *
 * dma_buf_put() may be what ends the life of the exporter's memory.
 */
static void edu_import_drop(struct import *import)
{
	if (!import->dmabuf)
		return;
	dma_buf_unmap_attachment_unlocked(import->attachment, import->table,
					  EITHER_WAY);
	dma_buf_detach(import->dmabuf, import->attachment);
	dma_buf_put(import->dmabuf);
	import->dmabuf = NULL;
}

/*
 * Import: three steps from a number to addresses for the device
 *
 * dma_buf_get() refuses what is no dma-buf. dma_buf_attach() tells the exporter which device
 * wants the memory. dma_buf_map_attachment_unlocked() returns the addresses. If the device
 * cannot reach the memory, the exporter refuses in the second step or in the third. The result
 * is a streaming mapping: the memory belongs to the device until the processor's turn is
 * announced.
 */
static int edu_import_get(struct import *import, int fd)
{
	struct dma_buf *buffer = dma_buf_get(fd);
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	int err;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	attachment = dma_buf_attach(buffer, &device->dev);
	err = PTR_ERR_OR_ZERO(attachment);
	if (err)
		goto put;
	table = dma_buf_map_attachment_unlocked(attachment, EITHER_WAY);
	err = PTR_ERR_OR_ZERO(table);
	if (err)
		goto detach;
	edu_import_drop(import);
	*import = (struct import){ buffer, attachment, table };
	return 0;

detach:
	dma_buf_detach(buffer, attachment);
put:
	dma_buf_put(buffer);
	return err;
}

/*
 * Copy: piece by piece
 *
 * Where the page frames are scattered, so are their addresses for the device, unless an IOMMU
 * puts them side by side.
 */
static int edu_import_copy_piece(dma_addr_t address, u32 inside, u32 count,
				 bool to_device)
{
	u32 command;

	inside += EDU_DMA_INSIDE;
	iowrite32(to_device ? address : inside, registers + EDU_DMA_SOURCE);
	iowrite32(to_device ? inside : address,
		  registers + EDU_DMA_DESTINATION);
	iowrite32(count, registers + EDU_DMA_COUNT);
	iowrite32(EDU_DMA_RUN | (to_device ? 0 : EDU_DMA_TO_MEMORY),
		  registers + EDU_DMA_COMMAND);
	return read_poll_timeout(ioread32, command, !(command & EDU_DMA_RUN),
				 USEC_PER_MSEC, 10 * USEC_PER_SEC, false,
				 registers + EDU_DMA_COMMAND);
}

static int edu_import_copy(struct import *import, struct edu_import_copy *copy)
{
	u64 offset = copy->offset;
	u32 inside = copy->inside, left = copy->count;
	struct scatterlist *entry;
	unsigned int i;
	int err = 0;

	if (!import->dmabuf)
		return -ENXIO;
	if (copy->to_device > 1 || left > LAB_DMA_INSIDE ||
	    inside > LAB_DMA_INSIDE - left || left > import->dmabuf->size ||
	    offset > import->dmabuf->size - left)
		return -EINVAL;
	for_each_sgtable_dma_sg(import->table, entry, i) {
		u32 piece = sg_dma_len(entry);

		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		piece = min_t(u64, piece - offset, left);
		if (!piece || err)
			break;
		err = edu_import_copy_piece(sg_dma_address(entry) + offset,
					    inside, piece, copy->to_device);
		inside += piece;
		left -= piece;
		offset = 0;
	}
	return err;
}

/*
 * Look: with the processor, through the exporter's own mapping
 *
 * The exporter is told when the driver begins and ends to look. What the exporter has mapped
 * may be I/O memory, so accessors read it.
 */
static int edu_import_look(struct import *import, struct lab_check *check)
{
	struct iosys_map view;
	size_t offset;
	int err;

	if (!import->dmabuf)
		return -ENXIO;
	err = dma_buf_vmap_unlocked(import->dmabuf, &view);
	if (err)
		return err;
	err = dma_buf_begin_cpu_access(import->dmabuf, DMA_FROM_DEVICE);
	check->offset = LAB_NO_DIFFERENCE;
	for (offset = 0; !err && offset < import->dmabuf->size;
	     offset += sizeof(u32)) {
		check->expected = lab_pattern_word(check->seed,
						   offset / sizeof(u32));
		check->found = iosys_map_rd(&view, offset, u32);
		if (check->found != check->expected) {
			check->offset = offset;
			break;
		}
	}
	dma_buf_end_cpu_access(import->dmabuf, DMA_FROM_DEVICE);
	dma_buf_vunmap_unlocked(import->dmabuf, &view);
	return err;
}

/*
 * The device node
 */
static int edu_import_open(struct inode *inode, struct file *file)
{
	struct import *import = kzalloc(sizeof(*import), GFP_KERNEL);

	file->private_data = import;
	return import ? 0 : -ENOMEM;
}

static int edu_import_release(struct inode *inode, struct file *file)
{
	edu_import_drop(file->private_data);
	kfree(file->private_data);
	return 0;
}

static long edu_import_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	union {
		struct edu_import import;
		struct edu_import_copy copy;
		struct lab_check check;
	} request;
	int err;

	if (cmd != EDU_IOC_IMPORT && cmd != EDU_IOC_IMPORT_COPY &&
	    cmd != LAB_IOC_CHECK)
		return -ENOTTY;
	if (copy_from_user(&request, argp, _IOC_SIZE(cmd)))
		return -EFAULT;
	mutex_lock(&lock);
	if (cmd == EDU_IOC_IMPORT)
		err = edu_import_get(file->private_data, request.import.fd);
	else if (cmd == EDU_IOC_IMPORT_COPY)
		err = edu_import_copy(file->private_data, &request.copy);
	else
		err = edu_import_look(file->private_data, &request.check);
	mutex_unlock(&lock);
	if (err || cmd != LAB_IOC_CHECK)
		return err;
	return copy_to_user(argp, &request.check, sizeof(request.check)) ?
	       -EFAULT : 0;
}

static const struct file_operations edu_import_fops = {
	.owner = THIS_MODULE,
	.open = edu_import_open,
	.release = edu_import_release,
	.unlocked_ioctl = edu_import_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice edu_import_node =
	LAB_MISCDEVICE("edu_import", &edu_import_fops);

/*
 * The PCI driver
 *
 * An open node would keep addresses of a device that has gone. So nobody can unbind the device
 * from this driver through sysfs (suppress_bind_attrs); whoever pulls it out must have closed
 * the node.
 */
static int edu_import_probe(struct pci_dev *pdev,
			    const struct pci_device_id *id)
{
	int err = device ? -EBUSY : pcim_enable_device(pdev);

	if (err)
		return err;
	err = pcim_request_region(pdev, EDU_BAR, "edu_import");
	if (err)
		return err;
	registers = pcim_iomap(pdev, EDU_BAR, 0);
	if (!registers)
		return -ENOMEM;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_BITS));
	if (err)
		return err;
	pci_set_master(pdev);
	device = pdev;
	err = misc_register(&edu_import_node);
	if (err)
		device = NULL;
	return err;
}

static void edu_import_remove(struct pci_dev *pdev)
{
	misc_deregister(&edu_import_node);
	pci_clear_master(pdev);
	device = NULL;
}

static const struct pci_device_id edu_import_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{ }
};

static struct pci_driver edu_import_driver = {
	.name = "edu_import",
	.id_table = edu_import_ids,
	.probe = edu_import_probe,
	.remove = edu_import_remove,
	.driver.suppress_bind_attrs = true,
};

module_pci_driver(edu_import_driver);

LAB_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("kmaplab: QEMU's edu device copies from and to any dma-buf");
MODULE_LICENSE("GPL");
