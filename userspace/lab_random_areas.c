// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: those that make, change and end areas
 */
#include "lab_random.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mman.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static unsigned long page_size(void)
{
	return lab_model.info.page_size;
}

/* Bytes: mostly a few pages, at times not whole ones, now and then absurd. */
static unsigned long draw_length(void)
{
	const unsigned long size = lab_model.info.size;
	const unsigned long edges[] = {
		0, 1, page_size() - 1, page_size() + 1, size - 1, size,
		size + 1, size + page_size(), 1ul << 31, 1ul << 32,
		(1ul << 32) + page_size(), (1ul << 33) + 1, 1ul << 58,
		1ul << 63, -size, -page_size(), -page_size() + 1, -1ul,
	};
	unsigned long length;

	if (lab_one_in(14))
		return LAB_DRAW_FROM(edges);
	length = (1 + lab_draw(lab_model.info.pages)) * page_size();
	return lab_one_in(8) ? length - lab_draw(page_size()) : length;
}

/*
 * For calls that pass over holes, and would come to what else we have mapped:
 * it ends not far behind the room, or wraps around.
 */
static unsigned long draw_length_from(unsigned long addr)
{
	unsigned long length = lab_one_in(2) ? page_size() : draw_length();

	return length < LAB_BEYOND || addr + length < addr ? length :
							     page_size();
}

/* Where something may be put: what is put there ends within the room. */
static unsigned long draw_place(void)
{
	return lab_model.base +
	       lab_draw(lab_model.room - 2 * lab_model.info.pages) * page_size();
}

static unsigned long make_odd(unsigned long number)
{
	return lab_one_in(24) ? number + 1 + lab_draw(page_size() - 1) : number;
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

	return lab_one_in(10) ? LAB_DRAW_FROM(rare) : LAB_DRAW_FROM(usual);
}

/*
 * mmap()
 */

/* In bytes: in the memory, at its end, and where arithmetic wraps around. */
static unsigned long draw_offset(void)
{
	const unsigned long edges[] = {
		lab_model.info.size, 1ul << 31, 1ul << 32, 1ul << 43,
		1ul << 44, 1ul << 52, 1ul << 62, 1ul << 63, (1ul << 63) +
		(1ul << 32), -lab_model.info.size, -2 * page_size(),
	};
	unsigned long offset = lab_draw(lab_model.info.pages) * page_size();

	/* The page behind the last: the edge that is missed most. */
	if (lab_one_in(30))
		return lab_model.info.size;
	if (lab_one_in(6))
		offset += LAB_DRAW_FROM(edges);
	return make_odd(offset);
}

static int draw_mmap_type(void)
{
	static const int rare[] = { 0, 4, 8, MAP_TYPE };

	if (lab_one_in(12))
		return MAP_PRIVATE;
	if (lab_one_in(24))
		return LAB_DRAW_FROM(rare);
	return lab_one_in(6) ? MAP_SHARED_VALIDATE : MAP_SHARED;
}

/* The last two mean MAP_SYNC, which a device has not, and nothing at all. */
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

	if (lab_one_in(4))
		flags |= LAB_DRAW_FROM(harmless);
	if (lab_one_in(24))
		flags |= LAB_DRAW_FROM(refused);
	return flags;
}

static struct lab_mmap draw_mmap(void)
{
	struct lab_mmap call = {
		.addr = make_odd(draw_place()),
		.len = draw_length(),
		.prot = draw_protection(),
		.flags = draw_mmap_flags(),
		.by = lab_draw_descriptor(),
		.offset = draw_offset(),
	};
	uint64_t left = lab_model.info.size - call.offset;

