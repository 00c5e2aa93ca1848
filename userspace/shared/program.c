// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of labs, and the kinds of mappings
 */
#include "program.h"

const char *const operation_names[OPERATIONS] = {
	"llseek", "read", "write", "mmap", "info", "page", "fill", "check",
	"user_page", "small", "count", "faults", "ring", "time",
	"access", "port", "dma", "uio",
	"export",
};

const struct mapping_kind no_mapping = {
	.name = "none",
};

/* VM_PFNMAP: page table entries name frames, and the kernel looks no further. */
const struct mapping_kind pfnmap = {
	.name = "pfnmap",
	.vm_flags = "rd wr sh mr mw ms io pf de dd ",
	.populated = true,
	.child_has_all = true,
	.io = true,
};

/* VM_MIXEDMAP, by vm_insert_page() or what uses it: each entry holds its struct page. */
const struct mapping_kind mixedmap = {
	.name = "mixedmap",
	.vm_flags = "rd wr sh mr mw ms mm de dd ",
	.get_user_pages = true,
	.populated = true,
	.child_has_all = true,
	.in_rss = true,
	.can_drop = true,
	.can_reclaim = true,
};

/* Ordinary pages from a fault handler: to the kernel nothing is special about them. */
const struct mapping_kind fault = {
	.name = "fault",
	.vm_flags = "rd wr sh mr mw ms de dd ",
	.get_user_pages = true,
	.by_fault = true,
	.in_rss = true,
	.can_drop = true,
	.can_reclaim = true,
};

/* VM_PFNMAP, but the page table entries come one by one, from a fault handler. */
const struct mapping_kind fault_pfn = {
	.name = "fault_pfn",
	.vm_flags = "rd wr sh mr mw ms io pf de dd ",
	.by_fault = true,
	.child_has_all = true,
	.io = true,
};

/* Nothing is special about it; it may grow, be dumped and be executed. */
const struct mapping_kind shmem = {
	.name = "shmem",
	.vm_flags = "rd wr sh mr mw me ms ",
	.ordinary = true,
	.get_user_pages = true,
	.by_fault = true,
	.in_rss = true,
	.can_drop = true,
	.can_reclaim = true,
};
