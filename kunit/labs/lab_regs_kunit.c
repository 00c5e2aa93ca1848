// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of lab_regs: each access as the device saw it
 *
 * The device is the bank of registers of emulation/iomem.c, which records each access.
 * The first cases are about the kernel's accessors themselves (emulation/accessors.c).
 * Those below have the lab make accesses, and compare the record with what was asked for.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "emulation/accessors.h"
#include "emulation/iomem.h"
#include "shared/suite.h"

static int regs_init(struct kunit *test)
{
	int err;

	if (!IS_ENABLED(CONFIG_UML_IOMEM_EMULATION))
		kunit_skip(test, "needs emulated I/O memory");
	err = kmaplab_init(test, "lab_regs", 0);
	if (err)
		return err;
	kmaplab_case_of(test)->request = LAB_IOC_ACCESS;
	/* request_mem_region() returns NULL, whatever has gone wrong. */
	kmaplab_case_of(test)->load_error = -EBUSY;
	return kmaplab_bank_begin(test);
}

static void regs_exit(struct kunit *test)
{
	kmaplab_bank_end();
	kmaplab_exit(test);
}

static long ask(struct kunit *test, struct lab_access *access)
{
	kmaplab_iomem_forget(kmaplab_iomem_registers());
	return kmaplab_request(test, kmaplab_case_of(test)->file,
			       LAB_IOC_ACCESS, access, sizeof(*access));
}

static struct lab_access must_access(struct kunit *test, struct lab_access access)
{
	KUNIT_ASSERT_EQ_MSG(test, 0, ask(test, &access),
			    "how %u, offset 0x%x, width %u, count %u",
			    access.how, access.offset, access.width, access.count);
	return access;
}

/* The record's next access is this one; its value is a register's bytes in their order. */
static void expect_access(struct kunit *test, size_t number, enum iomem_kind kind,
			  u32 offset, u32 width, u64 value)
{
	const struct iomem_access *access = &kmaplab_iomem_registers()->record[number];

	KUNIT_ASSERT_GT(test, kmaplab_iomem_registers()->accesses, number);
	KUNIT_EXPECT_EQ_MSG(test, access->kind, kind, "access %zu", number);
	KUNIT_EXPECT_EQ_MSG(test, access->offset, offset, "access %zu", number);
	KUNIT_EXPECT_EQ_MSG(test, access->width, width, "access %zu", number);
	KUNIT_EXPECT_EQ_MSG(test, access->value, value, "access %zu", number);
	KUNIT_EXPECT_FALSE_MSG(test, access->outside, "access %zu", number);
}

static void expect_count(struct kunit *test, size_t count)
{
	KUNIT_EXPECT_EQ(test, count, kmaplab_iomem_registers()->accesses);
}

static u64 number_at(u32 offset, u32 width)
{
	const u8 *bytes = kmaplab_iomem_registers()->bytes + offset;
	u64 value = 0;

	while (width--)
		value = value << 8 | bytes[width];
	return value;
}

static u64 swapped(u64 value, u32 width)
{
	return swab64(value) >> (64 - 8 * width);
}

/* Where 64 bits are two accesses, the low half comes first. */
static void expect_number(struct kunit *test, enum iomem_kind kind, u32 offset,
			  u32 width, u64 value)
{
	if (width == 8 && !IS_ENABLED(CONFIG_64BIT)) {
		expect_access(test, 0, kind, offset, 4, (u32)value);
		expect_access(test, 1, kind, offset + 4, 4, value >> 32);
		expect_count(test, 2);
		return;
	}
	expect_access(test, 0, kind, offset, width, value);
	expect_count(test, 1);
}

/* The register behind one; not the queue, which is for other cases. */
static u32 behind(u32 offset, u32 width)
{
	offset += width;
	return offset == IOMEM_FIFO ? offset + width : offset;
}

/*
 * One register
 */

static void each_read_is_one_access_of_that_width(struct kunit *test)
{
	struct lab_access access;
	u32 offset, width;

	for (width = 1; width <= 8; width *= 2) {
		for (offset = 0; offset < IOMEM_REGISTERS; offset = behind(offset, width)) {
			access = must_access(test, (struct lab_access){
				LAB_ACCESS_READ, offset, width, 1, ~0ull });
			KUNIT_EXPECT_EQ(test, access.value, number_at(offset, width));
			expect_number(test, IOMEM_READ, offset, width, access.value);
		}
	}
}

