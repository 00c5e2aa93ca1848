// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: those that change VMAs
 */
#include "calls.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mman.h>

#include "advice.h"
#include "draw.h"
#include "ground.h"
#include "history.h"
#include "model_vma.h"
#include "shared/user_side.h"

/*
 * Arguments
 */

/* Bytes: mostly a few pages, at times not whole ones, now and then absurd. */
static unsigned long draw_length(void)
{
	const unsigned long size = model.info.size;
	const unsigned long edges[] = {
		0, 1, page_size() - 1, page_size() + 1, size - 1, size,
		size + 1, size + page_size(), power_of_two(31),
		power_of_two(32), power_of_two(32) + page_size(),
		power_of_two(33) + 1, power_of_two(58), power_of_two(63),
		-size, -page_size(), -page_size() + 1, -1ul,
	};
	unsigned long length;

	if (one_in(14))
		return DRAW_FROM(edges);
	length = (1 + draw(model.info.pages)) * page_size();
	return one_in(8) ? length - draw(page_size()) : length;
}

/*
 * For calls that go on after a hole and would reach our other mappings: it ends
 * near the room, or wraps around.
 */
static unsigned long draw_length_from(unsigned long addr)
{
	unsigned long length = one_in(2) ? page_size() : draw_length();

	if (length < BEYOND_ALL || addr + length < addr)
		return length;
	return page_size();
}

/* An address for a new mapping, which then ends within the room. */
static unsigned long draw_place(void)
{
	return model.base +
	       draw(model.room - 2 * model.info.pages) * page_size();
}

static unsigned long make_odd(unsigned long number)
{
	return one_in(24) ? number + 1 + draw(page_size() - 1) : number;
}

static int draw_protection(void)
{
	static const int usual[] = {
		PROT_READ, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_WRITE,
		PROT_NONE,
	};
	static const int rare[] = {
		PROT_EXEC, PROT_READ | PROT_EXEC, PROT_WRITE | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_SEM,
	};

	return one_in(10) ? DRAW_FROM(rare) : DRAW_FROM(usual);
}

/*
 * mmap()
 */

/* Bytes: in the memory, at its end, and where arithmetic wraps around. */
static unsigned long draw_offset(void)
{
	const unsigned long edges[] = {
		model.info.size, power_of_two(31), power_of_two(32),
		power_of_two(43), power_of_two(44), power_of_two(52),
		power_of_two(62), power_of_two(63),
		power_of_two(63) + power_of_two(32), -model.info.size,
		-2 * page_size(),
	};
	unsigned long offset = draw(model.info.pages) * page_size();

	/* The page after the last one: drivers miss this edge most. */
	if (one_in(30))
		return model.info.size;
	if (one_in(6))
		offset += DRAW_FROM(edges);
	return make_odd(offset);
}

static int draw_mmap_type(void)
{
	static const int rare[] = { 0, 4, 8, MAP_TYPE };

	if (one_in(12))
		return MAP_PRIVATE;
	if (one_in(24))
		return DRAW_FROM(rare);
	return one_in(6) ? MAP_SHARED_VALIDATE : MAP_SHARED;
}

/* The last two are MAP_SYNC, which no device has, and a bit without a meaning. */
static int draw_mmap_flags(void)
{
	static const int harmless[] = {
		MAP_POPULATE, MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE,
		MAP_NONBLOCK, MAP_STACK, MAP_DENYWRITE, MAP_EXECUTABLE,
	};
	static const int refused[] = {
		MAP_HUGETLB, MAP_GROWSDOWN, 0x80000, 0x200000,
	};
	int flags = draw_mmap_type();

	if (one_in(4))
		flags |= DRAW_FROM(harmless);
	if (one_in(24))
		flags |= DRAW_FROM(refused);
	return flags;
}

