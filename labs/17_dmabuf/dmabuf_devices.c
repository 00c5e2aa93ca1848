// SPDX-License-Identifier: GPL-2.0
/*
 * The devices that want the memory
 *
 * The driver of each device has imported the dma-buf. This file does not know those drivers: the
 * kernel calls the functions below for each device alike.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "dmabuf_devices.h"
#include "lab_core.h"

/* One for each device that has the memory mapped now, through whichever dma-buf. */
struct mapping {
	struct device *dev;
	struct sg_table table;
	struct list_head node;
};

static LIST_HEAD(mappings);
static DEFINE_MUTEX(lock);

/*
 * Describe: a list of page frames
 *
 * The kernel's type for memory in pieces is the scatterlist. This one has an entry for each
 * page frame.
 */
static int dmabuf_devices_describe(const struct lab *lab,
				   struct sg_table *table)
{
	void *addr = lab->view.vaddr;
	struct scatterlist *entry;
	unsigned int i;
	int err;

	err = sg_alloc_table(table, lab->size >> PAGE_SHIFT, GFP_KERNEL);
	if (err)
		return err;
	for_each_sgtable_sg(table, entry, i) {
		sg_set_page(entry, vmalloc_to_page(addr), PAGE_SIZE, 0);
		addr += PAGE_SIZE;
	}
	return 0;
}

/**
 * dmabuf_devices_map - map the memory for the device of an importer
 * @attachment: the device, and the dma-buf, whose priv is the lab
 * @direction: what the device may do with the memory
 *
 * The addresses are for that device: the kernel looks at its mask and its IOMMU. Each importer
 * gets a list of its own.
 *
 * Return: the list, or the error of the function that failed.
 */
struct sg_table *dmabuf_devices_map(struct dma_buf_attachment *attachment,
				    enum dma_data_direction direction)
{
	struct mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	int err;

	if (!mapping)
		return ERR_PTR(-ENOMEM);
	err = dmabuf_devices_describe(attachment->dmabuf->priv,
				      &mapping->table);
	if (err)
		goto free_mapping;
	mapping->dev = attachment->dev;
	err = dma_map_sgtable(mapping->dev, &mapping->table, direction, 0);
	if (err)
		goto free_table;
	mutex_lock(&lock);
	list_add(&mapping->node, &mappings);
	mutex_unlock(&lock);
	return &mapping->table;

free_table:
	sg_free_table(&mapping->table);
free_mapping:
	kfree(mapping);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(dmabuf_devices_map);

/**
 * dmabuf_devices_unmap - undo dmabuf_devices_map()
 * @attachment: as it was then
 * @table: what dmabuf_devices_map() has returned
 * @direction: as it was then
 */
void dmabuf_devices_unmap(struct dma_buf_attachment *attachment,
			  struct sg_table *table,
			  enum dma_data_direction direction)
{
	struct mapping *mapping = container_of(table, struct mapping, table);

	mutex_lock(&lock);
	list_del(&mapping->node);
	mutex_unlock(&lock);
	dma_unmap_sgtable(mapping->dev, table, direction, 0);
	sg_free_table(table);
	kfree(mapping);
}
EXPORT_SYMBOL_GPL(dmabuf_devices_unmap);

/**
 * dmabuf_devices_begin - it is the processor's turn
 * @dmabuf: any; there is only one memory
 * @direction: what the processor will do with it
 *
 * A program says so with DMA_BUF_IOCTL_SYNC, a driver with dma_buf_begin_cpu_access(). From
 * here on the memory belongs to the processor. What has to be done for that depends on the
 * device, so it is done for each one's mapping; lab_dma does the same for one device.
 *
 * Return: 0.
 */
int dmabuf_devices_begin(struct dma_buf *dmabuf,
			 enum dma_data_direction direction)
{
	struct mapping *mapping;

	mutex_lock(&lock);
	list_for_each_entry(mapping, &mappings, node)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->table,
					 direction);
	mutex_unlock(&lock);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabuf_devices_begin);

/**
 * dmabuf_devices_end - it is the devices' turn again
 * @dmabuf: any; there is only one memory
 * @direction: what the processor has done with it
 *
 * Return: 0.
 */
int dmabuf_devices_end(struct dma_buf *dmabuf,
		       enum dma_data_direction direction)
{
	struct mapping *one;

	mutex_lock(&lock);
	list_for_each_entry(one, &mappings, node)
		dma_sync_sgtable_for_device(one->dev, &one->table, direction);
	mutex_unlock(&lock);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabuf_devices_end);

MODULE_DESCRIPTION("kmaplab: a buffer that is mapped for devices, for lab_dmabuf");
MODULE_LICENSE("GPL");
