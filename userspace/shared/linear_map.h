/* SPDX-License-Identifier: GPL-2.0 */
/*
 * linear_map.h - all RAM, as the kernel has it in one piece
 *
 * /proc/kcore shows the linear map, with the physical address of each part, without asking a
 * lab. So memory can be read that no driver has any more.
 */
#ifndef LINEAR_MAP_H
#define LINEAR_MAP_H

#include <stddef.h>
#include <stdint.h>

/* The kernel's address of a physical one; fails the check if RAM has no such byte. */
uint64_t linear_address_of(uint64_t physical);

/* Copies what is there, or fails the check. */
void read_physical(uint64_t physical, void *to, size_t size);

#endif /* LINEAR_MAP_H */
