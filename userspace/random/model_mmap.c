// SPDX-License-Identifier: GPL-2.0
/*
 * The model: mmap(), munmap() and mprotect()
 */
#include "model_vma.h"

#include <errno.h>
#include <sys/mman.h>

#include <linux/mman.h>

#include "spots.h"

/*
 * mmap()
 */

/* By do_mmap(), for flags, protection and descriptor, and in this order. */
static int refused_by_the_kernel(const struct mmap_call *call)
{
	const int known = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |
		MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE |
		MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB;
	int flags = call->flags;

	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		/* Unknown flags are ignored. */
		flags &= known;
		__attribute__((fallthrough));
	case MAP_SHARED_VALIDATE:
		if (flags & ~known)
			return -EOPNOTSUPP;
		if (call->prot & PROT_WRITE && !model_writable(call->by))
			return -EACCES;
		__attribute__((fallthrough));
	case MAP_PRIVATE:
		if (!model_readable(call->by))
			return -EACCES;
		if (model.noexec && call->prot & PROT_EXEC)
			return -EPERM;
		return flags & MAP_GROWSDOWN ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* By the driver, as the contract says. */
static int refused_by_the_lab(const struct mmap_call *call)
{
	uint64_t size = model.info.size;

	if (call->offset >= size ||
	    whole_pages(call->len) > size - call->offset)
		return -EINVAL;
	if ((call->flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;
	return call->prot & PROT_EXEC ? -EPERM : 0;
}

static void make_vma(const struct mmap_call *call, struct range range)
{
	unsigned long shows = call->offset / page_size();

	model.numbered++;
	while (range.first < range.end)
		model.spot[range.first++] = (struct spot){
			.vma = model.numbered,
			.shows = shows++,
			.prot = call->prot & (PROT_READ | PROT_WRITE),
			.by = call->by,
			.advice = MADV_NORMAL,
		};
}

/* The errors that come before anything is unmapped, in the kernel's order. */
static int mmap_error(const struct mmap_call *call, unsigned long len)
{
	bool fixed = call->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (!is_aligned(call->offset))
		return -EINVAL;
	if (call->by == BY_NOBODY)
		return -EBADF;
	if (call->flags & MAP_HUGETLB || !call->len)
		return -EINVAL;
	if (!len || len > BEYOND_ALL)
		return -ENOMEM;
	if (fixed && !is_aligned(call->addr))
		return -EINVAL;
	if (call->flags & MAP_FIXED_NOREPLACE &&
	    !range_is_free(range_of(call->addr, len)))
		return -EEXIST;
	if (call->offset / page_size() > (ULONG_MAX - len) / page_size())
		return -EOVERFLOW;
	return refused_by_the_kernel(call);
}

long model_mmap(const struct mmap_call *call)
{
	bool fixed = call->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	unsigned long page = call->addr & ~(page_size() - 1);
	unsigned long len = whole_pages(call->len);
	struct range range = range_of(page, len);
	int err = mmap_error(call, len);

	if (err)
		return err;
	/* This stays unmapped if the driver refuses. */
	if (fixed)
		unmap_range(range);
	err = refused_by_the_lab(call);
	if (err)
		return err;
	/* The kernel follows a hint if there is room. */
	if (!fixed && (!call->addr || !range_is_free(range)))
		return SOMEWHERE;
	make_vma(call, range);
	return (long)page;
}

long model_settle(const struct mmap_call *call, unsigned long addr)
{
	struct range range = range_of(addr, whole_pages(call->len));

	unmap_range(range);
	make_vma(call, range);
	return (long)addr;
}

/*
 * munmap()
 */

long model_munmap(unsigned long addr, unsigned long len)
{
	len = whole_pages(len);
	if (!is_aligned(addr) || !len || len > BEYOND_ALL)
		return -EINVAL;
	unmap_range(range_of(addr, len));
	return 0;
}

/*
 * mprotect()
 */

/* In one VMA. */
static int protect(struct range part, int prot)
{
	struct spot *spot = &model.spot[part.first];
	int access = prot & (PROT_READ | PROT_WRITE);

	if (prot & PROT_EXEC ||
	    (prot & PROT_WRITE && !model_writable(spot->by)))
		return -EACCES;
	if (spot->prot == access)
		return 0;
	split_at(part.first);
	split_at(part.end);
	for (; part.first < part.end; part.first++, spot++) {
		spot->prot = access;
		spot->looked_at = false;
	}
	return 0;
}

/* PROT_GROWSDOWN reaches to the start of a stack, PROT_GROWSUP to its end. */
static int protect_stack(struct range range, int grows)
{
	if (grows == PROT_GROWSUP)
		return vma_at(range.first) ? -EINVAL : -ENOMEM;
	return range_is_free(range) ? -ENOMEM : -EINVAL;
}

long model_mprotect(unsigned long addr, unsigned long len, int prot)
{
	int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	bool out = reaches_out(addr, whole_pages(len));
	struct range range = range_of(addr, whole_pages(len));

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || !is_aligned(addr))
		return -EINVAL;
	if (!len)
		return 0;
	if (addr + whole_pages(len) <= addr)
		return -ENOMEM;
	if (prot & ~(grows | PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (grows)
		return protect_stack(range, grows);

	/* All before the first hole, or the first refusal, is changed. */
	while (range.first < range.end) {
		size_t end = end_of_part(range.first, range.end);
		int err = vma_at(range.first) ?
			protect((struct range){ range.first, end }, prot) :
			-ENOMEM;

		if (err)
			return err;
		range.first = end;
	}
	return out ? -ENOMEM : 0;
}