static void each_write_is_one_access_of_that_width(struct kunit *test)
{
	u32 offset, width;
	u64 value;

	for (width = 1; width <= 8; width *= 2) {
		for (offset = 0; offset < IOMEM_REGISTERS; offset = behind(offset, width)) {
			value = kmaplab_next_seed();
			must_access(test, (struct lab_access){
				LAB_ACCESS_WRITE, offset, width, 1, value });
			value &= GENMASK_ULL(8 * width - 1, 0);
			KUNIT_EXPECT_EQ(test, value, number_at(offset, width));
			expect_number(test, IOMEM_WRITE, offset, width, value);
		}
	}
}

static void register_with_the_highest_byte_first_is_one_access(struct kunit *test)
{
	struct lab_access access;
	u32 offset, width;
	u64 value;

	for (width = 2; width <= 4; width *= 2) {
		for (offset = 0; offset < IOMEM_REGISTERS; offset = behind(offset, width)) {
			value = number_at(offset, width);
			access = must_access(test, (struct lab_access){
				LAB_ACCESS_READ_BE, offset, width, 1, ~0ull });
			KUNIT_EXPECT_EQ(test, access.value, swapped(value, width));
			expect_number(test, IOMEM_READ, offset, width, value);

			value = kmaplab_next_seed();
			must_access(test, (struct lab_access){
				LAB_ACCESS_WRITE_BE, offset, width, 1, value });
			expect_number(test, IOMEM_WRITE, offset, width,
				      swapped(value, width));
			KUNIT_EXPECT_EQ(test, number_at(offset, width),
					swapped(value, width));
		}
	}
}

static void draw_bytes(struct lab_access *access)
{
	u32 i;

	for (i = 0; i < sizeof(access->bytes); i++)
		access->bytes[i] = kmaplab_next_seed();
}

/*
 * A queue behind one register
 */

static u64 in_stream(const u8 *bytes, u32 width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | bytes[width];
	return value;
}

/* From this access on: the words of the stream, one behind the other, and no more. */
static void expect_stream(struct kunit *test, size_t first, enum iomem_kind kind,
			  const struct lab_access *access)
{
	const u32 width = access->width;
	u32 i;

	for (i = 0; i < access->count; i++)
		expect_access(test, first + i, kind, IOMEM_FIFO, width,
			      in_stream(access->bytes + i * width, width));
	expect_count(test, first + access->count);
}

static void expect_queue(struct kunit *test, u32 width, u32 count)
{
	struct lab_access fed = { LAB_ACCESS_FEED, IOMEM_FIFO, width, count };
	struct lab_access drained;
	u32 bytes = width * count;

	draw_bytes(&fed);
	fed = must_access(test, fed);
	expect_stream(test, 0, IOMEM_WRITE, &fed);

	/* Not by must_access(), which begins a new record: that would empty the queue. */
	drained = fed;
	drained.how = LAB_ACCESS_DRAIN;
	memset(drained.bytes, 0xee, sizeof(drained.bytes));
	KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, kmaplab_case_of(test)->file,
						 LAB_IOC_ACCESS, &drained,
						 sizeof(drained)));
	expect_stream(test, count, IOMEM_READ, &fed);
	KUNIT_EXPECT_EQ(test, 0, memcmp(fed.bytes, drained.bytes, bytes));
	if (bytes < sizeof(drained.bytes))
		KUNIT_EXPECT_EQ(test, drained.bytes[bytes], 0xee);
}

static void queue_is_fed_and_drained_in_order(struct kunit *test)
{
	u32 width, count;

	for (width = 1; width <= 4; width *= 2)
		for (count = 1; count <= IOMEM_FIFO_DEPTH; count++)
			expect_queue(test, width, count);
}

/*
 * Ranges
 */

/* Each byte of the range once at least, and no other; all accesses of one kind. */
static void expect_range(struct kunit *test, enum iomem_kind kind, u32 offset, u32 count)
{
	struct kmaplab_iomem *bank = kmaplab_iomem_registers();
	DECLARE_BITMAP(touched, IOMEM_REGISTERS) = {};
	size_t i;

	for (i = 0; i < bank->accesses; i++) {
		const struct iomem_access *access = &bank->record[i];

		KUNIT_EXPECT_EQ(test, access->kind, kind);
		KUNIT_ASSERT_GE(test, access->offset, offset);
		KUNIT_ASSERT_LE(test, access->offset + access->width, offset + count);
		bitmap_set(touched, access->offset, access->width);
	}
	KUNIT_EXPECT_EQ(test, count, bitmap_weight(touched, IOMEM_REGISTERS));
}

