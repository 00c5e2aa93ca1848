// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_ring: where records go, and what the program's words can do
 *
 * Here the case is the program: it writes to the header through the kernel's mapping.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/string.h>

#include "lab_pattern.h"
#include "shared/suite.h"

static int ring_init(struct kunit *test)
{
	return kmaplab_init(test, "lab_ring", 0);
}

static struct lab_ring_header *header_of(struct lab *lab)
{
	return lab->view.vaddr;
}

static struct lab_record *slot_of(struct lab *lab, u32 slot)
{
	return (struct lab_record *)(header_of(lab) + 1) + slot;
}

static struct lab_ring ask_ring(struct kunit *test)
{
	struct lab_ring state = {};

	KUNIT_ASSERT_EQ(test, 0,
			kmaplab_request(test, kmaplab_case_of(test)->file,
					LAB_IOC_RING, &state, sizeof(state)));
	return state;
}

/* The cases before have left anything there. */
static struct lab_ring empty_ring(struct kunit *test)
{
	struct lab_ring state = ask_ring(test);
	struct lab *lab = kmaplab_lab_of(test);

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, kmaplab_next_seed()));
	header_of(lab)->head = state.head;
	header_of(lab)->tail = state.head;
	return state;
}

static int produce_one(struct lab *lab)
{
	int err;

	mutex_lock(&lab->lock);
	err = lab->produce(lab);
	mutex_unlock(&lab->lock);
	return err;
}

static void *copy_of_the_memory(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	void *copy = kunit_kmalloc(test, lab->size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, lab->view.vaddr, lab->size);
	return copy;
}

static void expect_same_memory(struct kunit *test, const void *copy)
{
	struct lab *lab = kmaplab_lab_of(test);

	KUNIT_EXPECT_EQ(test, 0, memcmp(copy, lab->view.vaddr, lab->size));
}

/* Once around and a little further: each slot, and the first again behind the last. */
static void records_go_to_the_slots_in_turn(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_ring state = empty_ring(test);
	struct lab_record record;
	u32 i, slot = state.head;

	for (i = 0; i < state.slots + 2; i++) {
		KUNIT_ASSERT_EQ(test, 0, produce_one(lab));
		lab_record_write(&record, state.number + i);
		KUNIT_ASSERT_EQ_MSG(test, 0, memcmp(slot_of(lab, slot), &record,
						    sizeof(record)),
				    "slot %u", slot);
		slot = (slot + 1) % state.slots;
		KUNIT_ASSERT_EQ(test, header_of(lab)->head, slot);
		header_of(lab)->tail = slot;
	}
}

static void record_without_room_changes_nothing(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_ring before = empty_ring(test), now;
	void *copy;
	u32 i;

	for (i = 0; i < before.slots - 1; i++)
		KUNIT_ASSERT_EQ(test, 0, produce_one(lab));
	copy = copy_of_the_memory(test);
	KUNIT_EXPECT_EQ(test, -ENOSPC, produce_one(lab));
	expect_same_memory(test, copy);
	now = ask_ring(test);
	KUNIT_EXPECT_EQ(test, now.lost, before.lost + 1);
	KUNIT_EXPECT_EQ(test, now.number, before.number + before.slots);
}

static void nonsense_in_the_header_leads_nowhere(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_ring state = empty_ring(test);
	const u32 nonsense[] = {
		state.slots, state.slots + 1, 2 * state.slots, S32_MAX,
		U32_MAX / sizeof(struct lab_record), U32_MAX - 1, U32_MAX,
	};
	struct file *file = kmaplab_case_of(test)->file;
	void *copy;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		header_of(lab)->head = nonsense[i];
		header_of(lab)->tail = nonsense[i];
		copy = copy_of_the_memory(test);
		KUNIT_EXPECT_EQ(test, -EIO, produce_one(lab));
		KUNIT_EXPECT_TRUE(test, vfs_poll(file, NULL) == EPOLLERR);
		expect_same_memory(test, copy);
	}
	header_of(lab)->tail = state.head;
	KUNIT_EXPECT_EQ(test, 0, produce_one(lab));
	KUNIT_EXPECT_EQ(test, ask_ring(test).head,
			(state.head + 1) % state.slots);
}

static void each_mapping_holds_a_reference_to_each_page(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long pages = lab->size >> PAGE_SHIFT, i, addr;
	int before = kmaplab_references(test, 0);

	KUNIT_ASSERT_GT_MSG(test, before, 0,
			    "the lab has no reference of its own");
	addr = kmaplab_map(test, 0, pages);
	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ(test, kmaplab_references(test, i), before + 1);
	kmaplab_unmap(test, addr, pages);
	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ(test, kmaplab_references(test, i), before);
}

/* A wrong reference crashes the kernel soon: so it is looked for before all is mapped. */
#define RING_CASES(CASE)						\
	KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(records_go_to_the_slots_in_turn)				\
	CASE(record_without_room_changes_nothing)			\
	CASE(nonsense_in_the_header_leads_nowhere)			\
	CASE(each_mapping_holds_a_reference_to_each_page)		\
	KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_ring, RING_CASES, ring_init, kmaplab_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_ring");
MODULE_LICENSE("GPL");
