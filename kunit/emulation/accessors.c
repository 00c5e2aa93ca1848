// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of the register accessors: which bytes, how wide, how often
 *
 * A register is not memory. A read may change it, two writes are not the same as
 * one, and two accesses of half the width are not the same as one of the whole. So
 * a driver depends on what exactly an accessor does on the bus. Here the bus is the
 * bank of registers that iomem.c emulates, and each case compares what an accessor
 * should do with what the bank has recorded.
 */
#include <linux/io.h>
/* The first one decides what ioread64() is where it is not one access. */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/io-64-nonatomic-hi-lo.h>
#include <linux/module.h>

#include "accessors.h"
#include "iomem.h"
#include "shared/suite.h"

static struct kmaplab_iomem *bank;
static void __iomem *base;

static void __iomem *at(unsigned int offset)
{
	return base + offset;
}

/* The bank before the case: with an odd factor no value comes twice. */
static u8 byte_of(unsigned int offset)
{
	return 7 * offset + 3;
}

/* The number that begins there, in a register whose lowest byte comes first. */
static u64 lowest_first(unsigned int offset, unsigned int width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | byte_of(offset + width);
	return value;
}

/* And in one whose highest byte comes first. */
static u64 highest_first(unsigned int offset, unsigned int width)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < width; i++)
		value = value << 8 | byte_of(offset + i);
	return value;
}

/**
 * kmaplab_bank_begin - map the bank of registers, each byte with another value
 * @test: the case that begins
 *
 * Return: 0, or -ENOMEM.
 */
int kmaplab_bank_begin(struct kunit *test)
{
	unsigned int i;

	bank = kmaplab_iomem_registers();
	KUNIT_ASSERT_NOT_NULL(test, bank);
	base = ioremap(bank->res.start, IOMEM_REGISTERS);
	if (!base)
		return -ENOMEM;
	for (i = 0; i < IOMEM_REGISTERS; i++)
		bank->bytes[i] = byte_of(i);
	return 0;
}
EXPORT_SYMBOL_GPL(kmaplab_bank_begin);

/**
 * kmaplab_bank_end - undo kmaplab_bank_begin(), if it has worked
 */
void kmaplab_bank_end(void)
{
	if (base)
		iounmap(base);
	base = NULL;
}
EXPORT_SYMBOL_GPL(kmaplab_bank_end);

/* Expect these accesses and no others, each @step bytes behind the one before. */
static void expect_accesses(struct kunit *test, enum iomem_kind kind,
			    unsigned int offset, unsigned int width, int step,
			    size_t count)
{
	const struct iomem_access *access = bank->record;
	size_t i;

	KUNIT_ASSERT_EQ(test, count, bank->accesses);
	for (i = 0; i < count; i++, access++) {
		KUNIT_EXPECT_EQ_MSG(test, access->kind, kind, "access %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, access->width, width, "access %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, access->offset, offset, "access %zu",
				    i);
		KUNIT_EXPECT_FALSE_MSG(test, access->outside, "access %zu", i);
		offset += step;
	}
}

static void expect_read(struct kunit *test, unsigned int offset,
			unsigned int width)
{
	expect_accesses(test, IOMEM_READ, offset, width, 0, 1);
}

/* Expect these bytes there, and everywhere else those from before the case. */
static void expect_bytes(struct kunit *test, unsigned int offset,
			 const void *bytes, size_t count)
{
	const u8 *found = bank->bytes;
	const u8 *expected = bytes;
	unsigned int i;

	for (i = 0; i < IOMEM_REGISTERS; i++)
		KUNIT_EXPECT_EQ_MSG(test, found[i],
				    i >= offset && i - offset < count ?
				    expected[i - offset] : byte_of(i),
				    "byte 0x%x", i);
}

static void expect_written(struct kunit *test, unsigned int offset,
			   const void *bytes, unsigned int width)
{
	expect_accesses(test, IOMEM_WRITE, offset, width, 0, 1);
	expect_bytes(test, offset, bytes, width);
}

/* To write numbers of 64 bits: those that other registers hold. */
#define OTHER 0x80

static void expect_bytes_of_other(struct kunit *test, unsigned int offset)
{
	expect_bytes(test, offset, bank->bytes + OTHER, 8);
}

/*
 * One register: a PCI device's are little-endian, whatever the CPU is
 */

void readb_takes_one_byte(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, readb(at(0x13)), byte_of(0x13));
	expect_read(test, 0x13, 1);
}

