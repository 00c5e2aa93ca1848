// SPDX-License-Identifier: GPL-2.0
/*
 * lab_ring's ring, as a program that consumes records sees it
 */
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fixture.h"
#include "kernel_side.h"
#include "user_side.h"

#include "lab_pattern.h"

static uint32_t slots;

struct lab_ring ask_ring(void)
{
	struct lab_ring state;

	must_ioctl(LAB_IOC_RING, &state, "LAB_IOC_RING");
	return state;
}

volatile struct lab_ring_header *ring_header(void)
{
	return (volatile struct lab_ring_header *)lab.map;
}

volatile struct lab_record *ring_slot(uint32_t slot)
{
	return (volatile struct lab_record *)(ring_header() + 1) + slot;
}

uint32_t ring_slots(void)
{
	return slots;
}

uint32_t slot_after(uint32_t slot)
{
	return slot + 1 < slots ? slot + 1 : 0;
}

void empty_ring(void)
{
	struct lab_ring state;

	while ((state = ask_ring()).left)
		usleep(1000);
	slots = state.slots;
	write_pattern(lab.map);
	ring_header()->head = state.head;
	ring_header()->tail = state.head;
}

int produce(uint32_t count)
{
	struct lab_produce request = { .count = count };

	if (ioctl(lab.fd, LAB_IOC_PRODUCE, &request))
		return -errno;
	return (int)request.stored;
}

int start_stream(uint64_t count)
{
	struct lab_stream request = { .count = count };

	return ioctl(lab.fd, LAB_IOC_STREAM, &request) ? -errno : 0;
}

/* The acquire: what is read of the slot is read after the head that shows it. */
bool look_at_record(struct lab_record *record)
{
	uint32_t tail = ring_header()->tail;

	if (__atomic_load_n(&ring_header()->head, __ATOMIC_ACQUIRE) == tail)
		return false;
	*record = *ring_slot(tail);
	return true;
}

/* The release: what was read of the slot was read before the kernel may write there. */
void give_slot_back(void)
{
	__atomic_store_n(&ring_header()->tail, slot_after(ring_header()->tail),
			 __ATOMIC_RELEASE);
}

bool take_record(struct lab_record *record)
{
	if (!look_at_record(record))
		return false;
	give_slot_back();
	return true;
}

bool is_record(const struct lab_record *record, uint64_t number)
{
	struct lab_record expected;

	lab_record_write(&expected, number);
	return !memcmp(record, &expected, sizeof(expected));
}
