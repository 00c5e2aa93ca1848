/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stacktrace.h - included before arch/um/kernel/stacktrace.c by harness/kernels/uml.py
 *
 * User-mode Linux makes a backtrace by asking of every word on the stack whether it
 * is an address of code. For one that is none the search ends among the modules,
 * under RCU and so, on later series, in lockdep. KASAN and kmemleak want a
 * backtrace for each object, and 7.2 spent two thirds of its time in it. Code is
 * either in the kernel's image or, where it is a module's, in the vmalloc area: for
 * all other words there is nothing to search.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/sections.h>

static inline int stack_text_address(unsigned long addr)
{
	if (core_kernel_text(addr))
		return 1;
	return addr >= VMALLOC_START && addr < VMALLOC_END &&
	       __kernel_text_address(addr);
}

#define __kernel_text_address stack_text_address