	/* Often what fits, and what is just too much. */
	if (call.offset < lab_model.info.size && lab_one_in(2))
		call.len = lab_one_in(4) ? left + 1 : left;
	/* Before a driver is asked, a private copy must fit into memory. */
	if ((call.flags & MAP_TYPE) == MAP_PRIVATE && call.len < LAB_BEYOND &&
	    call.len > lab_model.info.size)
		call.len = lab_model.info.size + 1;
	switch (lab_draw(8)) {
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
	unsigned long end = lab_model.base + lab_model.room * page_size();

	return addr < end && addr + len > lab_model.base;
}

/* The kernel's choice is not ours: the area is ended, or brought to the room. */
static void settle(const struct lab_mmap *call, unsigned long addr)
{
	unsigned long to = draw_place();
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (addr % page_size() || is_in_the_room(addr, call->len))
		lab_disagree("mmap: an area where none can be");
	if (lab_one_in(2)) {
		lab_note("munmap", "ax", addr, call->len);
		lab_agree_exactly(0, lab_answered(munmap((void *)addr,
							 call->len)));
		return;
	}
	lab_note("mremap", "axxxa", addr, call->len, call->len, flags, to);
	lab_agree_exactly(lab_model_settle(call, to),
			  lab_answered(syscall(SYS_mremap, addr, call->len,
					       call->len, flags, to)));
	lab_look_at(to);
}

bool lab_random_mmap(void)
{
	struct lab_mmap call = draw_mmap();
	long predicted = lab_model_mmap(&call);
	long found;

	lab_note("mmap", "axpxfx", call.addr, call.len, call.prot, call.flags,
		 call.by, call.offset);
	found = lab_answered(syscall(SYS_mmap, call.addr, call.len, call.prot,
				     call.flags, lab_ground.fd[call.by],
				     call.offset));
	if (predicted == LAB_SOMEWHERE && found > 0) {
		settle(&call, (unsigned long)found);
		return true;
	}
	if (!lab_agree_exactly(predicted, found))
		return false;
	lab_look_at((unsigned long)found +
		    lab_draw((call.len - 1) / page_size() + 1) * page_size());
	return true;
}

/*
 * munmap(), mprotect(), msync()
 */

bool lab_random_munmap(void)
{
	unsigned long addr = make_odd(lab_draw_address());
	unsigned long len = draw_length();

	/* Most are small, or little would ever be there. */
	if (!lab_one_in(4))
		len = lab_draw(4) ? page_size() : 0;
	lab_note("munmap", "ax", addr, len);
	return lab_agree_exactly(lab_model_munmap(addr, len),
				 lab_answered(munmap((void *)addr, len)));
}

bool lab_random_mprotect(void)
{
	static const int refused[] = {
		PROT_GROWSDOWN, PROT_GROWSUP | PROT_READ,
		PROT_GROWSDOWN | PROT_GROWSUP, 0x10, 0x800000,
	};
	unsigned long addr = make_odd(lab_draw_address());
	unsigned long len = draw_length_from(addr);
	int prot = draw_protection();

	if (lab_one_in(24))
		prot |= LAB_DRAW_FROM(refused);
	lab_note("mprotect", "axp", addr, len, prot);
	return lab_agree_exactly(lab_model_mprotect(addr, len, prot),
				 lab_answered(mprotect((void *)addr, len,
						       prot)));
}

bool lab_random_msync(void)
{
	static const int all[] = {
		0, MS_ASYNC, MS_ASYNC, MS_SYNC, MS_SYNC, MS_INVALIDATE,
		MS_ASYNC | MS_INVALIDATE, MS_SYNC | MS_INVALIDATE,
		MS_ASYNC | MS_SYNC, 8,
	};
	unsigned long addr = make_odd(lab_draw_address());
	unsigned long len = draw_length_from(addr);
	int flags = LAB_DRAW_FROM(all);

	lab_note("msync", "axx", addr, len, flags);
	return lab_agree_exactly(lab_model_msync(addr, len, flags),
				 lab_answered(msync((void *)addr, len,
						    flags)));
}

/*
 * mremap()
 */

/* From an address to the end of its area. */
static unsigned long rest_of_area(unsigned long addr)
{
	size_t i = (addr - lab_model.base) / page_size(), first = i;

	while (i < lab_model.room &&
	       lab_model.spot[i].area == lab_model.spot[first].area)
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

	if (lab_one_in(6))
		return LAB_DRAW_FROM(rare);
	if (lab_one_in(4))
		return 0;
	return lab_one_in(4) ? MREMAP_MAYMOVE : MREMAP_MAYMOVE | MREMAP_FIXED;
}

static struct lab_mremap draw_mremap(void)
{
	const unsigned long wild[] = {
		-8ul, -page_size(), 1ul << 58, 1ul << 63,
	};
	unsigned long addr = lab_draw_address();
	struct lab_mremap call = {
		.addr = make_odd(addr),
		.flags = draw_mremap_flags(),
		.new_addr = make_odd(draw_place()),
	};

