/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * lab.h - the requests of /dev/lab_NAME
 *
 * This file compiles unchanged in the kernel and in user space. It uses only
 * fixed-width types, and no structure has a hole or a tail to pad, so 32-bit
 * and 64-bit callers see the same layout and the kernel needs no translation
 * for either.
 *
 * There are three ways to a device's memory, and they must agree:
 *
 *	mmap()		page offset k maps the memory from its page k on
 *	read(), write()	the same bytes at the same offsets
 *	ioctl()		the kernel fills and checks through its own mapping
 */
#ifndef LAB_H
#define LAB_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct lab_info - addresses, size and kind of the memory
 * @kernel_addr: kernel virtual address of the first byte
 * @phys_addr: physical address of the first byte
 * @size: bytes that can be mapped, a multiple of @page_size
 * @page_size: bytes in a page
 * @pages: @size / @page_size
 * @mappings: number of user VMAs that map it now, if LAB_INFO_COUNTS_MAPPINGS is
 *	set
 * @flags: LAB_INFO_* bits
 * @reserved: zero
 *
 * Both addresses are 0 for a caller without CAP_SYS_ADMIN.
 */
struct lab_info {
	__u64 kernel_addr;
	__u64 phys_addr;
	__u64 size;
	__u64 page_size;
	__u64 pages;
	__u64 mappings;
	__u32 flags;
	__u32 reserved;
};

/* The memory is physically contiguous. */
#define LAB_INFO_CONTIGUOUS		0x1
/* The kernel's mapping comes from ioremap(), so the kernel uses accessors. */
#define LAB_INFO_IOMEM			0x2
/* Both sides have uncached mappings. */
#define LAB_INFO_UNCACHED		0x4
/* The lab counts its VMAs in lab_info.mappings. */
#define LAB_INFO_COUNTS_MAPPINGS	0x8

/**
 * struct lab_page - where one page of the memory is
 * @index: in: page number, 0 to lab_info.pages - 1
 * @kernel_addr: out: kernel virtual address of the page
 * @pfn: out: its page frame number, physical address / page size
 */
struct lab_page {
	__u64 index;
	__u64 kernel_addr;
	__u64 pfn;
};

/**
 * struct lab_user_page - which frame is in the caller's own page table
 * @user_addr: in: an address inside the caller's mapping of this device
 * @pfn: out: the page frame number that the page table entry holds
 */
struct lab_user_page {
	__u64 user_addr;
	__u64 pfn;
};

/**
 * struct lab_fill - fill the memory with a pattern
 * @seed: in: any value; see lab_pattern.h
 */
struct lab_fill {
	__u64 seed;
};

/* lab_check.offset when every word was the expected one. */
#define LAB_NO_DIFFERENCE (~(__u64)0)

/**
 * struct lab_check - compare the memory with a pattern
 * @seed: in: any value; see lab_pattern.h
 * @offset: out: byte offset of the first word that differs, a multiple of 4,
 *	or LAB_NO_DIFFERENCE
 * @expected: out: the pattern's word there, 0 if there is no difference
 * @found: out: the word that the kernel read, 0 if there is no difference
 */
struct lab_check {
	__u64 seed;
	__u64 offset;
	__u32 expected;
	__u32 found;
};

/**
 * struct lab_small - a small object of kmalloc() (lab_kmalloc only)
 * @kernel_addr: address of the object
 * @asked: bytes that kmalloc() was asked for
 * @given: bytes that the slab allocator took for it
 * @page_offset: byte of its page with which the object begins
 * @per_page: objects of that size that share one page
 */
struct lab_small {
	__u64 kernel_addr;
	__u32 asked;
	__u32 given;
	__u32 page_offset;
	__u32 per_page;
};

/**
 * struct lab_faults - page faults that the lab has answered (lab_fault only)
 * @count: out: faults, of all processes since the load, for which it handed out a
 *	page; none for those that it refused
 *
 * Two processors that touch one page at the same moment may count as two.
 */
struct lab_faults {
	__u64 count;
};

/**
 * struct lab_ring_header - the beginning of lab_ring's memory
 * @head: slot of the next record; the kernel writes it
 * @line: the rest of a cache line, so that the two sides do not write to the same one
 * @tail: slot of the next record to be read; the program writes it
 * @next_line: as @line
 *
 * Behind it are the slots, as many as there is room for. A record is to be read if
 * @tail is not @head; one slot always stays free.
 */
struct lab_ring_header {
	__u32 head;
	__u32 line[15];
	__u32 tail;
	__u32 next_line[15];
};

/**
 * struct lab_record - what is in a slot
 * @number: records have consecutive numbers; those of lost records are missing
 * @words: follow from the number: word i is lab_pattern_word(number, i)
 */
struct lab_record {
	__u64 number;
	__u32 words[6];
};

