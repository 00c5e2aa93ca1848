/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iomem.h - I/O memory without hardware, which records each access
 *
 * User-mode Linux has no bus. Its ioremap() returns a number, and every readl() of
 * that number becomes a call. Here these calls end in ordinary memory, and each
 * of them leaves an entry in a record, so that a test can check how often, how
 * wide, where and in which order a driver accessed its device.
 */
#ifndef KMAPLAB_IOMEM_H
#define KMAPLAB_IOMEM_H

#include <linux/ioport.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/*
 * The register bank: bytes that keep what is written to them, except for one
 * register. It is as wide as any access and has a queue behind it: each write
 * appends a value, each read removes the oldest. The _rep accessors are made for
 * such registers.
 */
#define IOMEM_REGISTERS		0x100
#define IOMEM_FIFO		0xf8
#define IOMEM_FIFO_DEPTH	16

/* Accesses that a region records. Later ones are only counted. */
#define IOMEM_RECORDED		16384

/**
 * enum iomem_kind - what an access was
 * @IOMEM_READ: one load, as by readl()
 * @IOMEM_WRITE: one store, as by writel()
 * @IOMEM_SET: a whole memset_io(), where the region takes it as one
 * @IOMEM_COPY_FROM: a whole memcpy_fromio(), likewise
 * @IOMEM_COPY_TO: a whole memcpy_toio(), likewise
 */
enum iomem_kind {
	IOMEM_READ,
	IOMEM_WRITE,
	IOMEM_SET,
	IOMEM_COPY_FROM,
	IOMEM_COPY_TO,
};

/**
 * struct iomem_access - one entry of a record
 * @kind: what it was
 * @outside: it left the mapping, if only with its last byte; such a read finds
 *	all bits set and such a write is lost, as on a bus where no device answers
 * @offset: where it began, in bytes from the region's start
 * @width: bytes: 1, 2, 4 or 8, any number for SET and the COPYs
 * @value: what was read or written, as it went over the bus: not yet, or no
 *	longer, in the CPU's byte order; 0 for the COPYs
 */
struct iomem_access {
	enum iomem_kind kind;
	bool outside;
	unsigned int offset;
	unsigned int width;
	u64 value;
};

/**
 * struct kmaplab_iomem - an emulated region
 * @res: where it is in the physical address space
 * @bytes: what it holds; to look here does not count as an access
 * @lock: guards all that follows, and @bytes against accesses
 * @mappings: how many there are: ioremap() adds one, iounmap() removes one
 * @record: the first IOMEM_RECORDED accesses since kmaplab_iomem_forget()
 * @accesses: how many there were since then, recorded or not
 * @fifo: the queue of the register bank
 * @fifo_head: entries ever taken out of it
 * @fifo_tail: entries ever put in
 *
 * Read @record and @accesses without the lock only while no other thread uses the
 * region.
 */
struct kmaplab_iomem {
	struct resource res;
	u8 *bytes;
	spinlock_t lock; /* see above */
	unsigned int mappings;
	struct iomem_access *record;
	size_t accesses;
	u64 fifo[IOMEM_FIFO_DEPTH];
	unsigned int fifo_head;
	unsigned int fifo_tail;
};

#ifdef CONFIG_UML_IOMEM_EMULATION
struct kmaplab_iomem *kmaplab_iomem_at(resource_size_t addr);
struct kmaplab_iomem *kmaplab_iomem_registers(void);
void kmaplab_iomem_forget(struct kmaplab_iomem *iomem);
#else
/* The suites of lab_reserved and lab_regs are then skipped. */
static inline struct kmaplab_iomem *kmaplab_iomem_at(resource_size_t addr)
{
	return NULL;
}

static inline struct kmaplab_iomem *kmaplab_iomem_registers(void)
{
	return NULL;
}

static inline void kmaplab_iomem_forget(struct kmaplab_iomem *iomem)
{
}
#endif

#endif /* KMAPLAB_IOMEM_H */