void readw_takes_two_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, readw(at(0x12)), lowest_first(0x12, 2));
	expect_read(test, 0x12, 2);
}

void readl_takes_four_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, readl(at(0x24)), lowest_first(0x24, 4));
	expect_read(test, 0x24, 4);
}

void writeb_puts_one_byte(struct kunit *test)
{
	writeb(0x11, at(0x13));
	expect_written(test, 0x13, "\x11", 1);
}

void writew_puts_two_bytes_lowest_first(struct kunit *test)
{
	writew(0x1122, at(0x12));
	expect_written(test, 0x12, "\x22\x11", 2);
}

void writel_puts_four_bytes_lowest_first(struct kunit *test)
{
	writel(0x11223344, at(0x24));
	expect_written(test, 0x24, "\x44\x33\x22\x11", 4);
}

void ioread8_takes_one_byte(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread8(at(0x15)), byte_of(0x15));
	expect_read(test, 0x15, 1);
}

void ioread16_takes_two_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread16(at(0x16)), lowest_first(0x16, 2));
	expect_read(test, 0x16, 2);
}

void ioread32_takes_four_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread32(at(0x1c)), lowest_first(0x1c, 4));
	expect_read(test, 0x1c, 4);
}

void iowrite8_puts_one_byte(struct kunit *test)
{
	iowrite8(0x11, at(0x15));
	expect_written(test, 0x15, "\x11", 1);
}

void iowrite16_puts_two_bytes_lowest_first(struct kunit *test)
{
	iowrite16(0x1122, at(0x16));
	expect_written(test, 0x16, "\x22\x11", 2);
}

void iowrite32_puts_four_bytes_lowest_first(struct kunit *test)
{
	iowrite32(0x11223344, at(0x1c));
	expect_written(test, 0x1c, "\x44\x33\x22\x11", 4);
}

/*
 * Big-endian registers
 */

void ioread16be_takes_two_bytes_highest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread16be(at(0x32)), highest_first(0x32, 2));
	expect_read(test, 0x32, 2);
}

void ioread32be_takes_four_bytes_highest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread32be(at(0x34)), highest_first(0x34, 4));
	expect_read(test, 0x34, 4);
}

void iowrite16be_puts_two_bytes_highest_first(struct kunit *test)
{
	iowrite16be(0x1122, at(0x32));
	expect_written(test, 0x32, "\x11\x22", 2);
}

void iowrite32be_puts_four_bytes_highest_first(struct kunit *test)
{
	iowrite32be(0x11223344, at(0x34));
	expect_written(test, 0x34, "\x11\x22\x33\x44", 4);
}

/*
 * 64 bits: one access where that is possible, two in a known order elsewhere
 *
 * "Elsewhere" is not only on machines of 32 bits. Where ports and memory have the
 * same accessors (CONFIG_GENERIC_IOMAP), ioread64() and similar functions make one
 * access or two depending on the series, and only a macro shows a driver which.
 */

#ifdef CONFIG_64BIT
void readq_takes_eight_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, readq(at(0x48)), lowest_first(0x48, 8));
	expect_read(test, 0x48, 8);
}

void writeq_puts_eight_bytes_lowest_first(struct kunit *test)
{
	writeq(lowest_first(OTHER, 8), at(0x48));
	expect_accesses(test, IOMEM_WRITE, 0x48, 8, 0, 1);
	expect_bytes_of_other(test, 0x48);
}
#endif

void ioread64_takes_eight_bytes_lowest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread64(at(0x50)), lowest_first(0x50, 8));
#ifdef ioread64_is_nonatomic
	expect_accesses(test, IOMEM_READ, 0x50, 4, 4, 2);
#else
	expect_read(test, 0x50, 8);
#endif
}

void iowrite64_puts_eight_bytes_lowest_first(struct kunit *test)
{
	iowrite64(lowest_first(OTHER, 8), at(0x50));
	expect_bytes_of_other(test, 0x50);
#ifdef iowrite64_is_nonatomic
	expect_accesses(test, IOMEM_WRITE, 0x50, 4, 4, 2);
#else
	expect_accesses(test, IOMEM_WRITE, 0x50, 8, 0, 1);
#endif
}

/* In two accesses it is still the low half that comes first: the second one. */
void ioread64be_takes_eight_bytes_highest_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ioread64be(at(0x58)), highest_first(0x58, 8));
#ifdef ioread64be_is_nonatomic
	expect_accesses(test, IOMEM_READ, 0x5c, 4, -4, 2);
#else
	expect_read(test, 0x58, 8);
