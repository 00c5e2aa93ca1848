/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accessors.h - the cases of the register accessors, and the bank that they use
 */
#ifndef KMAPLAB_ACCESSORS_H
#define KMAPLAB_ACCESSORS_H

#include "shared/suite.h"

#ifdef CONFIG_UML_IOMEM_EMULATION
int kmaplab_bank_begin(struct kunit *test);
void kmaplab_bank_end(void);

#ifdef CONFIG_64BIT
#define KMAPLAB_QUAD_CASES(CASE)						\
	CASE(readq_takes_eight_bytes_lowest_first)			\
	CASE(writeq_puts_eight_bytes_lowest_first)			\
	CASE(readsq_drains_one_register_in_order)			\
	CASE(writesq_feeds_one_register_in_order)
#else
#define KMAPLAB_QUAD_CASES(CASE)
#endif

#define KMAPLAB_ACCESSOR_CASES(CASE)					\
	CASE(readb_takes_one_byte)					\
	CASE(readw_takes_two_bytes_lowest_first)			\
	CASE(readl_takes_four_bytes_lowest_first)			\
	CASE(writeb_puts_one_byte)					\
	CASE(writew_puts_two_bytes_lowest_first)			\
	CASE(writel_puts_four_bytes_lowest_first)			\
	CASE(ioread8_takes_one_byte)					\
	CASE(ioread16_takes_two_bytes_lowest_first)			\
	CASE(ioread32_takes_four_bytes_lowest_first)			\
	CASE(iowrite8_puts_one_byte)					\
	CASE(iowrite16_puts_two_bytes_lowest_first)			\
	CASE(iowrite32_puts_four_bytes_lowest_first)			\
	CASE(ioread16be_takes_two_bytes_highest_first)			\
	CASE(ioread32be_takes_four_bytes_highest_first)			\
	CASE(iowrite16be_puts_two_bytes_highest_first)			\
	CASE(iowrite32be_puts_four_bytes_highest_first)			\
	KMAPLAB_QUAD_CASES(CASE)						\
	CASE(ioread64_takes_eight_bytes_lowest_first)			\
	CASE(iowrite64_puts_eight_bytes_lowest_first)			\
	CASE(ioread64be_takes_eight_bytes_highest_first)		\
	CASE(iowrite64be_puts_eight_bytes_highest_first)		\
	CASE(lo_hi_readq_takes_the_low_half_first)			\
	CASE(hi_lo_readq_takes_the_high_half_first)			\
	CASE(lo_hi_writeq_puts_the_low_half_first)			\
	CASE(hi_lo_writeq_puts_the_high_half_first)			\
	CASE(readsb_drains_one_register_in_order)			\
	CASE(readsw_drains_one_register_in_order)			\
	CASE(readsl_drains_one_register_in_order)			\
	CASE(ioread8_rep_drains_one_register_in_order)			\
	CASE(ioread16_rep_drains_one_register_in_order)			\
	CASE(ioread32_rep_drains_one_register_in_order)			\
	CASE(writesb_feeds_one_register_in_order)			\
	CASE(writesw_feeds_one_register_in_order)			\
	CASE(writesl_feeds_one_register_in_order)			\
	CASE(iowrite8_rep_feeds_one_register_in_order)			\
	CASE(iowrite16_rep_feeds_one_register_in_order)			\
	CASE(iowrite32_rep_feeds_one_register_in_order)			\
	CASE(rep_accessors_of_a_common_register_find_it_unchanged)	\
	CASE(rep_accessors_of_nothing_touch_nothing)			\
	CASE(memset_io_writes_each_byte_once)				\
	CASE(memset_io_uses_the_lowest_byte_of_the_value)		\
	CASE(memcpy_fromio_reads_each_byte_once)			\
	CASE(memcpy_toio_writes_each_byte_once)				\
	CASE(ranges_of_no_bytes_touch_nothing)				\
	CASE(accesses_happen_in_the_order_of_the_program)		\
	CASE(every_write_of_one_register_happens)			\
	CASE(every_read_of_one_register_happens)			\
	CASE(relaxed_accessors_touch_the_same_bytes)			\
	CASE(mapping_of_a_part_begins_with_that_part)			\
	CASE(two_mappings_reach_the_same_registers)			\
	CASE(iounmap_gives_back_the_one_mapping)			\
	CASE(read_beside_the_mapping_finds_all_bits_set)		\
	CASE(write_beside_the_mapping_changes_nothing)

KMAPLAB_ACCESSOR_CASES(KMAPLAB_DECLARE)
#else
#define KMAPLAB_ACCESSOR_CASES(CASE)

static inline int kmaplab_bank_begin(struct kunit *test)
{
	return 0;
}

static inline void kmaplab_bank_end(void)
{
}
#endif

#endif /* KMAPLAB_ACCESSORS_H */
