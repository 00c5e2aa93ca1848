/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu_dma.h - QEMU's edu device, as lab_dma uses it
 */
#ifndef EDU_DMA_H
#define EDU_DMA_H

#include <linux/fs.h>
#include <linux/pci.h>

struct lab;

/**
 * struct edu_copy - bytes that the device is to copy
 * @address: the first of them in the memory, as the device addresses it
 * @inside: the first of them in the device's own memory
 * @count: how many; they lie within the device's own memory
 * @to_device: from the memory into the device, or else the other way
 * @wait_ms: how long to wait for it
 */
struct edu_copy {
	dma_addr_t address;
	u32 inside;
	u32 count;
	bool to_device;
	u32 wait_ms;
};

int edu_dma_register(int (*add)(struct pci_dev *pdev),
		     void (*remove)(struct pci_dev *pdev));
void edu_dma_unregister(void);
int edu_dma_get(struct pci_dev *pdev);
bool edu_dma_is_copying(void);
int edu_dma_copy(const struct edu_copy *copy);
void edu_dma_stop(struct pci_dev *pdev);

long edu_dma_request(struct lab *lab, dma_addr_t first, fmode_t mode,
		     void __user *argp);

#endif /* EDU_DMA_H */
