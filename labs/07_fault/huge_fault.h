/* SPDX-License-Identifier: GPL-2.0 */
/*
 * huge_fault.h - what lab_fault needs to map a block of pages at once
 */
#ifndef HUGE_FAULT_H
#define HUGE_FAULT_H

#include <linux/mm.h>

bool huge_fault_fits(const struct vm_area_struct *vma, unsigned long start,
		     unsigned long index, unsigned long pfn, size_t size);
vm_fault_t huge_fault(struct vm_fault *vmf, struct page *first, size_t size);

#endif /* HUGE_FAULT_H */
