/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ports.h - instructions for I/O ports, which only x86 processors have
 *
 * Elsewhere nothing may use what stands for them here, and ioperm() says so.
 */
#ifndef PORTS_H
#define PORTS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>
#define HAVE_PORTS true
#else
#define HAVE_PORTS false

static inline int ioperm(unsigned long from, unsigned long count, int on)
{
	(void)from;
	(void)count;
	(void)on;
	errno = EOPNOTSUPP;
	return -1;
}

static inline uint8_t inb(uint16_t port)
{
	(void)port;
	return 0xff;
}

static inline void outb(uint8_t value, uint16_t port)
{
	(void)value;
	(void)port;
}
#endif

#endif /* PORTS_H */
