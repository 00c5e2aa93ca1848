// SPDX-License-Identifier: GPL-2.0
/*
 * The model: areas of address space
 *
 * An area is a run of spots with one number. The kernel joins neighbours that
 * are alike, but never those that a driver has made special, as all labs do: so
 * here areas are split, and never grow.
 */
#include "lab_model.h"

#include <errno.h>
#include <sys/mman.h>

#include <linux/mman.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#define MADV_GUARD_INSTALL_ 102
#define MADV_GUARD_REMOVE_ 103

struct lab_model lab_model;

bool lab_model_since(unsigned int major, unsigned int minor)
{
	return lab_model.release >= major * 0x10000 + minor;
}

static bool is_aligned(unsigned long number)
{
	return number % lab_model.info.page_size == 0;
}

/* As PAGE_ALIGN(): the last numbers there are become 0. */
static unsigned long whole_pages(unsigned long len)
{
	unsigned long page = lab_model.info.page_size;

	return (len + page - 1) & ~(page - 1);
}

/* Spots from @first to before @end. */
struct range {
	size_t first;
	size_t end;
};

static struct range range_of(unsigned long addr, unsigned long len)
{
	size_t first = (addr - lab_model.base) / lab_model.info.page_size;
	size_t pages = len / lab_model.info.page_size;

	if (first > lab_model.room)
		first = lab_model.room;
	if (pages > lab_model.room - first)
		pages = lab_model.room - first;
	return (struct range){ first, first + pages };
}

static bool reaches_out(unsigned long addr, unsigned long len)
{
	struct range range = range_of(addr, len);

	return range.end - range.first < len / lab_model.info.page_size;
}

static unsigned int area_at(size_t i)
{
	return i < lab_model.room ? lab_model.spot[i].area : 0;
}

struct lab_spot *lab_model_spot(unsigned long addr)
{
	size_t i = (addr - lab_model.base) / lab_model.info.page_size;

	return i < lab_model.room ? &lab_model.spot[i] : NULL;
}

/* The first spot behind the part of an area that begins at @i. */
static size_t end_of_part(size_t i, size_t limit)
{
	unsigned int area = area_at(i);

	while (i < limit && area_at(i) == area)
		i++;
	return i;
}

static bool is_mapped(unsigned long addr)
{
	return area_at(range_of(addr, 0).first);
}

static bool range_is_free(struct range range)
{
	while (range.first < range.end)
		if (area_at(range.first++))
			return false;
	return true;
}

uint64_t lab_model_mappings(void)
{
	uint64_t count = lab_model.info.mappings;
	size_t i;

	if (!(lab_model.info.flags & LAB_INFO_COUNTS_MAPPINGS))
		return count;
	for (i = 0; i < lab_model.room; i++)
		if (area_at(i) && (!i || area_at(i - 1) != area_at(i)))
			count++;
	return count;
}

static void split_at(size_t i)
{
	size_t end = end_of_part(i, lab_model.room);

	if (!i || !area_at(i) || area_at(i - 1) != area_at(i))
		return;
	lab_model.numbered++;
	while (i < end)
		lab_model.spot[i++].area = lab_model.numbered;
}

static void unmap(struct range range)
{
	if (range.first == range.end)
		return;
	split_at(range.first);
	split_at(range.end);
	while (range.first < range.end)
		lab_model.spot[range.first++] = (struct lab_spot){ 0 };
}

/* To spots where nothing is; the part becomes an area of its own. */
static void move(struct range from, size_t to)
{
	split_at(from.first);
	split_at(from.end);
	lab_model.numbered++;
	for (; from.first < from.end; from.first++, to++) {
		lab_model.spot[to] = lab_model.spot[from.first];
		lab_model.spot[to].area = lab_model.numbered;
		lab_model.spot[to].looked_at = false;
		lab_model.spot[from.first] = (struct lab_spot){ 0 };
	}
}

/*
 * mmap()
 */

