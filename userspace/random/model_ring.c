// SPDX-License-Identifier: GPL-2.0
/*
 * The model: LAB_IOC_PRODUCE
 *
 * Nobody consumes here. The tail is what the calls before have left in the memory.
 */
#include "model_data.h"

#include <errno.h>

#include "lab_pattern.h"

static struct lab_ring_header *header(void)
{
	return (struct lab_ring_header *)model.bytes;
}

static int produce_one(void)
{
	struct lab_record *records = (struct lab_record *)(header() + 1);
	uint32_t next = (model.ring.head + 1) % model.ring.slots;
	uint32_t tail = header()->tail;
	uint64_t number = model.ring.number++;

	if (tail >= model.ring.slots || tail == next) {
		model.ring.lost++;
		return tail == next ? -ENOSPC : -EIO;
	}
	lab_record_write(&records[model.ring.head], number);
	model.ring.head = next;
	header()->head = next;
	return 0;
}

int model_produce(struct lab_produce *produce)
{
	uint32_t stored = 0, i;
	int err = 0;

	for (i = 0; i < produce->count; i++) {
		int answer = produce_one();

		if (answer)
			err = answer;
		else
			stored++;
	}
	if (produce->count && !stored)
		return err;
	produce->stored = stored;
	return 0;
}