	call.old_len = lab_one_in(3) ? draw_length() : rest_of_area(addr);
	/* A hole may be larger than the destination has room for. */
	if (call.old_len > lab_model.info.size && call.old_len < 1ul << 31)
		call.old_len = page_size();
	call.new_len = lab_one_in(3) ? draw_length() : call.old_len;
	if (lab_one_in(4) && call.new_len > page_size())
		call.new_len -= page_size();
	if (lab_one_in(24))
		call.new_addr = LAB_DRAW_FROM(wild);
	/* Series differ in whether this is rounded before it is compared. */
	if (call.flags & MREMAP_DONTUNMAP) {
		call.old_len &= -page_size();
		call.new_len &= -page_size();
	}
	return call;
}

bool lab_random_mremap(void)
{
	struct lab_mremap call = draw_mremap();
	long predicted = lab_model_mremap(&call);
	bool moved = predicted >= 0 && predicted != (long)call.addr;

	lab_note("mremap", "axxxa", call.addr, call.old_len, call.new_len,
		 call.flags, call.new_addr);
	lab_agree_exactly(predicted,
			  lab_answered(syscall(SYS_mremap, call.addr,
					       call.old_len, call.new_len,
					       call.flags, call.new_addr)));
	if (moved)
		lab_look_at(call.new_addr);
	return predicted >= 0;
}

/*
 * madvise()
 */

bool lab_random_madvise(void)
{
	static const int all[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
		MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, 102, 103,
		5, 7, 26, 99, 104, -1,
	};
	unsigned long addr = make_odd(lab_draw_address());
	unsigned long len = draw_length_from(addr);
	int advice = LAB_DRAW_FROM(all);

	lab_note("madvise", "axd", addr, len, advice);
	return lab_agree_exactly(lab_model_madvise(addr, len, advice),
				 lab_answered(madvise((void *)addr, len,
						      advice)));
}

/*
 * Touching what is mapped
 *
 * The kernel touches it first, on the way to or from a file: where a driver has
 * mapped nothing, that is an error and not a signal.
 */

#define BYTES 8

static bool can_be_touched(const struct lab_spot *spot, int access)
{
	return spot->area && spot->prot & access && !spot->dropped;
}

/* Contents of the page that a spot shows, as they should be. */
static unsigned char *contents_at(const struct lab_spot *spot,
				  unsigned long addr)
{
	return lab_model.bytes + spot->shows * page_size() + addr % page_size();
}

/*
 * A page that may be written only can be found by get_user_pages() on one
 * machine and not on another.
 */
static bool frame_can_be_asked(const struct lab_spot *spot)
{
	return spot->area && (lab_model.frames || (!spot->dropped &&
						   spot->prot & PROT_READ));
}

void lab_look_at(unsigned long addr)
{
	struct lab_spot *spot = lab_model_spot(addr);
	struct lab_user_page user = { .user_addr = addr };
	uint32_t found, expected;

	if (!spot || !frame_can_be_asked(spot) || spot->looked_at)
		return;
	lab_note("ioctl(LAB_IOC_USER_PAGE)", "a", addr);
	lab_agree_exactly(0, lab_answered(ioctl(lab_ground.fd[BY_BOTH],
						LAB_IOC_USER_PAGE, &user)));
	if (user.pfn != lab_model.page[spot->shows].pfn)
		lab_disagree("frame 0x%llx is mapped, not 0x%llx of page %lu",
			     user.pfn, lab_model.page[spot->shows].pfn,
			     spot->shows);
	spot->looked_at = true;
	if (!can_be_touched(spot, PROT_READ))
		return;
	addr -= addr % page_size();
	addr += lab_draw(page_size() / sizeof(found)) * sizeof(found);
	found = *(volatile uint32_t *)addr;
	memcpy(&expected, contents_at(spot, addr), sizeof(expected));
	if (found != expected)
		lab_disagree("at 0x%lx: expected 0x%08x, found 0x%08x", addr,
			     expected, found);
}

static unsigned long draw_word(void)
{
	return lab_draw_address() + lab_draw(page_size() / BYTES) * BYTES;
}

bool lab_random_peek(void)
{
	unsigned long addr = draw_word();
	struct lab_spot *spot = lab_model_spot(addr);
	bool readable;

	if (spot->area && !spot->prot && lab_ground.reads_forbidden)
		spot = lab_model_spot(addr = lab_model.base - BYTES);
	/* What can be written can be read: page tables know no other. */
	readable = spot && can_be_touched(spot, PROT_READ | PROT_WRITE);
	lab_note("pwrite(file)", "ax", addr, BYTES);
	if (!lab_agree_exactly(readable ? BYTES : -EFAULT,
			       lab_answered(pwrite(lab_ground.file,
						   (void *)addr, BYTES, 0))) ||
	    !readable)
		return false;
	if (memcmp(lab_ground.shown, contents_at(spot, addr), BYTES))
		lab_disagree("at 0x%lx stands something else", addr);
	lab_look_at(addr);
	return true;
}

/* Only after a look whose frame it is: a wrong driver shall not kill the guest. */
bool lab_random_poke(void)
{
	const uint32_t words[2] = { (uint32_t)lab_draw(UINT32_MAX),
				    (uint32_t)lab_draw(UINT32_MAX) };
	unsigned long addr = draw_word();
	struct lab_spot *spot = lab_model_spot(addr);
	bool writable;

	if (can_be_touched(spot, PROT_WRITE) && !frame_can_be_asked(spot))
		spot = lab_model_spot(addr = lab_model.base - BYTES);
	writable = spot && can_be_touched(spot, PROT_WRITE);
	if (writable)
		lab_look_at(addr);
	memcpy(lab_ground.shown, words, BYTES);
	lab_note("pread(file)", "ax", addr, BYTES);
	if (!lab_agree_exactly(writable ? BYTES : -EFAULT,
			       lab_answered(pread(lab_ground.file,
						  (void *)addr, BYTES, 0))) ||
	    !writable)
		return false;
	/* The kernel wrote both words; we write the first of them. */
	((volatile uint32_t *)addr)[0] = words[1];
	memcpy(contents_at(spot, addr), &words[1], sizeof(words[1]));
	memcpy(contents_at(spot, addr) + sizeof(words[0]), &words[1],
	       sizeof(words[1]));
	return true;
}