/* do_mmap(): by flags, protection and descriptor, and in this order. */
static int refused_by_the_kernel(const struct lab_mmap *call)
{
	const int known = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |
		MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE |
		MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB;
	int flags = call->flags;

	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		/* What it does not know, it passes over. */
		flags &= known;
		__attribute__((fallthrough));
	case MAP_SHARED_VALIDATE:
		if (flags & ~known)
			return -EOPNOTSUPP;
		if (call->prot & PROT_WRITE && !lab_model_writable(call->by))
			return -EACCES;
		__attribute__((fallthrough));
	case MAP_PRIVATE:
		if (!lab_model_readable(call->by))
			return -EACCES;
		if (lab_model.noexec && call->prot & PROT_EXEC)
			return -EPERM;
		return flags & MAP_GROWSDOWN ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* What the contract says of a driver. */
static int refused_by_the_lab(const struct lab_mmap *call)
{
	uint64_t size = lab_model.info.size;

	if (call->offset >= size ||
	    whole_pages(call->len) > size - call->offset)
		return -EINVAL;
	if ((call->flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;
	return call->prot & PROT_EXEC ? -EPERM : 0;
}

static void make_area(const struct lab_mmap *call, struct range range)
{
	unsigned long shows = call->offset / lab_model.info.page_size;

	lab_model.numbered++;
	while (range.first < range.end)
		lab_model.spot[range.first++] = (struct lab_spot){
			.area = lab_model.numbered,
			.shows = shows++,
			.prot = call->prot & (PROT_READ | PROT_WRITE),
			.by = call->by,
			.advice = MADV_NORMAL,
		};
}

/* All that is refused before anything is unmapped, in the kernel's order. */
static int mmap_error(const struct lab_mmap *call, unsigned long len)
{
	bool fixed = call->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (!is_aligned(call->offset))
		return -EINVAL;
	if (call->by == BY_NOBODY)
		return -EBADF;
	if (call->flags & MAP_HUGETLB || !call->len)
		return -EINVAL;
	if (!len || len > LAB_BEYOND)
		return -ENOMEM;
	if (fixed && !is_aligned(call->addr))
		return -EINVAL;
	if (call->flags & MAP_FIXED_NOREPLACE &&
	    !range_is_free(range_of(call->addr, len)))
		return -EEXIST;
	if (call->offset / lab_model.info.page_size >
	    (UINT64_MAX - len) / lab_model.info.page_size)
		return -EOVERFLOW;
	return refused_by_the_kernel(call);
}

long lab_model_mmap(const struct lab_mmap *call)
{
	bool fixed = call->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	unsigned long page = call->addr & ~(lab_model.info.page_size - 1);
	unsigned long len = whole_pages(call->len);
	struct range range = range_of(page, len);
	int err = mmap_error(call, len);

	if (err)
		return err;
	/* A driver that refuses leaves a hole where there was something. */
	if (fixed)
		unmap(range);
	err = refused_by_the_lab(call);
	if (err)
		return err;
	/* A hint is taken if there is room. */
	if (!fixed && (!call->addr || !range_is_free(range)))
		return LAB_SOMEWHERE;
	make_area(call, range);
	return (long)page;
}

/* The kernel has put an area elsewhere, and mremap() brings it here. */
long lab_model_settle(const struct lab_mmap *call, unsigned long addr)
{
	struct range range = range_of(addr, whole_pages(call->len));

	unmap(range);
	make_area(call, range);
	return (long)addr;
}

/*
 * munmap()
 */

long lab_model_munmap(unsigned long addr, unsigned long len)
{
	len = whole_pages(len);
	if (!is_aligned(addr) || !len || len > LAB_BEYOND)
		return -EINVAL;
	unmap(range_of(addr, len));
	return 0;
}

/*
 * mprotect()
 */

/* One area, or the part of it that was meant. */
static int protect(struct range part, int prot)
{
	struct lab_spot *spot = &lab_model.spot[part.first];
	int access = prot & (PROT_READ | PROT_WRITE);

	if (prot & PROT_EXEC ||
	    (prot & PROT_WRITE && !lab_model_writable(spot->by)))
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

/* PROT_GROWSDOWN asks for the start of a stack, PROT_GROWSUP for its end. */
static int protect_stack(struct range range, int grows)
{
	if (grows == PROT_GROWSUP)
		return area_at(range.first) ? -EINVAL : -ENOMEM;
	return range_is_free(range) ? -ENOMEM : -EINVAL;
}

long lab_model_mprotect(unsigned long addr, unsigned long len, int prot)
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

	/* What comes before the hole, or the refusal, is changed. */
	while (range.first < range.end) {
		size_t end = end_of_part(range.first, range.end);
		int err = area_at(range.first) ?
			protect((struct range){ range.first, end }, prot) :
			-ENOMEM;

		if (err)
			return err;
		range.first = end;
	}
	return out ? -ENOMEM : 0;
}

/*
 * mremap()
 */

static const int MOVES = MREMAP_FIXED | MREMAP_DONTUNMAP;

static bool is_malformed(const struct lab_mremap *call)
{
	if (call->flags & ~(MREMAP_MAYMOVE | MOVES))
		return true;
	if (call->flags & MOVES && !(call->flags & MREMAP_MAYMOVE))
		return true;
	if (call->flags & MREMAP_DONTUNMAP && call->old_len != call->new_len)
		return true;
	return !is_aligned(call->addr) || !call->new_len;
}

static bool is_no_destination(const struct lab_mremap *call)
{
	if (call->new_len > LAB_BEYOND ||
	    call->new_addr > LAB_BEYOND - call->new_len)
		return true;
	return !is_aligned(call->new_addr) ||
	       (call->addr + call->old_len > call->new_addr &&
		call->new_addr + call->new_len > call->addr);
}

/* Does what shall be kept lie in one area? */
static bool is_in_one_area(unsigned long addr, unsigned long len)
{
	struct range range = range_of(addr, len);

	return is_mapped(addr) && !reaches_out(addr, len) &&
	       end_of_part(range.first, range.end) == range.end;
}

static long cut_off(const struct lab_mremap *call)
{
	unsigned long len = call->old_len - call->new_len;
	unsigned long from = call->addr + call->new_len;

	if (len > LAB_BEYOND || from > LAB_BEYOND)
		return -EINVAL;
	unmap(range_of(from, len));
	return 0;
}

static long move_one(const struct lab_mremap *call)
{
	move(range_of(call->addr, call->new_len),
	     range_of(call->new_addr, 0).first);
	return (long)call->new_addr;
}

/* Until 6.16 the destination is unmapped first, and then come the questions. */
static long move_after_unmap(const struct lab_mremap *call)
{
	bool shrinks = call->old_len > call->new_len;

	if (is_no_destination(call))
		return -EINVAL;
	if (call->flags & MREMAP_FIXED)
		unmap(range_of(call->new_addr, call->new_len));
	if (shrinks && cut_off(call))
		return -EINVAL;
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	if (call->old_len < call->new_len ||
	    !is_in_one_area(call->addr, call->new_len))
		return -EFAULT;
	return move_one(call);
}

static long move_after_questions(const struct lab_mremap *call)
{
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	if (call->old_len < call->new_len ||
	    !is_in_one_area(call->addr, call->new_len))
		return -EFAULT;
	unmap(range_of(call->new_addr, call->new_len));
	/* Lengths that wrap around hide that the two places overlap. */
	if (!is_mapped(call->addr))
		return -EFAULT;
	if (cut_off(call))
		return -EINVAL;
	return move_one(call);
}

/* From 6.17 on a move without a change of size takes all areas of the range. */
static long move_all(const struct lab_mremap *call)
{
	struct range from = range_of(call->addr, call->old_len);
	size_t to = range_of(call->new_addr, 0).first;

	if (!is_mapped(call->addr))
		return -EFAULT;
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	while (from.first < from.end) {
		size_t end = end_of_part(from.first, from.end);
		size_t pages = end - from.first;

		if (area_at(from.first)) {
			unmap((struct range){ to, to + pages });
			move((struct range){ from.first, end }, to);
		}
		from.first = end;
		to += pages;
	}
	return (long)call->new_addr;
}

/* No area of a lab can grow: remap_*() makes it VM_DONTEXPAND. */
static long resize(const struct lab_mremap *call)
{
	if (call->old_len < call->new_len)
		return -EFAULT;
	if (call->old_len > call->new_len && cut_off(call))
		return -EINVAL;
	return (long)call->addr;
}

long lab_model_mremap(const struct lab_mremap *asked)
{
	struct lab_mremap call = *asked;

	call.old_len = whole_pages(call.old_len);
	call.new_len = whole_pages(call.new_len);
	if (is_malformed(&call))
		return -EINVAL;
	/* 6.17 has all questions about the arguments come first. */
	if (lab_model_since(6, 17)) {
		if (call.new_len > LAB_BEYOND ||
		    (call.flags & MOVES && is_no_destination(&call)))
			return -EINVAL;
		if (call.flags & MREMAP_FIXED && call.old_len == call.new_len)
			return move_all(&call);
	}
	if (!is_mapped(call.addr))
		return -EFAULT;
	if (!(call.flags & MOVES))
		return resize(&call);
	return lab_model_since(6, 17) ? move_after_questions(&call) :
					move_after_unmap(&call);
}

/*
 * madvise()
 */

/* For how reading will go, and for fork(): a change splits the area. */
static int note_advice(struct range part, int advice)
{
	bool for_fork = advice == MADV_DONTFORK || advice == MADV_DOFORK;
	bool dontfork = advice == MADV_DONTFORK;
	struct lab_spot *spot = &lab_model.spot[part.first];

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
	if (lab_model.frames)
		return -EINVAL;
	for (; part.first < part.end; part.first++) {
		lab_model.spot[part.first].dropped = true;
		lab_model.spot[part.first].looked_at = false;
	}
	return 0;
}

/* Nothing of a VM_PFNMAP area can be brought in, nor what was dropped. */
static int populate(struct range part, int advice)
{
	int access = advice == MADV_POPULATE_READ ? PROT_READ : PROT_WRITE;

	if (lab_model.frames || !(lab_model.spot[part.first].prot & access))
		return -EINVAL;
	for (; part.first < part.end; part.first++)
		if (lab_model.spot[part.first].dropped)
			return -EFAULT;
	return 0;
}

/* Punching a hole: into what can be written only, and no device has it. */
static int punch(struct range part)
{
	enum lab_descriptor by = lab_model.spot[part.first].by;

	return lab_model_writable(by) ? -ENODEV : -EACCES;
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
		/* 6.12 asks for VM_IO, 7.2 for all that makes an area special. */
		if (lab_model.frames || lab_model_since(7, 0))
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
		return lab_model.frames ? -EINVAL : 0;
	case MADV_WILLNEED:
	case MADV_DONTDUMP:
	case MADV_KEEPONFORK:
		return 0;
	default: /* MADV_FREE, MADV_DODUMP, MADV_WIPEONFORK, guards */
		return -EINVAL;
	}
}

/*
 * Not among them, because the kernel's configuration decides whether they are
 * known at all: MADV_MERGEABLE and MADV_UNMERGEABLE (KSM), MADV_HUGEPAGE,
 * MADV_NOHUGEPAGE and MADV_COLLAPSE (THP); and MADV_HWPOISON and
 * MADV_SOFT_OFFLINE, which take frames from the machine.
 */
static bool is_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_DOFORK:
	case MADV_DONTDUMP ... MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	case MADV_GUARD_INSTALL_:
	case MADV_GUARD_REMOVE_:
		return lab_model_since(6, 13);
	default:
		return false;
	}
}