#endif
}

void iowrite64be_puts_eight_bytes_highest_first(struct kunit *test)
{
	iowrite64be(highest_first(OTHER, 8), at(0x58));
	expect_bytes_of_other(test, 0x58);
#ifdef iowrite64be_is_nonatomic
	expect_accesses(test, IOMEM_WRITE, 0x5c, 4, -4, 2);
#else
	expect_accesses(test, IOMEM_WRITE, 0x58, 8, 0, 1);
#endif
}

void lo_hi_readq_takes_the_low_half_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, lo_hi_readq(at(0x48)), lowest_first(0x48, 8));
	expect_accesses(test, IOMEM_READ, 0x48, 4, 4, 2);
}

void hi_lo_readq_takes_the_high_half_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, hi_lo_readq(at(0x48)), lowest_first(0x48, 8));
	expect_accesses(test, IOMEM_READ, 0x4c, 4, -4, 2);
}

void lo_hi_writeq_puts_the_low_half_first(struct kunit *test)
{
	lo_hi_writeq(lowest_first(OTHER, 8), at(0x48));
	expect_accesses(test, IOMEM_WRITE, 0x48, 4, 4, 2);
	expect_bytes_of_other(test, 0x48);
}

void hi_lo_writeq_puts_the_high_half_first(struct kunit *test)
{
	hi_lo_writeq(lowest_first(OTHER, 8), at(0x48));
	expect_accesses(test, IOMEM_WRITE, 0x4c, 4, -4, 2);
	expect_bytes_of_other(test, 0x48);
}

/*
 * Again and again: the _rep accessors feed or drain one register
 *
 * What goes through such a register is a stream of bytes and not a number, so it
 * is not swapped: on any CPU the buffer's bytes are the device's.
 */

static const u8 stream[24] = "one byte after the other";

/* Fill the queue as a device would, without an access. */
static void feed(struct kunit *test, unsigned int width)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		bank->fifo[i] = 0;
		memcpy(&bank->fifo[i], &stream[i * width], width);
		if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
			bank->fifo[i] >>= 64 - 8 * width;
	}
	bank->fifo_tail = 3;
}

/* Three reads of the one register, the oldest first, and nothing behind them. */
static void expect_drained(struct kunit *test, const u8 *buffer,
			   unsigned int width)
{
	expect_accesses(test, IOMEM_READ, IOMEM_FIFO, width, 0, 3);
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, stream, 3 * width));
	KUNIT_EXPECT_EQ(test, buffer[3 * width], 0);
}

static void expect_fed(struct kunit *test, unsigned int width)
{
	u64 written[3];

	KUNIT_ASSERT_EQ(test, 3, bank->fifo_tail);
	memcpy(written, bank->fifo, sizeof(written));
	feed(test, width);
	KUNIT_EXPECT_EQ(test, 0, memcmp(written, bank->fifo, sizeof(written)));
	expect_accesses(test, IOMEM_WRITE, IOMEM_FIFO, width, 0, 3);
	expect_bytes(test, 0, NULL, 0);
}

#define DRAINS(accessor, width)						\
void accessor##_drains_one_register_in_order(struct kunit *test)	\
{									\
	const unsigned int each = width;				\
	u64 buffer[4] = {};						\
									\
	feed(test, each);						\
	accessor(at(IOMEM_FIFO), buffer, 3);				\
	expect_drained(test, (u8 *)buffer, each);			\
}

#define FEEDS(accessor, width)						\
void accessor##_feeds_one_register_in_order(struct kunit *test)	\
{									\
	u64 buffer[3];							\
									\
	memcpy(buffer, stream, sizeof(buffer));				\
	accessor(at(IOMEM_FIFO), buffer, 3);				\
	expect_fed(test, width);					\
}

DRAINS(readsb, 1)
DRAINS(readsw, 2)
DRAINS(readsl, 4)
DRAINS(ioread8_rep, 1)
DRAINS(ioread16_rep, 2)
DRAINS(ioread32_rep, 4)
FEEDS(writesb, 1)
FEEDS(writesw, 2)
FEEDS(writesl, 4)
FEEDS(iowrite8_rep, 1)
FEEDS(iowrite16_rep, 2)
FEEDS(iowrite32_rep, 4)
#ifdef CONFIG_64BIT
DRAINS(readsq, 8)
FEEDS(writesq, 8)
#endif

