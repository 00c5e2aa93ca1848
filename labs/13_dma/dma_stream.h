/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma_stream.h - memory that belongs to processor and device in turn, for lab_dma
 */
#ifndef DMA_STREAM_H
#define DMA_STREAM_H

#include <linux/dma-mapping.h>
#include <linux/mm.h>

struct lab;

int dma_stream_choose(const char *kind);
bool dma_stream_is_chosen(void);
int dma_stream_get(struct lab *lab, struct device *dev, dma_addr_t *address);
void dma_stream_put(void);
int dma_stream_mmap(struct vm_area_struct *vma);
void dma_stream_lend(size_t offset, size_t count);
void dma_stream_take_back(void);

#endif /* DMA_STREAM_H */
