// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that belongs to processor and device in turn
 *
 * Coherent memory may be slow for the processor, or scarce. So most drivers take ordinary
 * memory, cached and from anywhere, and say each time who has it next. That is a streaming
 * mapping. When the memory changes hands, the kernel does what the machine needs. It writes
 * caches back, or drops what they hold; it copies all bytes, if the device does not reach the
 * memory and a bounce buffer stands in for it; or it does nothing.
 *
 * Three ways to such memory follow. The coherent memory is in lab_dma.c.
 */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dma_stream.h"
#include "lab_compat.h"
#include "lab_core.h"

/* The device may read it and write it. */
#define EITHER_WAY DMA_BIDIRECTIONAL

/* The buffer. If lent is not 0, the device has that many bytes of it, from offset on. */
static struct {
	struct device *dev;
	size_t size;
	void *vaddr;
	dma_addr_t address;
	struct page *page;
	struct sg_table *table;
	size_t offset;
	size_t lent;
} buffer;

/*
 * Mapped: memory that was there before, and is lent to a device
 *
 * Network and disk drivers do that with each packet and each block. The memory was
 * allocated without the device in mind, so it may lie beyond its reach. Without an IOMMU
 * the kernel then puts a *bounce buffer* in its place: other memory that the device
 * does reach, a part of a pool that was set aside at boot (swiotlb). The device's address is
 * that of the bounce buffer, and its bytes are copied when the memory changes hands, and only
 * then.
 */
static int dma_stream_get_mapped(void)
{
	buffer.vaddr = alloc_pages_exact(buffer.size, GFP_KERNEL | __GFP_ZERO |
						      __GFP_NOWARN);
	if (!buffer.vaddr)
		return -ENOMEM;
	buffer.address = dma_map_single_attrs(buffer.dev, buffer.vaddr,
					      buffer.size, EITHER_WAY,
					      DMA_ATTR_NO_WARN);
	if (!dma_mapping_error(buffer.dev, buffer.address))
		return 0;
	free_pages_exact(buffer.vaddr, buffer.size);
	return -ENOMEM;
}

static void dma_stream_put_mapped(void)
{
	dma_unmap_single(buffer.dev, buffer.address, buffer.size, EITHER_WAY);
	free_pages_exact(buffer.vaddr, buffer.size);
}

static int dma_stream_mmap_mapped(struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	struct page *first = virt_to_page(buffer.vaddr) + vma->vm_pgoff;

	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(first),
			       size, vma->vm_page_prot);
}

/*
 * Pages: memory that is allocated for the device, within its reach
 *
 * Unlike coherent memory it is cached on every machine, and always has a struct page.
 * Nothing is ever copied, but it still has to be handed over, because of machines on which
 * the device does not look into the caches.
 */
static int dma_stream_get_pages(void)
{
	buffer.page = dma_alloc_pages(buffer.dev, buffer.size, &buffer.address,
				      EITHER_WAY, GFP_KERNEL | __GFP_NOWARN);
	if (!buffer.page)
		return -ENOMEM;
	buffer.vaddr = page_address(buffer.page);
	return 0;
}

static void dma_stream_put_pages(void)
{
	dma_free_pages(buffer.dev, buffer.size, buffer.page, buffer.address,
		       EITHER_WAY);
}

static int dma_stream_mmap_pages(struct vm_area_struct *vma)
{
	return dma_mmap_pages(buffer.dev, vma, buffer.size, buffer.page);
}

/*
 * Noncontiguous: single page frames, which an IOMMU puts side by side for the device
 *
 * What vmalloc() does for the processor the IOMMU does for the device: its address goes on
 * from page to page, wherever the page frames are. A large buffer then needs no large free
 * block of RAM. The kernel does not map it unless asked to. (Without an IOMMU the function
 * takes one block, as dma_alloc_pages() does.)
 */
static int dma_stream_get_noncontiguous(void)
{
	buffer.table = dma_alloc_noncontiguous(buffer.dev, buffer.size,
					       EITHER_WAY,
					       GFP_KERNEL | __GFP_ZERO, 0);
	if (!buffer.table)
		return -ENOMEM;
	buffer.address = sg_dma_address(buffer.table->sgl);
	buffer.vaddr = dma_vmap_noncontiguous(buffer.dev, buffer.size,
					      buffer.table);
	if (buffer.vaddr)
		return 0;
	dma_free_noncontiguous(buffer.dev, buffer.size, buffer.table,
			       EITHER_WAY);
	return -ENOMEM;
}

static void dma_stream_put_noncontiguous(void)
{
	dma_vunmap_noncontiguous(buffer.dev, buffer.vaddr);
	dma_free_noncontiguous(buffer.dev, buffer.size, buffer.table,
			       EITHER_WAY);
}

/* Behind an IOMMU the API inserts pages, as lab_ring does: that sets neither of these flags. */
static int dma_stream_mmap_noncontiguous(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTDUMP | VM_DONTEXPAND);
	return dma_mmap_noncontiguous(buffer.dev, vma, buffer.size,
				      buffer.table);
}