static struct mmap_call draw_mmap(void)
{
	struct mmap_call call = {
		.addr = make_odd(draw_place()),
		.len = draw_length(),
		.prot = draw_protection(),
		.flags = draw_mmap_flags(),
		.by = draw_descriptor(),
		.offset = draw_offset(),
	};
	uint64_t left = model.info.size - call.offset;

	/* Often as much as fits, or a byte more. */
	if (call.offset < model.info.size && one_in(2))
		call.len = one_in(4) ? left + 1 : left;
	/* Before it calls a driver, the kernel finds memory for private copies. */
	if ((call.flags & MAP_TYPE) == MAP_PRIVATE && call.len < BEYOND_ALL &&
	    call.len > model.info.size)
		call.len = model.info.size + 1;
	switch (draw(8)) {
	case 0:
		call.addr = 0;
		break;
	case 1:
		break;
	case 2:
		call.flags |= MAP_FIXED_NOREPLACE;
		break;
	default:
		call.flags |= MAP_FIXED;
	}
	return call;
}

static bool is_in_the_room(unsigned long addr, unsigned long len)
{
	unsigned long end = model.base + model.room * page_size();

	return addr < end && addr + len > model.base;
}

/* From the address that the kernel chose, which is no spot: unmap it, or move it. */
static void settle(const struct mmap_call *call, unsigned long addr)
{
	unsigned long to = draw_place();
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (addr % page_size() || is_in_the_room(addr, call->len))
		disagree("mmap: a mapping where none can be");
	if (one_in(2)) {
		note("munmap", "ax", addr, call->len);
		agree_exactly(0, answered(munmap((void *)addr, call->len)));
		return;
	}
	note("mremap", "axxxa", addr, call->len, call->len, flags, to);
	agree_exactly(model_settle(call, to),
		      answered(syscall(SYS_mremap, addr, call->len, call->len,
				       flags, to)));
	look_at(to);
}

/* On a 32-bit machine the kernel chooses addresses that are negative numbers. */
static bool is_error(long found)
{
	return found < 0 && found > -4096;
}

bool random_mmap(void)
{
	struct mmap_call call = draw_mmap();
	long predicted = model_mmap(&call);
	long found;

	note("mmap", "axpxfx", call.addr, call.len, call.prot, call.flags,
	     call.by, call.offset);
	found = answered(raw_mmap(call.addr, call.len, call.prot, call.flags,
				  ground.fd[call.by], call.offset));
	if (predicted == SOMEWHERE && !is_error(found)) {
		settle(&call, (unsigned long)found);
		return true;
	}
	if (!agree_exactly(predicted, found))
		return false;
	look_at((unsigned long)found +
		draw((call.len - 1) / page_size() + 1) * page_size());
	return true;
}

/*
 * munmap(), mprotect(), msync()
 */

bool random_munmap(void)
{
	unsigned long addr = make_odd(draw_address());
	unsigned long len = draw_length();

	/* Mostly little, or nothing would stay mapped for long. */
	if (!one_in(4))
		len = draw(4) ? page_size() : 0;
	note("munmap", "ax", addr, len);
	return agree_exactly(model_munmap(addr, len),
			     answered(munmap((void *)addr, len)));
}

bool random_mprotect(void)
{
	static const int refused[] = {
		PROT_GROWSDOWN, PROT_GROWSUP | PROT_READ,
		PROT_GROWSDOWN | PROT_GROWSUP, 0x40, 0x800000,
	};
	unsigned long addr = make_odd(draw_address());
	unsigned long len = draw_length_from(addr);
	int prot = draw_protection();

	if (one_in(24))
		prot |= DRAW_FROM(refused);
	note("mprotect", "axp", addr, len, prot);
	return agree_exactly(model_mprotect(addr, len, prot),
			     answered(mprotect((void *)addr, len, prot)));
}