long lab_model_madvise(unsigned long addr, unsigned long len, int advice)
{
	/* 6.9 has it stop at a hole; others go on and tell in the end. */
	bool stops = lab_model_since(6, 9) && (advice == MADV_POPULATE_READ ||
					       advice == MADV_POPULATE_WRITE);
	bool hole = reaches_out(addr, whole_pages(len));
	struct range range = range_of(addr, whole_pages(len));

	if (!is_known(advice) || !is_aligned(addr) ||
	    (len && !whole_pages(len)) || addr + whole_pages(len) < addr)
		return -EINVAL;

	while (range.first < range.end) {
		size_t end = end_of_part(range.first, range.end);
		int err = 0;

		if (area_at(range.first))
			err = advise((struct range){ range.first, end },
				     advice);
		else
			hole = true;
		if (hole && stops && !area_at(range.first))
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

/* A device that has no ->fsync() cannot write anything back. */
long lab_model_msync(unsigned long addr, unsigned long len, int flags)
{
	bool hole = reaches_out(addr, whole_pages(len));
	struct range range = range_of(addr, whole_pages(len));

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(addr) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (addr + whole_pages(len) < addr)
		return -ENOMEM;

	for (; range.first < range.end; range.first++) {
		const struct lab_spot *spot = &lab_model.spot[range.first];

		if (!spot->area)
			hole = true;
		else if (flags & MS_SYNC && lab_model_writable(spot->by))
			return -EINVAL;
	}
	return hole ? -ENOMEM : 0;
}
