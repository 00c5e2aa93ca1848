/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_iomem.h - I/O memory without hardware, which records what is done to it
 *
 * User-mode Linux has no bus. What its ioremap() returns is a number, and every
 * readl() of it becomes a call. Here these calls end in ordinary memory, and each
 * of them leaves an entry in a record, so that a test can tell how often, how
 * wide, where and in which order a driver reached its device.
 */
#ifndef LAB_IOMEM_H
#define LAB_IOMEM_H

#include <linux/ioport.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/*
 * The register bank: bytes that keep what is written to them, but for one
 * register, as wide as any access, with a queue behind it: each write appends,
 * each read takes the oldest away. That is what the _rep accessors are for.
 */
#define LAB_IOMEM_REGISTERS	0x100
#define LAB_IOMEM_FIFO		0xf8
#define LAB_IOMEM_FIFO_DEPTH	16

/* Accesses that a region records. Later ones are only counted. */
#define LAB_IOMEM_RECORDED	16384

/**
 * enum lab_iomem_kind - what an access was
 * @LAB_IOMEM_READ: one load, as by readl()
 * @LAB_IOMEM_WRITE: one store, as by writel()
 * @LAB_IOMEM_SET: a whole memset_io(), where the region takes it as one
 * @LAB_IOMEM_COPY_FROM: a whole memcpy_fromio(), likewise
 * @LAB_IOMEM_COPY_TO: a whole memcpy_toio(), likewise
 */
enum lab_iomem_kind {
	LAB_IOMEM_READ,
	LAB_IOMEM_WRITE,
	LAB_IOMEM_SET,
	LAB_IOMEM_COPY_FROM,
	LAB_IOMEM_COPY_TO,
};

/**
 * struct lab_iomem_access - one entry of a record
 * @kind: what it was
 * @outside: it left the mapping, if only with its last byte; such a read finds
 *	all bits set and such a write is lost, as on a bus where nobody answers
 * @offset: where it began, in bytes from the region's start
 * @width: bytes: 1, 2, 4 or 8, any number for SET and the COPYs
 * @value: what was read or written, as it went over the bus: not yet, or no
 *	longer, in the CPU's byte order; 0 for the COPYs
 */
struct lab_iomem_access {
	enum lab_iomem_kind kind;
	bool outside;
	unsigned int offset;
	unsigned int width;
	u64 value;
};

/**
 * struct lab_iomem - an emulated region
 * @res: where it is in the physical address space
 * @bytes: what it holds; looking here is no access
 * @lock: guards all that follows, and @bytes against accesses
 * @mappings: results of ioremap() not yet given to iounmap()
 * @record: the first LAB_IOMEM_RECORDED accesses since lab_iomem_forget()
 * @accesses: how many there were since then, recorded or not
 * @fifo: the queue of the register bank
 * @fifo_head: entries ever taken out of it
 * @fifo_tail: entries ever put in
 *
 * Whoever reads @record and @accesses without the lock must know that nobody
 * else uses the region.
 */
struct lab_iomem {
	struct resource res;
	u8 *bytes;
	spinlock_t lock; /* see above */
	unsigned int mappings;
	struct lab_iomem_access *record;
	size_t accesses;
	u64 fifo[LAB_IOMEM_FIFO_DEPTH];
	unsigned int fifo_head;
	unsigned int fifo_tail;
};

struct lab_iomem *lab_iomem_at(resource_size_t addr);
struct lab_iomem *lab_iomem_registers(void);
void lab_iomem_forget(struct lab_iomem *iomem);

#endif /* LAB_IOMEM_H */