void rep_accessors_of_a_common_register_find_it_unchanged(struct kunit *test)
{
	u8 bytes[3];

	readsb(at(0x20), bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, bytes[0], byte_of(0x20));
	KUNIT_EXPECT_EQ(test, bytes[2], byte_of(0x20));
	expect_accesses(test, IOMEM_READ, 0x20, 1, 0, 3);
}

void rep_accessors_of_nothing_touch_nothing(struct kunit *test)
{
	u32 buffer = 0x55555555;

	readsb(at(0x20), &buffer, 0);
	readsw(at(0x20), &buffer, 0);
	readsl(at(0x20), &buffer, 0);
	ioread32_rep(at(0x20), &buffer, 0);
	writesb(at(0x20), &buffer, 0);
	writesw(at(0x20), &buffer, 0);
	writesl(at(0x20), &buffer, 0);
	iowrite32_rep(at(0x20), &buffer, 0);
	KUNIT_EXPECT_EQ(test, buffer, 0x55555555);
	KUNIT_EXPECT_EQ(test, 0, bank->accesses);
}

/*
 * Ranges: from any byte to any byte, and no further
 */

void memset_io_writes_each_byte_once(struct kunit *test)
{
	u8 bytes[13];

	memset(bytes, 0xa5, sizeof(bytes));
	memset_io(at(0x61), 0xa5, sizeof(bytes));
	expect_accesses(test, IOMEM_WRITE, 0x61, 1, 1, sizeof(bytes));
	expect_bytes(test, 0x61, bytes, sizeof(bytes));
}

void memset_io_uses_the_lowest_byte_of_the_value(struct kunit *test)
{
	memset_io(at(0x61), 0x1234, 1);
	expect_bytes(test, 0x61, "\x34", 1);
}

void memcpy_fromio_reads_each_byte_once(struct kunit *test)
{
	u8 bytes[15] = {};
	unsigned int i;

	memcpy_fromio(bytes + 1, at(0x63), 13);
	expect_accesses(test, IOMEM_READ, 0x63, 1, 1, 13);
	for (i = 0; i < 13; i++)
		KUNIT_EXPECT_EQ(test, bytes[1 + i], byte_of(0x63 + i));
	KUNIT_EXPECT_EQ(test, bytes[0], 0);
	KUNIT_EXPECT_EQ(test, bytes[14], 0);
}

void memcpy_toio_writes_each_byte_once(struct kunit *test)
{
	memcpy_toio(at(0x67), stream, 13);
	expect_accesses(test, IOMEM_WRITE, 0x67, 1, 1, 13);
	expect_bytes(test, 0x67, stream, 13);
}

void ranges_of_no_bytes_touch_nothing(struct kunit *test)
{
	u8 byte = 0x55;

	memset_io(at(0x61), 0xa5, 0);
	memcpy_fromio(&byte, at(0x61), 0);
	memcpy_toio(at(0x61), &byte, 0);
	KUNIT_EXPECT_EQ(test, byte, 0x55);
	KUNIT_EXPECT_EQ(test, 0, bank->accesses);
}

/*
 * Order: the compiler may join, drop and move loads and stores, but not these
 */

void accesses_happen_in_the_order_of_the_program(struct kunit *test)
{
	static const struct iomem_access expected[] = {
		{ .kind = IOMEM_WRITE, .offset = 0x20, .width = 4 },
		{ .kind = IOMEM_READ, .offset = 0x04, .width = 2 },
		{ .kind = IOMEM_WRITE, .offset = 0x08, .width = 1 },
		{ .kind = IOMEM_READ, .offset = 0x20, .width = 4 },
	};
	size_t i;

	writel(1, at(0x20));
	readw(at(0x04));
	writeb(2, at(0x08));
	readl(at(0x20));
	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(expected), bank->accesses);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		KUNIT_EXPECT_EQ(test, expected[i].kind, bank->record[i].kind);
		KUNIT_EXPECT_EQ(test, expected[i].offset,
				bank->record[i].offset);
		KUNIT_EXPECT_EQ(test, expected[i].width,
				bank->record[i].width);
	}
}

/* Of such stores to memory a compiler leaves out all but the last. */
void every_write_of_one_register_happens(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i <= 5; i++)
		writel(i, at(0x20));
	expect_accesses(test, IOMEM_WRITE, 0x20, 4, 0, 5);
	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_EQ(test, bank->record[i - 1].value,
				(__force u32)cpu_to_le32(i));
}

void every_read_of_one_register_happens(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		readl(at(0x20));
	expect_accesses(test, IOMEM_READ, 0x20, 4, 0, 5);
}

