/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reserved_region.h - find the memory that was reserved at boot
 */
#ifndef RESERVED_REGION_H
#define RESERVED_REGION_H

#include <linux/ioport.h>

#include "lab_core.h"

int reserved_region_find(struct resource *region,
			 const struct lab_number *mem_start,
			 const struct lab_number *mem_size);
int reserved_region_map(struct vm_area_struct *vma, unsigned long pfn);

#endif /* RESERVED_REGION_H */
