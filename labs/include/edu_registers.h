/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * edu_registers.h - the registers of QEMU's edu device, and the requests of
 * /dev/edu_registers
 *
 * mmap() of the node maps the page of the registers, for who wants to use them
 * without the driver. A register is read and written by 32 bits at once, and by no
 * other width (docs/specs/edu.txt of QEMU).
 *
 * This file compiles unchanged in the kernel and in user space.
 */
#ifndef EDU_REGISTERS_H
#define EDU_REGISTERS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "lab.h"

/* What the bus finds, and the BAR that the registers are behind. */
#define EDU_VENDOR_ID	0x1234
#define EDU_DEVICE_ID	0x11e8
#define EDU_BAR		0

/* The device says what it is: 0xed below, and its version above. */
#define EDU_ID			0x00
#define EDU_ID_MASK		0xffff
#define EDU_ID_EXPECTED		0x00ed
/* Read, it is the inverse of what was written: the device is alive. */
#define EDU_LIVE		0x04
/* A number is written; when it is no longer computing, its factorial is read. */
#define EDU_FACTORIAL		0x08
#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	0x01
/* Interrupt when the factorial is there. */
#define EDU_STATUS_INTERRUPT	0x80
/* The reasons for interrupts, a bit each; others come from EDU_RAISE. */
#define EDU_REASONS		0x24
#define EDU_REASON_FACTORIAL	0x01
#define EDU_REASON_DMA		0x100
/* Bits written here become reasons, and the device interrupts. */
#define EDU_RAISE		0x60
/* Bits written here are no reasons any more. */
#define EDU_ACKNOWLEDGE		0x64
/* The device copies between RAM and a memory of its own: from where, to where, how much. */
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
/* A write starts it; as long as it copies, EDU_DMA_RUN is read. */
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		0x01
#define EDU_DMA_TO_MEMORY	0x02
/* Interrupt when it has copied. */
#define EDU_DMA_INTERRUPT	0x04
/* Its own memory, as these registers address it. */
#define EDU_DMA_INSIDE		0x40000

/* The largest number whose factorial fits into 32 bits. */
#define EDU_MOST_FACTORIAL	12

/* The longest time for which a program can have the driver wait, in milliseconds. */
#define EDU_MOST_WAIT		10000

/**
 * struct edu_live - what the device is, and whether it is alive
 * @id: out: the register EDU_ID
 * @word: in: any word, which the driver writes to EDU_LIVE
 * @answer: out: what it then reads there
 * @interrupts: out: interrupts of the device since the load
 */
struct edu_live {
	__u32 id;
	__u32 word;
	__u32 answer;
	__u32 interrupts;
};

/**
 * struct edu_factorial - have the device compute
 * @number: in: 0 to EDU_MOST_FACTORIAL
 * @factorial: out: number!
 */
struct edu_factorial {
	__u32 number;
	__u32 factorial;
};

/**
 * struct edu_interrupt - have the device interrupt, and wait for it
 * @reasons: in: what is written to EDU_RAISE; with 0 no interrupt comes;
 *	out: those of them for which interrupts came
 * @wait_ms: in: how long to wait, 0 to EDU_MOST_WAIT
 */
struct edu_interrupt {
	__u32 reasons;
	__u32 wait_ms;
};

/*
 *	EDU_IOC_LIVE		none of its own
 *	EDU_IOC_FACTORIAL	ERANGE: the factorial needs more than 32 bits;
 *				EBUSY: the device computes already;
 *				ETIMEDOUT: no interrupt came; EINTR: a signal came
 *	EDU_IOC_INTERRUPT	EINVAL: wait_ms is too long; ETIMEDOUT; EINTR
 */
#define EDU_IOC_LIVE		_IOWR(LAB_IOC_MAGIC, 10, struct edu_live)
#define EDU_IOC_FACTORIAL	_IOWR(LAB_IOC_MAGIC, 11, struct edu_factorial)
#define EDU_IOC_INTERRUPT	_IOWR(LAB_IOC_MAGIC, 12, struct edu_interrupt)

#endif /* EDU_REGISTERS_H */