/* The registers hold these bytes. */
static void expect_held(struct kunit *test, u32 offset, const u8 *bytes, u32 count)
{
	KUNIT_EXPECT_EQ(test, 0,
			memcmp(bytes, kmaplab_iomem_registers()->bytes + offset, count));
}

static void expect_copies(struct kunit *test, u32 offset, u32 count)
{
	struct lab_access access = { LAB_ACCESS_COPY_TO, offset, 1, count };

	draw_bytes(&access);
	must_access(test, access);
	expect_range(test, IOMEM_WRITE, offset, count);
	expect_held(test, offset, access.bytes, count);

	access.how = LAB_ACCESS_COPY_FROM;
	memset(access.bytes, 0xee, sizeof(access.bytes));
	access = must_access(test, access);
	expect_range(test, IOMEM_READ, offset, count);
	expect_held(test, offset, access.bytes, count);
	if (count < sizeof(access.bytes))
		KUNIT_EXPECT_EQ(test, access.bytes[count], 0xee);
}

/* Of the value only the lowest byte counts. */
static void expect_set(struct kunit *test, u32 offset, u32 count)
{
	u8 bytes[LAB_ACCESS_BYTES];

	must_access(test, (struct lab_access){
		LAB_ACCESS_SET, offset, 1, count, 0x5500 + offset });
	expect_range(test, IOMEM_WRITE, offset, count);
	memset(bytes, offset, sizeof(bytes));
	expect_held(test, offset, bytes, count);
}

static void range_is_touched_and_nothing_beside_it(struct kunit *test)
{
	u32 offset, count;

	/* Up to where the queue is. */
	for (offset = 0; offset < IOMEM_FIFO; offset += 5) {
		count = min3(offset % 67 + 1, (u32)LAB_ACCESS_BYTES, IOMEM_FIFO - offset);
		expect_copies(test, offset, count);
		expect_set(test, offset, count);
	}
}

/*
 * A job
 */

static void job_is_started_last_and_has_arrived(struct kunit *test)
{
	struct lab_access access;
	u32 i, count, last, words[LAB_ACCESS_BYTES / 4];

	for (count = 1; count <= ARRAY_SIZE(words); count++) {
		access = (struct lab_access){ LAB_ACCESS_SUBMIT, 4 * count, 4, count, ~0ull };
		for (i = 0; i < count; i++)
			words[i] = kmaplab_next_seed();
		memcpy(access.bytes, words, sizeof(words));
		access = must_access(test, access);
		last = 4 * count + 4 * (count - 1);
		expect_count(test, count + 1);
		for (i = 0; i < count; i++)
			expect_access(test, i, IOMEM_WRITE, 4 * count + 4 * i, 4, words[i]);
		expect_access(test, count, IOMEM_READ, last, 4, words[count - 1]);
		KUNIT_EXPECT_EQ(test, access.value, words[count - 1]);
	}
}

/*
 * What is refused
 */

static void wrong_accesses_touch_no_register(struct kunit *test)
{
	static const struct lab_access wrong[] = {
		{ LAB_ACCESS_SUBMIT + 1, 0, 4, 1 },
		{ ~0u, 0, 4, 1 },
		{ LAB_ACCESS_READ, 0, 0, 1 },
		{ LAB_ACCESS_READ, 0, 3, 1 },
		{ LAB_ACCESS_WRITE, 0, 16, 1 },
		{ LAB_ACCESS_READ, 0, 4, 0 },
		{ LAB_ACCESS_WRITE, 0, 4, 2 },
		{ LAB_ACCESS_READ, 2, 4, 1 },
		{ LAB_ACCESS_WRITE, 1, 2, 1 },
		{ LAB_ACCESS_READ, LAB_REGS_SIZE, 1, 1 },
		{ LAB_ACCESS_WRITE, LAB_REGS_SIZE, 8, 1 },
		{ LAB_ACCESS_READ, -8, 8, 1 },
		{ LAB_ACCESS_READ_BE, 0, 1, 1 },
		{ LAB_ACCESS_WRITE_BE, 0, 8, 1 },
		{ LAB_ACCESS_DRAIN, 0, 8, 1 },
		{ LAB_ACCESS_DRAIN, 0, 4, 17 },
		{ LAB_ACCESS_FEED, 0, 1, 65 },
		{ LAB_ACCESS_FEED, 0, 4, 1 << 30 },
		{ LAB_ACCESS_SET, 0, 2, 1 },
		{ LAB_ACCESS_SET, 0, 1, 0 },
		{ LAB_ACCESS_SET, LAB_REGS_SIZE - 1, 1, 2 },
		{ LAB_ACCESS_COPY_FROM, 0, 1, 65 },
		{ LAB_ACCESS_COPY_FROM, -1, 1, 1 },
		{ LAB_ACCESS_COPY_TO, LAB_REGS_SIZE - 63, 1, 64 },
		{ LAB_ACCESS_COPY_TO, 0, 1, ~0u },
		{ LAB_ACCESS_SUBMIT, 0, 8, 1 },
		{ LAB_ACCESS_SUBMIT, 0, 4, 17 },
		{ LAB_ACCESS_SUBMIT, 2, 4, 1 },
		{ LAB_ACCESS_SUBMIT, LAB_REGS_SIZE - 4, 4, 2 },
		{ LAB_ACCESS_SUBMIT, 0, 4, 1 << 30 },
	};
	struct lab_access access;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		access = wrong[i];
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, ask(test, &access), "access %zu", i);
		expect_count(test, 0);
	}
}