bool random_msync(void)
{
	static const int all[] = {
		0, MS_ASYNC, MS_ASYNC, MS_SYNC, MS_SYNC, MS_INVALIDATE,
		MS_ASYNC | MS_INVALIDATE, MS_SYNC | MS_INVALIDATE,
		MS_ASYNC | MS_SYNC, 8,
	};
	unsigned long addr = make_odd(draw_address());
	unsigned long len = draw_length_from(addr);
	int flags = DRAW_FROM(all);

	note("msync", "axx", addr, len, flags);
	return agree_exactly(model_msync(addr, len, flags),
			     answered(msync((void *)addr, len, flags)));
}

/*
 * mremap()
 */

/* Bytes from an address to the end of its VMA. */
static unsigned long rest_of_vma(unsigned long addr)
{
	size_t i = (addr - model.base) / page_size(), first = i;

	while (i < model.room && model.spot[i].vma == model.spot[first].vma)
		i++;
	return (i - first) * page_size();
}

static int draw_mremap_flags(void)
{
	static const int rare[] = {
		MREMAP_FIXED, MREMAP_DONTUNMAP, 8,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
	};

	if (one_in(6))
		return DRAW_FROM(rare);
	if (one_in(4))
		return 0;
	return one_in(4) ? MREMAP_MAYMOVE : MREMAP_MAYMOVE | MREMAP_FIXED;
}

/*
 * Until 6.16 the kernel computes where what stays ends, which wraps around, and unmaps
 * what is there: addresses below those that it was given.
 */
static void make_wrap(struct mremap_call *call)
{
	const unsigned long size = model.info.size;
	const unsigned long lengths[] = {
		power_of_two(63), power_of_two(63) + page_size(),
		-size - page_size(), -size, -page_size(),
	};

	call->old_len = DRAW_FROM(lengths);
	call->new_len = DRAW_FROM(lengths);
}

static struct mremap_call draw_mremap(void)
{
	const unsigned long wild[] = {
		-8ul, -page_size(), power_of_two(58), power_of_two(63),
	};
	unsigned long addr = draw_address();
	struct mremap_call call = {
		.addr = make_odd(addr),
		.flags = draw_mremap_flags(),
		.new_addr = make_odd(draw_place()),
	};

	call.old_len = one_in(3) ? draw_length() : rest_of_vma(addr);
	/* A hole may be larger than the room at the destination. */
	if (call.old_len > model.info.size && call.old_len < 1ul << 31)
		call.old_len = page_size();
	call.new_len = one_in(3) ? draw_length() : call.old_len;
	if (one_in(4) && call.new_len > page_size())
		call.new_len -= page_size();
	if (one_in(24))
		call.new_addr = DRAW_FROM(wild);
	if (one_in(32))
		make_wrap(&call);
	/* Only some series round these before they compare them. */
	if (call.flags & MREMAP_DONTUNMAP) {
		call.old_len &= -page_size();
		call.new_len &= -page_size();
	}
	return call;
}

bool random_mremap(void)
{
	struct mremap_call call = draw_mremap();
	long predicted = model_mremap(&call);
	bool moved = predicted >= 0 && predicted != (long)call.addr;

	note("mremap", "axxxa", call.addr, call.old_len, call.new_len,
	     call.flags, call.new_addr);
	agree_exactly(predicted,
		      answered(syscall(SYS_mremap, call.addr, call.old_len,
				       call.new_len, call.flags,
				       call.new_addr)));
	if (moved)
		look_at(call.new_addr);
	return predicted >= 0;
}

/*
 * madvise()
 */

bool random_madvise(void)
{
	static const int all[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
		MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, MADV_GUARD_INSTALL,
		MADV_GUARD_REMOVE, 5, 7, 26, 99, 104, -1,
	};
	unsigned long addr = make_odd(draw_address());
	unsigned long len = draw_length_from(addr);
	int advice = DRAW_FROM(all);

	note("madvise", "axd", addr, len, advice);
	return agree_exactly(model_madvise(addr, len, advice),
			     answered(madvise((void *)addr, len, advice)));
}