void relaxed_accessors_touch_the_same_bytes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, readb_relaxed(at(0x13)), byte_of(0x13));
	expect_read(test, 0x13, 1);
	kmaplab_iomem_forget(bank);
	KUNIT_EXPECT_EQ(test, readw_relaxed(at(0x12)), lowest_first(0x12, 2));
	expect_read(test, 0x12, 2);
	kmaplab_iomem_forget(bank);
	KUNIT_EXPECT_EQ(test, readl_relaxed(at(0x24)), lowest_first(0x24, 4));
	expect_read(test, 0x24, 4);
	kmaplab_iomem_forget(bank);
	writel_relaxed(0x11223344, at(0x24));
	expect_written(test, 0x24, "\x44\x33\x22\x11", 4);
}

/*
 * Mappings
 *
 * An access after iounmap(), or at an address that ioremap() never returned, makes
 * the kernel warn, so no case that passes can show it. But a case can show the
 * number of mappings, and what an access just beside a mapping does.
 */

void mapping_of_a_part_begins_with_that_part(struct kunit *test)
{
	void __iomem *part = ioremap(bank->res.start + 0x40, 0x20);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)part);
	KUNIT_EXPECT_EQ(test, readb(part), byte_of(0x40));
	KUNIT_EXPECT_EQ(test, readl(part + 0x1c), lowest_first(0x5c, 4));
	iounmap(part);
}

void two_mappings_reach_the_same_registers(struct kunit *test)
{
	void __iomem *other = ioremap(bank->res.start,
				      IOMEM_REGISTERS);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)other);
	KUNIT_EXPECT_PTR_NE(test, (__force void *)other,
			    (__force void *)base);
	writel(0x11223344, other + 0x20);
	KUNIT_EXPECT_EQ(test, readl(at(0x20)), 0x11223344);
	iounmap(other);
}

void iounmap_gives_back_the_one_mapping(struct kunit *test)
{
	unsigned int before = bank->mappings;
	void __iomem *other;

	KUNIT_EXPECT_GE(test, before, 1);
	other = ioremap(bank->res.start, 4);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)other);
	KUNIT_EXPECT_EQ(test, before + 1, bank->mappings);
	iounmap(other);
	KUNIT_EXPECT_EQ(test, before, bank->mappings);
	KUNIT_EXPECT_EQ(test, readb(at(0)), byte_of(0));
}

/* Expect one access, which left the mapping. */
static void expect_outside(struct kunit *test, unsigned int offset,
			   unsigned int width)
{
	KUNIT_ASSERT_EQ(test, 1, bank->accesses);
	KUNIT_EXPECT_TRUE(test, bank->record[0].outside);
	KUNIT_EXPECT_EQ(test, bank->record[0].offset, offset);
	KUNIT_EXPECT_EQ(test, bank->record[0].width, width);
	kmaplab_iomem_forget(bank);
}

void read_beside_the_mapping_finds_all_bits_set(struct kunit *test)
{
	void __iomem *part = ioremap(bank->res.start + 0x40, 0x20);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)part);
	KUNIT_EXPECT_EQ(test, readl(part + 0x20), U32_MAX);
	expect_outside(test, 0x60, 4);
	KUNIT_EXPECT_EQ(test, readb(part - 1), U8_MAX);
	expect_outside(test, 0x3f, 1);
	/* With its last byte only. */
	KUNIT_EXPECT_EQ(test, readw(part + 0x1f), U16_MAX);
	expect_outside(test, 0x5f, 2);
	iounmap(part);

	KUNIT_EXPECT_EQ(test, readb(at(IOMEM_REGISTERS)), U8_MAX);
	expect_outside(test, IOMEM_REGISTERS, 1);
}

void write_beside_the_mapping_changes_nothing(struct kunit *test)
{
	void __iomem *part = ioremap(bank->res.start + 0x40, 0x20);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)part);
	writel(0, part + 0x20);
	expect_outside(test, 0x60, 4);
	writeb(0, part - 1);
	expect_outside(test, 0x3f, 1);
	writew(0, part + 0x1f);
	expect_outside(test, 0x5f, 2);
	iounmap(part);
	expect_bytes(test, 0, NULL, 0);

	writeb(0, at(IOMEM_REGISTERS));
	expect_outside(test, IOMEM_REGISTERS, 1);
}

KMAPLAB_ACCESSOR_CASES(KMAPLAB_EXPORT)

MODULE_DESCRIPTION("kmaplab: cases of the register accessors");
MODULE_LICENSE("GPL");
