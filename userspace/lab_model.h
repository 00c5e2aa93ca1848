/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_model.h - what a lab and the kernel must answer
 *
 * For each system call one function says what it returns, from what has been
 * called before, and nothing else: a value, or an error as the kernel has it,
 * negative. It also remembers what the call changed. lab_model.c knows the areas
 * of address space, lab_model_data.c the bytes of the memory and who may reach
 * them.
 *
 * The kernel looks at a call before a driver does, so most of what is written
 * down here is the order in which mm/ and fs/ refuse. Where the series differ,
 * lab_model_since() stands, with a word on what has changed.
 */
#ifndef LAB_MODEL_H
#define LAB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"

/* The descriptors of the device that are open, and one that is not. */
enum lab_descriptor { BY_BOTH, BY_READER, BY_WRITER, BY_NOBODY };

#define LAB_DESCRIPTORS BY_NOBODY

/*
 * 2^57: no address space of ours is so large; with five levels of page tables
 * it is half of that. Whether lengths fit that are smaller, but larger than any
 * that is mapped, is left to the machine: they are not drawn.
 */
#define LAB_BEYOND 0x200000000000000ul

/* An address that the kernel chooses. */
#define LAB_SOMEWHERE INT64_MAX

/**
 * struct lab_spot - one page of the address space in which areas come and go
 * @area: number of the area that it belongs to, 0 if nothing is mapped
 * @shows: which page of the lab's memory is there
 * @prot: PROT_*
 * @by: the descriptor that it was mapped with
 * @advice: MADV_NORMAL, MADV_RANDOM or MADV_SEQUENTIAL
 * @dontfork: MADV_DONTFORK was the last word
 * @dropped: MADV_DONTNEED has taken the page out of the area
 * @looked_at: the page table has been asked since the spot changed, and names
 *	the right frame
 */
struct lab_spot {
	unsigned int area;
	unsigned long shows;
	int prot;
	enum lab_descriptor by;
	int advice;
	bool dontfork;
	bool dropped;
	bool looked_at;
};

/**
 * struct lab_model - all that is known
 * @frames: remap_pfn_range() makes the areas, and not remap_vmalloc_range()
 * @small: the lab knows LAB_IOC_SMALL
 * @noexec: the device node is on a file system without programs
 * @release: of the kernel, 0x10000 * major + minor
 * @info: what LAB_IOC_INFO said before; its count is of areas that are not ours
 * @page: LAB_IOC_PAGE's answer for each page
 * @base: address of the first spot
 * @room: spots there are; the last info.pages are never begun at
 * @spot: the spots
 * @numbered: areas that have been given a number
 * @bytes: the memory's contents
 * @position: where each descriptor reads and writes
 */
extern struct lab_model {
	bool frames;
	bool small;
	bool noexec;
	unsigned int release;
	struct lab_info info;
	struct lab_page *page;
	unsigned long base;
	size_t room;
	struct lab_spot *spot;
	unsigned int numbered;
	unsigned char *bytes;
	int64_t position[LAB_DESCRIPTORS];
} lab_model;

struct lab_mmap {
	unsigned long addr;
	unsigned long len;
	int prot;
	int flags;
	enum lab_descriptor by;
	unsigned long offset;
};

struct lab_mremap {
	unsigned long addr;
	unsigned long old_len;
	unsigned long new_len;
	int flags;
	unsigned long new_addr;
};

bool lab_model_since(unsigned int major, unsigned int minor);

/* Those that change the areas. */
long lab_model_mmap(const struct lab_mmap *call);
long lab_model_settle(const struct lab_mmap *call, unsigned long addr);
long lab_model_munmap(unsigned long addr, unsigned long len);
long lab_model_mprotect(unsigned long addr, unsigned long len, int prot);
long lab_model_mremap(const struct lab_mremap *call);
long lab_model_madvise(unsigned long addr, unsigned long len, int advice);
long lab_model_msync(unsigned long addr, unsigned long len, int flags);

uint64_t lab_model_mappings(void);

/* The spot that holds an address, or NULL. */
struct lab_spot *lab_model_spot(unsigned long addr);

/**
 * struct lab_buffer - memory of the caller, or what he takes for such
 * @at: where it begins
 * @can_read: bytes from there on that can be read
 * @can_write: bytes from there on that can be written
 * @kernels: an address that no user can have
 */
struct lab_buffer {
	unsigned char *at;
	size_t can_read;
	size_t can_write;
	bool kernels;
};

/**
 * struct lab_answer - what may be returned
 * @least: the number, or the error
 * @most: another number than @least, if all between the two are as good
 *
 * How much of a step is copied before a page that cannot be reached is left to
 * the machine's copy_to_user(); whole steps before it are not.
 */
struct lab_answer {
	long least;
	long most;
};

bool lab_model_readable(enum lab_descriptor by);
bool lab_model_writable(enum lab_descriptor by);

long lab_model_lseek(enum lab_descriptor by, int64_t offset, int whence);
struct lab_answer lab_model_read(enum lab_descriptor by,
				 const struct lab_buffer *to, size_t count,
				 int64_t position);
struct lab_answer lab_model_write(enum lab_descriptor by,
				  const struct lab_buffer *from, size_t count,
				  int64_t position);

long lab_model_ioctl(enum lab_descriptor by, unsigned long request,
		     const struct lab_buffer *arg);

/* What these requests do: the one to the memory, the other to its question. */
void lab_model_fill(uint64_t seed);
void lab_model_check(struct lab_check *check);

#endif /* LAB_MODEL_H */