static const struct dma_stream_kind {
	const char *name;
	int (*get)(void);
	void (*put)(void);
	int (*mmap)(struct vm_area_struct *vma);
} kinds[] = {
	{ "mapped", dma_stream_get_mapped, dma_stream_put_mapped,
	  dma_stream_mmap_mapped },
	{ "pages", dma_stream_get_pages, dma_stream_put_pages,
	  dma_stream_mmap_pages },
	{ "noncontiguous", dma_stream_get_noncontiguous,
	  dma_stream_put_noncontiguous, dma_stream_mmap_noncontiguous },
};

static const struct dma_stream_kind *chosen;

/**
 * dma_stream_lend - give bytes to the device
 * @offset: the first of them
 * @count: how many
 *
 * The device sees what the processor wrote before this call. What the processor writes after
 * it, the device may see or not, and it may overwrite what the device has written.
 *
 * Locking: the caller makes one call at a time.
 */
void dma_stream_lend(size_t offset, size_t count)
{
	if (!chosen)
		return;
	if (buffer.table) {
		flush_kernel_vmap_range(buffer.vaddr, buffer.size);
		dma_sync_sgtable_for_device(buffer.dev, buffer.table,
					    EITHER_WAY);
	} else {
		dma_sync_single_for_device(buffer.dev, buffer.address + offset,
					   count, EITHER_WAY);
	}
	buffer.offset = offset;
	buffer.lent = count;
}
EXPORT_SYMBOL_GPL(dma_stream_lend);

/**
 * dma_stream_take_back - give the bytes that were lent back to the processor
 *
 * To be called when the device has done its work. It takes back only what was lent: for the
 * rest a bounce buffer has old bytes.
 *
 * Locking: the caller makes one call at a time.
 */
void dma_stream_take_back(void)
{
	if (!buffer.lent)
		return;
	if (buffer.table) {
		dma_sync_sgtable_for_cpu(buffer.dev, buffer.table, EITHER_WAY);
		invalidate_kernel_vmap_range(buffer.vaddr, buffer.size);
	} else {
		dma_sync_single_for_cpu(buffer.dev,
					buffer.address + buffer.offset,
					buffer.lent, EITHER_WAY);
	}
	buffer.lent = 0;
}
EXPORT_SYMBOL_GPL(dma_stream_take_back);

/* Translate: single page frames have kernel addresses from a page table. */
static void dma_stream_translate(const struct lab *lab, unsigned long index,
				 struct lab_page *page)
{
	void *at = buffer.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (uintptr_t)at;
	page->pfn = is_vmalloc_addr(at) ? vmalloc_to_pfn(at) :
					  page_to_pfn(virt_to_page(at));
}

/**
 * dma_stream_choose - say which kind of memory it shall be
 * @kind: mapped, pages or noncontiguous; or coherent, which is left to lab_dma.c
 *
 * Return: 0, or -EINVAL for any other, with a message in the log.
 */
int dma_stream_choose(const char *kind)
{
	size_t i;

	chosen = NULL;
	if (!strcmp(kind, "coherent"))
		return 0;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i].name))
			chosen = &kinds[i];
	if (chosen)
		return 0;
	pr_err("lab_dma: kind=%s is unknown\n", kind);
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(dma_stream_choose);

/**
 * dma_stream_is_chosen - is the memory to be of one of these three kinds?
 *
 * Return: whether dma_stream_choose() was given one of them.
 */
bool dma_stream_is_chosen(void)
{
	return chosen;
}
EXPORT_SYMBOL_GPL(dma_stream_is_chosen);

/**
 * dma_stream_get - get the memory
 * @lab: its size says how much; its view, its translation and its flags are set
 * @dev: the device, of which the kernel knows what it reaches
 * @address: set to the device's address of the first byte
 *
 * Return: 0, or -ENOMEM, with a message in the log.
 */
int dma_stream_get(struct lab *lab, struct device *dev, dma_addr_t *address)
{
	int err;

	memset(&buffer, 0, sizeof(buffer));
	buffer.dev = dev;
	buffer.size = lab->size;
	err = chosen->get();
	if (err) {
		dev_err(dev, "lab_dma: no %zu bytes of kind %s\n", lab->size,
			chosen->name);
		return err;
	}
	*address = buffer.address;
	iosys_map_set_vaddr(&lab->view, buffer.vaddr);
	lab->translate = dma_stream_translate;
	lab->flags = is_vmalloc_addr(buffer.vaddr) ? 0 : LAB_INFO_CONTIGUOUS;
	return 0;
}
EXPORT_SYMBOL_GPL(dma_stream_get);

/**
 * dma_stream_put - give the memory back; the device must not use it any more
 */
void dma_stream_put(void)
{
	chosen->put();
}
EXPORT_SYMBOL_GPL(dma_stream_put);

/**
 * dma_stream_mmap - map the memory to user space
 * @vma: a VMA that lab_refuse_mmap() has let through
 *
 * Return: 0, or the error of the function that maps.
 */
int dma_stream_mmap(struct vm_area_struct *vma)
{
	return chosen->mmap(vma);
}
EXPORT_SYMBOL_GPL(dma_stream_mmap);

MODULE_DESCRIPTION("kmaplab: streaming DMA mappings, for lab_dma");
MODULE_LICENSE("GPL");
