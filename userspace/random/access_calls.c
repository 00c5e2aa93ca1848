// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: access to mapped memory
 *
 * The kernel accesses it first, by read() or write() of a file: where a driver has
 * mapped nothing, that is an error and no signal.
 */
#include "calls.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draw.h"
#include "ground.h"
#include "history.h"

/* In each access: two words. */
#define BYTES 8

static bool has_access(const struct spot *spot, int access)
{
	return spot->vma && spot->prot & access && !spot->dropped;
}

/* What should be at an address, which is in this spot. */
static unsigned char *contents_at(const struct spot *spot,
				  unsigned long addr)
{
	size_t page = page_size();

	return model.bytes + spot->shows * page + addr % page;
}

/*
 * LAB_IOC_USER_PAGE finds it, after a read if it comes by fault. Of a page that may
 * only be written get_user_pages() finds it on one machine and not on another.
 */
static bool has_known_frame(const struct spot *spot)
{
	if (!spot->vma)
		return false;
	if (!model.kind->get_user_pages)
		return !model.kind->by_fault || spot->arrived ||
		       spot->prot & PROT_READ;
	return !spot->dropped && spot->prot & PROT_READ;
}

/* On some machines a read has such a page arrive, and on others it fails. */
static bool is_only_to_write(const struct spot *spot)
{
	return model.kind->by_fault && !spot->arrived &&
	       spot->prot == PROT_WRITE;
}

/* The first access, if pages arrive by fault: the kernel reads a byte. */
static void have_it_arrive(struct spot *spot, unsigned long addr)
{
	if (!model.kind->by_fault || spot->arrived ||
	    !has_access(spot, PROT_READ))
		return;
	note("pwrite(file)", "ax", addr, 1);
	agree_exactly(1, answered(pwrite(ground.file, (void *)addr, 1, 0)));
	spot->arrived = true;
}

void look_at(unsigned long addr)
{
	struct spot *spot = model_spot(addr);
	struct lab_user_page user = { .user_addr = addr };
	uint32_t found, expected;

	if (!spot || !has_known_frame(spot) || spot->looked_at)
		return;
	have_it_arrive(spot, addr);
	note("ioctl(LAB_IOC_USER_PAGE)", "a", addr);
	agree_exactly(0, answered(ioctl(ground.fd[BY_BOTH], LAB_IOC_USER_PAGE,
					&user)));
	if (user.pfn != model.page[spot->shows].pfn)
		disagree("frame 0x%llx is mapped, not 0x%llx of page %lu",
			 user.pfn, model.page[spot->shows].pfn, spot->shows);
	spot->looked_at = true;
	if (!has_access(spot, PROT_READ))
		return;
	addr -= addr % page_size();
	addr += draw(page_size() / sizeof(found)) * sizeof(found);
	found = *(volatile uint32_t *)addr;
	memcpy(&expected, contents_at(spot, addr), sizeof(expected));
	if (found != expected)
		disagree("at 0x%lx: expected 0x%08x, found 0x%08x", addr,
			 expected, found);
}

static unsigned long draw_word(void)
{
	return draw_address() + draw(page_size() / BYTES) * BYTES;
}

bool random_peek(void)
{
	unsigned long addr = draw_word();
	struct spot *spot = model_spot(addr);
	bool readable;

	if ((spot->vma && !spot->prot && ground.reads_forbidden) ||
	    is_only_to_write(spot))
		spot = model_spot(addr = model.base - BYTES);
	/* In page table entries, write access includes read access. */
	readable = spot && has_access(spot, PROT_READ | PROT_WRITE);
	note("pwrite(file)", "ax", addr, BYTES);
	if (!agree_exactly(readable ? BYTES : -EFAULT,
			   answered(pwrite(ground.file, (void *)addr, BYTES,
					   0))) ||
	    !readable)
		return false;
	spot->arrived = true;
	if (memcmp(ground.shown, contents_at(spot, addr), BYTES))
		disagree("at 0x%lx: other bytes than there should be", addr);
	look_at(addr);
	return true;
}

/* Only after a look at the frame: a wrong driver must not kill the guest. */
bool random_poke(void)
{
	const uint32_t words[2] = { (uint32_t)draw(UINT32_MAX),
				    (uint32_t)draw(UINT32_MAX) };
	unsigned long addr = draw_word();
	struct spot *spot = model_spot(addr);
	bool writable;

	if (has_access(spot, PROT_WRITE) && !has_known_frame(spot))
		spot = model_spot(addr = model.base - BYTES);
	writable = spot && has_access(spot, PROT_WRITE);
	if (writable)
		look_at(addr);
	memcpy(ground.shown, words, BYTES);
	note("pread(file)", "ax", addr, BYTES);
	if (!agree_exactly(writable ? BYTES : -EFAULT,
			   answered(pread(ground.file, (void *)addr, BYTES,
					  0))) ||
	    !writable)
		return false;
	/* The kernel wrote both words; we write the first of them. */
	((volatile uint32_t *)addr)[0] = words[1];
	memcpy(contents_at(spot, addr), &words[1], sizeof(words[1]));
	memcpy(contents_at(spot, addr) + sizeof(words[0]), &words[1],
	       sizeof(words[1]));
	return true;
}
