/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - a clock without hardware, which goes on where a test says
 *
 * Its registers are those of the s3c2410. Time passes only before accesses that the
 * test has chosen: so a second can end between any two reads of a driver, and the
 * test can try all of them.
 */
#ifndef KMAPLAB_CLOCK_H
#define KMAPLAB_CLOCK_H

#include <linux/ioport.h>
#include <linux/time64.h>
#include <linux/types.h>

/* Second, minute, hour, day, weekday, month, year: a byte each, four bytes apart. */
#define CLOCK_REGISTERS		7
#define CLOCK_FIRST		0x70

/* For the jumps of a plan: at no access. */
#define CLOCK_NEVER		UINT_MAX

/*
 * A driver that would read for ever is let go after so many accesses: then the time
 * moves on once, and stands. A test sees how many there were.
 */
#define CLOCK_PATIENCE		100000

/**
 * struct kmaplab_clock_plan - what the clock does while it is read
 * @start: its time at first
 * @step: seconds that it goes on by, at each jump
 * @jumps: before which accesses, counted from 0, or CLOCK_NEVER
 * @always: it goes on before each access
 * @bytes: what the registers hold, whatever the time is; or NULL
 */
struct kmaplab_clock_plan {
	time64_t start;
	unsigned int step;
	unsigned int jumps[2];
	bool always;
	const u8 *bytes;
};

/**
 * struct kmaplab_clock_seen - what the clock has seen of its driver
 * @now: its time
 * @accesses: reads, since the plan began
 * @others: accesses that no driver should make: writes, of another width than a
 *	byte, or of something that is no register
 * @mappings: how many there are
 */
struct kmaplab_clock_seen {
	time64_t now;
	unsigned int accesses;
	unsigned int others;
	unsigned int mappings;
};

/**
 * struct kmaplab_clock_refusals - how loads of lab_rtc with wrong clocks ended
 * @made: whether there were any
 * @without_registers: of a device that has no range of registers: the error, or 0
 * @without_the_last: of one whose range ends before the last register
 * @claimed: of one that another driver has claimed
 */
struct kmaplab_clock_refusals {
	bool made;
	int without_registers, without_the_last, claimed;
};

#ifdef CONFIG_UML_IOMEM_EMULATION
void kmaplab_clock_begin(const struct kmaplab_clock_plan *plan);
struct kmaplab_clock_seen kmaplab_clock_look(void);
struct resource *kmaplab_clock_region(void);
const struct kmaplab_clock_refusals *kmaplab_clock_refusals(void);
#else
/* The suite of lab_rtc is then skipped. */
static inline void kmaplab_clock_begin(const struct kmaplab_clock_plan *plan)
{
}

static inline struct kmaplab_clock_seen kmaplab_clock_look(void)
{
	return (struct kmaplab_clock_seen){};
}

static inline struct resource *kmaplab_clock_region(void)
{
	return NULL;
}

static inline const struct kmaplab_clock_refusals *kmaplab_clock_refusals(void)
{
	return NULL;
}
#endif

#endif /* KMAPLAB_CLOCK_H */
