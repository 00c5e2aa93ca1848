/* SPDX-License-Identifier: GPL-2.0 */
/*
 * buffers.h - devices of the kernel that make buffers and hand out their descriptors
 *
 * The device cannot be mapped; each request makes a dma-buf, which can.
 */
#ifndef BUFFERS_H
#define BUFFERS_H

/* By /dev/udmabuf: of the pages of a memfd. It is always for reading and writing. */
int pages_of_a_memfd(int mode);

/* By a DMA heap, as /dev/dma_heap/system: of memory that it allocates. */
int memory_of_a_heap(int mode);

#endif /* BUFFERS_H */
