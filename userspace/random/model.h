/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.h - the state from which the model predicts what a call returns
 *
 * For each system call a function of the model returns what the kernel must return
 * after all the calls before, and changes the state as the call would. Errors are
 * negative, as in the kernel. The kernel looks at a call before a driver does, so
 * most of the model is the order in which mm/ and fs/ refuse. Where the series
 * differ, the model asks model_since().
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"
#include "shared/program.h"

/* The open descriptors of the device, and one that is not open. */
enum descriptor { BY_BOTH, BY_READER, BY_WRITER, BY_NOBODY };

#define DESCRIPTORS BY_NOBODY

/*
 * 2^57: no address space of ours is so large; with five levels of page tables it
 * is half of that. On 32-bit x86 it has 3 GiB. Lengths that are smaller, but larger
 * than all that is mapped, may fit on one machine and not on another: they are not
 * drawn.
 */
#if __SIZEOF_POINTER__ == 8
#define BEYOND_ALL 0x200000000000000ul
#else
#define BEYOND_ALL 0xc0000000ul
#endif

/**
 * struct spot - one page of the addresses where mappings come and go
 * @vma: number of the VMA that it belongs to, 0 if nothing is mapped
 * @shows: the page of the lab's memory that is there
 * @prot: PROT_*
 * @by: the descriptor that it was mapped with
 * @advice: MADV_NORMAL, MADV_RANDOM or MADV_SEQUENTIAL
 * @dontfork: MADV_DONTFORK came last, and not MADV_DOFORK
 * @arrived: a page table entry is there for sure; matters only if pages arrive by
 *	fault
 * @dropped: MADV_DONTNEED has taken the page out of the mapping, for good
 * @looked_at: since the spot changed, its page table entry was compared, and holds
 *	the right page frame
 */
struct spot {
	unsigned int vma;
	unsigned long shows;
	int prot;
	enum descriptor by;
	int advice;
	bool dontfork;
	bool arrived;
	bool dropped;
	bool looked_at;
};

/**
 * struct model - the state
 * @kind: of the lab's mappings
 * @noexec: the device node is on a file system without programs
 * @release: of the kernel, 0x10000 * major + minor
 * @info: what LAB_IOC_INFO said before; its mappings are not ours
 * @page: what LAB_IOC_PAGE says of each page
 * @base: address of the first spot
 * @room: how many spots there are; no mapping begins in the last info.pages
 * @spot: the spots
 * @numbered: how many VMAs have had a number
 * @bytes: contents of the memory
 * @ring: what the kernel knows of the ring in it, if it is one
 * @position: file position of each descriptor
 */
extern struct model {
	const struct mapping_kind *kind;
	bool noexec;
	unsigned int release;
	struct lab_info info;
	struct lab_page *page;
	unsigned long base;
	size_t room;
	struct spot *spot;
	unsigned int numbered;
	unsigned char *bytes;
	struct lab_ring ring;
	int64_t position[DESCRIPTORS];
} model;

/* Takes the state before the first call from the lab and the kernel. */
void model_begin(unsigned long base);

/* Nothing is mapped any more. */
void model_unmap_all(void);

static inline unsigned long page_size(void)
{
	return model.info.page_size;
}

bool model_since(unsigned int major, unsigned int minor);
bool model_readable(enum descriptor by);
bool model_writable(enum descriptor by);

/* The spot of an address, or NULL. */
struct spot *model_spot(unsigned long addr);

#endif /* MODEL_H */
