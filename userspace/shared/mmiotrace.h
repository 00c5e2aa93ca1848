/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmiotrace.h - accesses to I/O memory, as the kernel's own tracer sees them
 *
 * The tracer takes away the page table entries that ioremap() makes, and so gets a fault for
 * each access (Documentation/trace/mmiotrace.rst). Only x86 has it.
 */
#ifndef MMIOTRACE_H
#define MMIOTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct mmio_access - an access
 * @is_write: or a read
 * @width: bytes
 * @addr: the physical address
 * @value: what was written or read
 */
struct mmio_access {
	bool is_write;
	unsigned int width;
	uint64_t addr;
	uint64_t value;
};

/* Skips the check where the kernel has no such tracer. */
void require_mmiotrace(void);

/* From now on, for what is mapped from now on. */
void begin_mmiotrace(void);

/* How many there were; stores the first @most. What it cannot decode has width 0. */
size_t read_mmiotrace(struct mmio_access *found, size_t most);

/* When all that was mapped meanwhile is unmapped. */
void end_mmiotrace(void);

#endif /* MMIOTRACE_H */
