/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dmabuf_devices.h - what an exporter does for devices, for lab_dmabuf
 */
#ifndef DMABUF_DEVICES_H
#define DMABUF_DEVICES_H

#include <linux/dma-buf.h>

struct sg_table *dmabuf_devices_map(struct dma_buf_attachment *attachment,
				    enum dma_data_direction direction);
void dmabuf_devices_unmap(struct dma_buf_attachment *attachment,
			  struct sg_table *table,
			  enum dma_data_direction direction);
int dmabuf_devices_begin(struct dma_buf *dmabuf,
			 enum dma_data_direction direction);
int dmabuf_devices_end(struct dma_buf *dmabuf,
		       enum dma_data_direction direction);

#endif /* DMABUF_DEVICES_H */
