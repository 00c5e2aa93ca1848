// SPDX-License-Identifier: GPL-2.0
/*
 * The model: mremap()
 */
#include "model_vma.h"

#include <errno.h>
#include <sys/mman.h>

#include "spots.h"

static const int MOVES = MREMAP_FIXED | MREMAP_DONTUNMAP;

static bool is_malformed(const struct mremap_call *call)
{
	if (call->flags & ~(MREMAP_MAYMOVE | MOVES))
		return true;
	if (call->flags & MOVES && !(call->flags & MREMAP_MAYMOVE))
		return true;
	if (call->flags & MREMAP_DONTUNMAP && call->old_len != call->new_len)
		return true;
	return !is_aligned(call->addr) || !call->new_len;
}

static bool is_no_destination(const struct mremap_call *call)
{
	if (call->new_len > BEYOND_ALL ||
	    call->new_addr > BEYOND_ALL - call->new_len)
		return true;
	return !is_aligned(call->new_addr) ||
	       (call->addr + call->old_len > call->new_addr &&
		call->new_addr + call->new_len > call->addr);
}

static bool is_in_one_vma(unsigned long addr, unsigned long len)
{
	struct range range = range_of(addr, len);

	return has_vma(addr) && !reaches_out(addr, len) &&
	       end_of_part(range.first, range.end) == range.end;
}

static long cut_off(const struct mremap_call *call)
{
	unsigned long len = call->old_len - call->new_len;
	unsigned long from = call->addr + call->new_len;

	if (len > BEYOND_ALL || from > BEYOND_ALL)
		return -EINVAL;
	unmap_range(range_of(from, len));
	return 0;
}

static long move_one(const struct mremap_call *call)
{
	move_range(range_of(call->addr, call->new_len),
		   range_of(call->new_addr, 0).first);
	return (long)call->new_addr;
}

/* Until 6.16 the destination is unmapped first, and checked afterwards. */
static long move_after_unmap(const struct mremap_call *call)
{
	bool shrinks = call->old_len > call->new_len;

	if (is_no_destination(call))
		return -EINVAL;
	if (call->flags & MREMAP_FIXED)
		unmap_range(range_of(call->new_addr, call->new_len));
	if (shrinks && cut_off(call))
		return -EINVAL;
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	if (call->old_len < call->new_len ||
	    !is_in_one_vma(call->addr, call->new_len))
		return -EFAULT;
	return move_one(call);
}

static long move_after_checks(const struct mremap_call *call)
{
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	if (call->old_len < call->new_len ||
	    !is_in_one_vma(call->addr, call->new_len))
		return -EFAULT;
	unmap_range(range_of(call->new_addr, call->new_len));
	/* Lengths that wrap around hide an overlap of the two ranges. */
	if (!has_vma(call->addr))
		return -EFAULT;
	if (cut_off(call))
		return -EINVAL;
	return move_one(call);
}

/* From 6.17 on a move without a change of size moves all VMAs of the range. */
static long move_all(const struct mremap_call *call)
{
	struct range from = range_of(call->addr, call->old_len);
	size_t to = range_of(call->new_addr, 0).first;

	if (!has_vma(call->addr))
		return -EFAULT;
	if (call->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	while (from.first < from.end) {
		size_t end = end_of_part(from.first, from.end);
		size_t pages = end - from.first;

		if (vma_at(from.first)) {
			unmap_range((struct range){ to, to + pages });
			move_range((struct range){ from.first, end }, to);
		}
		from.first = end;
		to += pages;
	}
	return (long)call->new_addr;
}

/* No mapping of a lab can grow: it is VM_DONTEXPAND. */
static long resize(const struct mremap_call *call)
{
	if (call->old_len < call->new_len)
		return -EFAULT;
	if (call->old_len > call->new_len && cut_off(call))
		return -EINVAL;
	return (long)call->addr;
}

long model_mremap(const struct mremap_call *asked)
{
	struct mremap_call call = *asked;

	call.old_len = whole_pages(call.old_len);
	call.new_len = whole_pages(call.new_len);
	if (is_malformed(&call))
		return -EINVAL;
	/* 6.17 checks all arguments first. */
	if (model_since(6, 17)) {
		if (call.new_len > BEYOND_ALL ||
		    (call.flags & MOVES && is_no_destination(&call)))
			return -EINVAL;
		if (call.flags & MREMAP_FIXED && call.old_len == call.new_len)
			return move_all(&call);
	}
	if (!has_vma(call.addr))
		return -EFAULT;
	if (!(call.flags & MOVES))
		return resize(&call);
	return model_since(6, 17) ? move_after_checks(&call) :
				    move_after_unmap(&call);
}
