// SPDX-License-Identifier: GPL-2.0
/*
 * A block of pages: one entry instead of 512
 *
 * A page table has 512 entries, if a page has 4 KiB, and maps 2 MiB. The entry above it,
 * in the PMD, leads to the table. It can map the 2 MiB itself instead: then there is no
 * table, one page fault brings all 512 pages, and the processor remembers one
 * translation where it had to remember 512.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include "huge_fault.h"
#include "lab_compat.h"
#include "lab_core.h"

/**
 * huge_fault_fits - can one entry map a block of pages?
 * @vma: where the fault was
 * @start: the block's first address
 * @index: which page of the device belongs there; a very large number if the block
 *	begins before page 0
 * @pfn: the frame of that page
 * @size: of the device's memory, in bytes
 *
 * With one entry the program sees all pages of the block, and so it must be allowed to
 * see each of them. The whole block must lie in the VMA, of which munmap() or
 * mprotect() may have left only a part. And it must lie in the memory, since behind its
 * end are pages of other owners.
 *
 * An entry for a block has no room for the low bits of a frame number: the frames begin at
 * a multiple of 512, as the addresses do. mmap() chooses addresses that fit the
 * frames, but a program may ask for others.
 *
 * Return: false if each page needs an entry of its own.
 */
bool huge_fault_fits(const struct vm_area_struct *vma, unsigned long start,
		     unsigned long index, unsigned long pfn, size_t size)
{
	if (start < vma->vm_start || vma->vm_end - start < PMD_SIZE)
		return false;
	if (!lab_range_fits(size, index, PMD_SIZE))
		return false;
	return IS_ALIGNED(pfn, 1ul << PMD_ORDER);
}
EXPORT_SYMBOL_GPL(huge_fault_fits);

/**
 * huge_fault - answer a page fault with the block around the address
 * @vmf: the fault
 * @first: the device's first page; the others follow it
 * @size: of the device's memory, in bytes
 *
 * vmf_insert_pfn_pmd() takes no reference, as vmf_insert_pfn(), and needs a VM_PFNMAP
 * mapping. If the block is divided later, the kernel removes the entry, and each page
 * that is left arrives again by a fault of its own.
 *
 * Return: what ->huge_fault() has to: VM_FAULT_FALLBACK if a page must do.
 */
vm_fault_t huge_fault(struct vm_fault *vmf, struct page *first, size_t size)
{
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	unsigned long index = vmf->pgoff - PHYS_PFN(vmf->address - start);
	unsigned long pfn = page_to_pfn(first) + index;

	if (!huge_fault_fits(vmf->vma, start, index, pfn, size))
		return VM_FAULT_FALLBACK;

	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}
EXPORT_SYMBOL_GPL(huge_fault);

MODULE_DESCRIPTION("kmaplab: a page fault that is answered with 2 MiB");
MODULE_LICENSE("GPL");
