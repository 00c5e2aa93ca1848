/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring.h - lab_ring's ring, as a program that consumes records sees it
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"

/* What the kernel knows of the ring. */
struct lab_ring ask_ring(void);

/*
 * Fills the memory with the pattern, and makes an empty ring of it: other checks leave
 * anything in its header. Waits until no stream is under way.
 */
void empty_ring(void);

/* Both are in the memory that is mapped. */
volatile struct lab_ring_header *ring_header(void);
volatile struct lab_record *ring_slot(uint32_t slot);

/* How many slots there are, since empty_ring(). */
uint32_t ring_slots(void);

/* The slot behind a slot. */
uint32_t slot_after(uint32_t slot);

/* LAB_IOC_PRODUCE: how many are stored, or a negative errno. */
int produce(uint32_t count);

/* LAB_IOC_STREAM: 0, or a negative errno. */
int start_stream(uint64_t count);

/*
 * What a program does: no system call. The first copies the record at the tail, if
 * there is one; the second gives its slot back.
 */
bool look_at_record(struct lab_record *record);
void give_slot_back(void);
bool take_record(struct lab_record *record);

/* Is it, to its last word, the record that has this number? */
bool is_record(const struct lab_record *record, uint64_t number);

#endif /* RING_H */
