// SPDX-License-Identifier: GPL-2.0
/*
 * The model: madvise() and msync()
 */
#include "model_vma.h"

#include <errno.h>
#include <sys/mman.h>

#include "advice.h"
#include "spots.h"

/*
 * madvise()
 */

/* About the order of reading, and about fork(): a change splits the VMA. */
static int note_advice(struct range part, int advice)
{
	bool for_fork = advice == MADV_DONTFORK || advice == MADV_DOFORK;
	bool dontfork = advice == MADV_DONTFORK;
	struct spot *spot = &model.spot[part.first];

	if (for_fork ? spot->dontfork == dontfork : spot->advice == advice)
		return 0;
	split_at(part.first);
	split_at(part.end);
	for (; part.first < part.end; part.first++, spot++) {
		if (for_fork)
			spot->dontfork = dontfork;
		else
			spot->advice = advice;
	}
	return 0;
}

static int drop(struct range part)
{
	if (!model.kind->can_drop)
		return -EINVAL;
	for (; part.first < part.end; part.first++) {
		model.spot[part.first].dropped = !model.kind->by_fault;
		model.spot[part.first].arrived = false;
		model.spot[part.first].looked_at = false;
	}
	return 0;
}

/* Faults in nothing of a VM_PFNMAP mapping, and no page that was dropped. */
static int populate(struct range part, int advice)
{
	int access = advice == MADV_POPULATE_READ ? PROT_READ : PROT_WRITE;
	const struct spot *first = &model.spot[part.first];

	if (!model.kind->get_user_pages || !(first->prot & access))
		return -EINVAL;
	for (; part.first < part.end; part.first++) {
		if (model.spot[part.first].dropped)
			return -EFAULT;
		model.spot[part.first].arrived = true;
	}
	return 0;
}

/* MADV_REMOVE: the VMA must be writable; and no device can punch holes. */
static int punch(struct range part)
{
	enum descriptor by = model.spot[part.first].by;

	return model_writable(by) ? -ENODEV : -EACCES;
}

static int advise(struct range part, int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DONTFORK:
		return note_advice(part, advice);
	case MADV_DOFORK:
		/* 6.13 began to refuse it for every special VMA. */
		if (model.kind->io || model_since(6, 13))
			return -EINVAL;
		return note_advice(part, advice);
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return drop(part);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return populate(part, advice);
	case MADV_REMOVE:
		return punch(part);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return model.kind->can_reclaim ? 0 : -EINVAL;
	case MADV_WILLNEED:
	case MADV_DONTDUMP:
	case MADV_KEEPONFORK:
		return 0;
	default: /* MADV_FREE, MADV_DODUMP, MADV_WIPEONFORK, guards */
		return -EINVAL;
	}
}

/*
 * Advice is never drawn if only some configurations of the kernel accept it, which
 * is MADV_MERGEABLE and MADV_UNMERGEABLE (KSM), MADV_HUGEPAGE, MADV_NOHUGEPAGE and
 * MADV_COLLAPSE (THP); and MADV_HWPOISON and MADV_SOFT_OFFLINE, which take page
 * frames from the machine.
 */
static bool is_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_DOFORK:
	case MADV_DONTDUMP ... MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	case MADV_GUARD_INSTALL:
	case MADV_GUARD_REMOVE:
		return model_since(6, 13);
	default:
		return false;
	}
}

long model_madvise(unsigned long addr, unsigned long len, int advice)
{
	/* Since 6.9 it stops at a hole; other advice goes on, and fails in the end. */
	bool stops = model_since(6, 9) && (advice == MADV_POPULATE_READ ||
					   advice == MADV_POPULATE_WRITE);
	bool hole = reaches_out(addr, whole_pages(len));
	struct range range = range_of(addr, whole_pages(len));

	if (!is_known(advice) || !is_aligned(addr) ||
	    (len && !whole_pages(len)) || addr + whole_pages(len) < addr)
		return -EINVAL;

	while (range.first < range.end) {
		size_t end = end_of_part(range.first, range.end);
		int err = 0;

		if (vma_at(range.first))
			err = advise((struct range){ range.first, end },
				     advice);
		else
			hole = true;
		if (hole && stops && !vma_at(range.first))
			return -ENOMEM;
		if (err)
			return err;
		range.first = end;
	}
	return hole ? -ENOMEM : 0;
}

/*
 * msync()
 */

/* A device without ->fsync() cannot write anything back. */
long model_msync(unsigned long addr, unsigned long len, int flags)
{
	bool hole = reaches_out(addr, whole_pages(len));
	struct range range = range_of(addr, whole_pages(len));

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(addr) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (addr + whole_pages(len) < addr)
		return -ENOMEM;

	for (; range.first < range.end; range.first++) {
		const struct spot *spot = &model.spot[range.first];

		if (!spot->vma)
			hole = true;
		else if (flags & MS_SYNC && model_writable(spot->by))
			return -EINVAL;
	}
	return hole ? -ENOMEM : 0;
}
