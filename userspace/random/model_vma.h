/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model_vma.h - the model's system calls that change VMAs
 */
#ifndef MODEL_VMA_H
#define MODEL_VMA_H

#include <limits.h>

#include "model.h"

/* An address that the kernel chooses. */
#define SOMEWHERE LONG_MAX

struct mmap_call {
	unsigned long addr;
	unsigned long len;
	int prot;
	int flags;
	enum descriptor by;
	unsigned long offset;
};

struct mremap_call {
	unsigned long addr;
	unsigned long old_len;
	unsigned long new_len;
	int flags;
	unsigned long new_addr;
};

long model_mmap(const struct mmap_call *call);

/* mremap() of the whole mapping from the address that the kernel chose. */
long model_settle(const struct mmap_call *call, unsigned long addr);

long model_munmap(unsigned long addr, unsigned long len);
long model_mprotect(unsigned long addr, unsigned long len, int prot);
long model_mremap(const struct mremap_call *call);
long model_madvise(unsigned long addr, unsigned long len, int advice);
long model_msync(unsigned long addr, unsigned long len, int flags);

#endif /* MODEL_VMA_H */