/* Records that one request may ask for. */
#define LAB_PRODUCE_MOST	1024
#define LAB_STREAM_MOST		65536

/**
 * struct lab_produce - produce records at once (lab_ring only)
 * @count: in: how many, LAB_PRODUCE_MOST at most
 * @stored: out: how many of them are in the ring; the others are lost
 */
struct lab_produce {
	__u32 count;
	__u32 stored;
};

/**
 * struct lab_stream - produce records in the background (lab_ring only)
 * @count: in: how many, LAB_STREAM_MOST at most
 */
struct lab_stream {
	__u64 count;
};

/**
 * struct lab_ring - what the kernel knows of the ring (lab_ring only)
 * @slots: out: how many there are
 * @head: out: slot of the next record, whatever lab_ring_header.head says
 * @number: out: the number of the next record
 * @lost: out: records that found no room, since the load
 * @left: out: records that the background still has to produce
 */
struct lab_ring {
	__u32 slots;
	__u32 head;
	__u64 number;
	__u64 lost;
	__u64 left;
};

/**
 * struct lab_time - what a clock says (lab_rtc only)
 * @seconds: out: since 1970, UTC
 * @passes: out: how often the registers were read until two readings agreed
 * @reserved: out: zero
 */
struct lab_time {
	__s64 seconds;
	__u32 passes;
	__u32 reserved;
};

/* What lab_regs may access: so many bytes of a device's registers, from their first on. */
#define LAB_REGS_SIZE		256

/* Bytes that one request can bring or fetch. */
#define LAB_ACCESS_BYTES	64

/*
 * lab_access.how: one register, as a number that has its lowest byte first, or its
 * highest
 */
#define LAB_ACCESS_READ		0
#define LAB_ACCESS_WRITE	1
#define LAB_ACCESS_READ_BE	2
#define LAB_ACCESS_WRITE_BE	3
/* One register, again and again: a stream of bytes. */
#define LAB_ACCESS_DRAIN	4
#define LAB_ACCESS_FEED		5
/* Bytes that follow one another, in accesses of any width. */
#define LAB_ACCESS_SET		6
#define LAB_ACCESS_COPY_FROM	7
#define LAB_ACCESS_COPY_TO	8
/* Words in registers that follow one another; the last one starts something. */
#define LAB_ACCESS_SUBMIT	9

/**
 * struct lab_access - have the driver access registers (lab_regs only)
 * @how: in: LAB_ACCESS_*
 * @offset: in: of the first register, a multiple of @width
 * @width: in: bytes of an access: 1, 2, 4 or 8 for READ and WRITE; 2 or 4 for
 *	READ_BE and WRITE_BE; 1, 2 or 4 for DRAIN and FEED; 1 for SET, COPY_FROM and
 *	COPY_TO; 4 for SUBMIT
 * @count: in: accesses of that width; 1 for READ and WRITE and those with BE
 * @value: in: what to WRITE or SET, of which the low @width bytes count; out: what was
 *	READ, for SUBMIT what the last register says when all writes have arrived
 * @bytes: in: what to FEED, COPY_TO or, as words of the caller, SUBMIT; out: what DRAIN
 *	or COPY_FROM found
 */
struct lab_access {
	__u32 how;
	__u32 offset;
	__u32 width;
	__u32 count;
	__u64 value;
	__u8 bytes[LAB_ACCESS_BYTES];
};

/* Writes that one request may ask for. */
#define LAB_PORT_MOST		4096

/**
 * struct lab_port - have a device count writes (lab_port only)
 * @begin: in: 1: it begins to count, from 0; 0: it goes on as before
 * @writes: in: how many to make, LAB_PORT_MOST at most
 * @count: out: how many the device has counted then
 * @offset: out: where it wants them, from the beginning of the BAR
 * @data: out: which byte it wants there
 * @width: out: in how many bytes at once
 * @name: out: what the device calls that, with a 0 behind it
 */
struct lab_port {
	__u32 begin;
	__u32 writes;
	__u32 count;
	__u32 offset;
	__u32 data;
	__u32 width;
	__u8 name[32];
};

/*
 * Bytes of the device's own memory. It has 4096, but some versions of QEMU end with an error
 * when the last one is meant.
 */
#define LAB_DMA_INSIDE		4095

/* The longest time for which a program can have the driver wait, in milliseconds. */
#define LAB_DMA_MOST_WAIT	10000

/* lab_dma.direction */
#define LAB_DMA_TO_DEVICE	0
#define LAB_DMA_FROM_DEVICE	1

/**
 * struct lab_dma - have the device copy between the memory and its own (lab_dma only)
 * @offset: in: the first byte in the lab's memory
 * @address: out: the device's address of it; 0 for a caller without CAP_SYS_ADMIN
 * @inside: in: the first byte in the device's own memory
 * @count: in: how many bytes; with 0 nothing is copied
 * @direction: in: LAB_DMA_*
 * @wait_ms: in: how long to wait, LAB_DMA_MOST_WAIT at most
 */
