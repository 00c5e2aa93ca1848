/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_compat.h - differences between the kernel series
 *
 * The labs are written for the newest kernel. Where an older series has another
 * name for something, this file, and no other, defines the new name.
 */
#ifndef LAB_COMPAT_H
#define LAB_COMPAT_H

#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/version.h>

/* 6.2 gave it this name: the caller does not hold the lock of the buffer. */
#if KERNEL_VERSION(6, 2, 0) > LINUX_VERSION_CODE
#define dma_buf_vmap_unlocked dma_buf_vmap
#define dma_buf_vunmap_unlocked dma_buf_vunmap
#endif

/* 6.3 made vm_flags read-only outside of helpers that check the locking. */
#if KERNEL_VERSION(6, 3, 0) > LINUX_VERSION_CODE
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/*
 * The largest order that the page allocator serves. Until 6.3 MAX_ORDER was
 * one more than that; 6.4 made it the order itself; 6.8 renamed it.
 */
#ifndef MAX_PAGE_ORDER
#if KERNEL_VERSION(6, 4, 0) > LINUX_VERSION_CODE
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#else
#define MAX_PAGE_ORDER MAX_ORDER
#endif
#endif

/* 6.5 took the last argument away: it was for the VMAs that were met. */
#if KERNEL_VERSION(6, 5, 0) > LINUX_VERSION_CODE
#define get_user_pages(start, number, flags, pages) \
	get_user_pages(start, number, flags, pages, NULL)
#endif

/*
 * 6.12 replaced follow_pfn(), whose result could be out of date on return, by
 * follow_pfnmap_start(). The releases just before have neither; none of our
 * series is among them.
 */
#if KERNEL_VERSION(6, 10, 0) > LINUX_VERSION_CODE
struct follow_pfnmap_args {
	struct vm_area_struct *vma;
	unsigned long address;
	unsigned long pfn;
};

static inline int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	return follow_pfn(args->vma, args->address, &args->pfn);
}

static inline void follow_pfnmap_end(struct follow_pfnmap_args *args)
{
}
#endif

/*
 * Once a device was enabled by pcim_enable_device(), a claim was managed by itself.
 * 6.13 gave the managed one a name of its own.
 */
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define pcim_request_region pci_request_region
#endif

/* 6.8 renamed it: a device that has a line is nothing that is over. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/* 6.13 wants the name of a namespace of symbols in quotes. */
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define LAB_IMPORT_NS(name) MODULE_IMPORT_NS(name)
#else
#define LAB_IMPORT_NS(name) MODULE_IMPORT_NS(#name)
#endif

/* 6.16 renamed rdmsrl(): it reads 64 bits, for which "q" stands. */
#if KERNEL_VERSION(6, 16, 0) > LINUX_VERSION_CODE
#define rdmsrq rdmsrl
#endif

/* 6.17 renamed the work queue that is bound to no processor. */
#if KERNEL_VERSION(6, 17, 0) > LINUX_VERSION_CODE
#define system_dfl_wq system_unbound_wq
#endif

/*
 * An entry that maps 2 MiB by frame number needs a bit that keeps the fast kind of
 * get_user_pages() off its frames. 6.12 gave it one, where this option is set; and
 * 6.1 asks the ->huge_fault() of nobody but DAX. There the handler is not entered
 * into the operations, and the compiler drops it. 6.17 took away the type pfn_t.
 */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#define LAB_HUGE_FAULT(handler) (handler)
#if KERNEL_VERSION(6, 17, 0) > LINUX_VERSION_CODE
#include <linux/pfn_t.h>
#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), write)
#endif
#else
#define LAB_HUGE_FAULT(handler) (false ? (void *)(handler) : NULL)
#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	((void)(vmf), (void)(pfn), (void)(write), VM_FAULT_FALLBACK)
#endif

/* 6.6 gave it this name. */
#ifndef PMD_ORDER
#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
#endif

/*
 * mmap_prepare() grew over several releases. 7.2 is the first with everything
 * that lab_prepare uses, and older series have no substitute: there
 * 06_prepare/Kbuild leaves the lab out.
 */
#if KERNEL_VERSION(7, 2, 0) <= LINUX_VERSION_CODE
#define LAB_HAS_MMAP_PREPARE
#endif

#endif /* LAB_COMPAT_H */