static void region_is_mapped_once(struct kunit *test)
{
	/* And once by the case. */
	KUNIT_EXPECT_EQ(test, 2, kmaplab_iomem_registers()->mappings);
}

static struct resource *claim_in(struct resource *res)
{
	while (res && !(res->flags & IORESOURCE_BUSY))
		res = res->child;
	return res;
}

static void region_is_claimed_in_the_name_of_the_lab(struct kunit *test)
{
	struct resource *region = &kmaplab_iomem_registers()->res;
	struct resource *claim = claim_in(region);

	KUNIT_ASSERT_NOT_NULL_MSG(test, claim, "nobody claimed the region");
	KUNIT_EXPECT_STREQ(test, claim->name, "lab_regs");
	KUNIT_EXPECT_EQ(test, claim->start, region->start);
	KUNIT_EXPECT_EQ(test, resource_size(claim), LAB_REGS_SIZE);
}

static void access_request_survives_a_bad_pointer(struct kunit *test)
{
	kmaplab_expect_bad_pointers_refused(test, LAB_IOC_ACCESS);
}

/* A register holds no such number, so an answer that did not arrive is noticed. */
#define NO_ANSWER U64_MAX

static long read_a_register(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct lab_access access = { LAB_ACCESS_READ, 0, 4, 1, NO_ANSWER };
	long ret;

	if (copy_to_user(this->scratch, &access, sizeof(access)))
		return -EFAULT;
	ret = this->file->f_op->unlocked_ioctl(this->file, LAB_IOC_ACCESS,
					       (unsigned long)this->scratch);
	if (ret < 0)
		return ret;
	if (copy_from_user(&access, this->scratch, sizeof(access)))
		return -EFAULT;
	return ret || access.value == NO_ANSWER ? -EIO : 0;
}

static void access_request_survives_every_failed_copy(struct kunit *test)
{
	kmaplab_fail_each(test, read_a_register);
}

#define REGS_CASES(CASE)						\
	KMAPLAB_ACCESSOR_CASES(CASE)					\
	CASE(each_read_is_one_access_of_that_width)			\
	CASE(each_write_is_one_access_of_that_width)			\
	CASE(register_with_the_highest_byte_first_is_one_access)	\
	CASE(queue_is_fed_and_drained_in_order)				\
	CASE(range_is_touched_and_nothing_beside_it)			\
	CASE(job_is_started_last_and_has_arrived)			\
	CASE(wrong_accesses_touch_no_register)				\
	CASE(region_is_mapped_once)					\
	CASE(region_is_claimed_in_the_name_of_the_lab)			\
	KMAPLAB_NO_MEMORY_CASES(CASE)					\
	CASE(unknown_requests_are_refused)				\
	CASE(access_request_survives_a_bad_pointer)			\
	CASE(load_survives_every_failed_allocation)			\
	CASE(load_may_wait_for_memory)					\
	CASE(open_survives_every_failed_allocation)			\
	CASE(access_request_survives_every_failed_copy)

KMAPLAB_SUITE(lab_regs, REGS_CASES, regs_init, regs_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of lab_regs");
MODULE_LICENSE("GPL");