struct lab_dma {
	__u64 offset;
	__u64 address;
	__u32 inside;
	__u32 count;
	__u32 direction;
	__u32 wait_ms;
};

/**
 * struct lab_export - a descriptor of the memory itself, a dma-buf (lab_dmabuf only)
 * @flags: in: O_RDONLY or O_RDWR, as for open(); and O_CLOEXEC
 * @fd: out: the descriptor
 */
struct lab_export {
	__u32 flags;
	__s32 fd;
};

/*
 * Errors that all requests share: ENOTTY for an unknown number, EFAULT for a
 * pointer that cannot be read or written.
 *
 *	LAB_IOC_INFO		none of its own
 *	LAB_IOC_PAGE		EINVAL: no such page; EPERM: no CAP_SYS_ADMIN
 *	LAB_IOC_FILL		EBADF: the descriptor is not open for writing;
 *				EINTR: the caller was killed meanwhile
 *	LAB_IOC_CHECK		EBADF: the descriptor is not open for reading;
 *				EINTR
 *	LAB_IOC_USER_PAGE	EINVAL: not a mapping of this device, or no page
 *				there yet; EPERM
 *	LAB_IOC_SMALL		EPERM: no CAP_SYS_ADMIN
 *	LAB_IOC_FAULTS		none of its own
 *	LAB_IOC_PRODUCE		EBADF: the descriptor is not open for writing;
 *				EINVAL: too many; ENOSPC: all are lost, the
 *				ring is full; EIO: all are lost, the tail is
 *				no slot; EINTR
 *	LAB_IOC_STREAM		EBADF; EINVAL; EBUSY: one is under way; EINTR
 *	LAB_IOC_RING		EINTR
 *	LAB_IOC_ACCESS		EINVAL: no such access, or not of these registers;
 *				EINTR
 *	LAB_IOC_TIME		ETIMEDOUT: no two readings agreed; EIO: the
 *				registers hold no time
 *	LAB_IOC_PORT		EINVAL: too many writes; EIO: the device does not
 *				answer; ENODEV: it has gone; EINTR: a signal came
 *	LAB_IOC_DMA		EINVAL: it lies outside, or is too long a wait;
 *				EBADF: the descriptor is not open for reading, or,
 *				if the device writes, for writing; ETIMEDOUT, EINTR:
 *				the device is not done yet, and goes on; EBUSY: it
 *				is still at a copy before
 *	LAB_IOC_EXPORT		EINVAL: other flags; EBADF: the descriptor is not
 *				open for reading, or the new one shall write and
 *				it is not open for that; EMFILE: too many are open
 */
#define LAB_IOC_MAGIC		0xe9
#define LAB_IOC_INFO		_IOR(LAB_IOC_MAGIC, 0, struct lab_info)
#define LAB_IOC_PAGE		_IOWR(LAB_IOC_MAGIC, 1, struct lab_page)
#define LAB_IOC_FILL		_IOW(LAB_IOC_MAGIC, 2, struct lab_fill)
#define LAB_IOC_CHECK		_IOWR(LAB_IOC_MAGIC, 3, struct lab_check)
#define LAB_IOC_USER_PAGE	_IOWR(LAB_IOC_MAGIC, 4, struct lab_user_page)
#define LAB_IOC_SMALL		_IOR(LAB_IOC_MAGIC, 5, struct lab_small)
#define LAB_IOC_FAULTS		_IOR(LAB_IOC_MAGIC, 6, struct lab_faults)
#define LAB_IOC_PRODUCE		_IOWR(LAB_IOC_MAGIC, 7, struct lab_produce)
#define LAB_IOC_STREAM		_IOW(LAB_IOC_MAGIC, 8, struct lab_stream)
#define LAB_IOC_RING		_IOR(LAB_IOC_MAGIC, 9, struct lab_ring)
#define LAB_IOC_ACCESS		_IOWR(LAB_IOC_MAGIC, 13, struct lab_access)
#define LAB_IOC_PORT		_IOWR(LAB_IOC_MAGIC, 15, struct lab_port)
#define LAB_IOC_TIME		_IOR(LAB_IOC_MAGIC, 16, struct lab_time)
#define LAB_IOC_DMA		_IOWR(LAB_IOC_MAGIC, 17, struct lab_dma)
#define LAB_IOC_EXPORT		_IOWR(LAB_IOC_MAGIC, 20, struct lab_export)

/* The contents of a fresh buffer, for the labs in which it is not zero. */
#define LAB_REMAP_FRESH_WORD	0xdeadbeefu
#define LAB_RESERVED_FRESH_TEXT	"abcd"

#endif /* LAB_H */
