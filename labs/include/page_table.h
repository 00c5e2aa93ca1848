/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * page_table.h - the requests of /dev/page_table
 *
 * Like lab.h, this file compiles unchanged in the kernel and in user space.
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct page_table_entry - the entry that maps an address
 * @addr: in: a user address of the caller, or a kernel address
 * @entry: out: the entry, with all its bits
 * @size: out: bytes that the entry maps: a page, or more if it is an entry of a
 *	higher level
 * @types: out: the register that lists the memory types, one in each byte:
 *	IA32_PAT on x86, MAIR_EL1 on arm64, 0 where there are none
 * @index: out: which of those bytes the entry selects, 0 to 7
 * @reserved: out: zero
 */
struct page_table_entry {
	__u64 addr;
	__u64 entry;
	__u64 size;
	__u64 types;
	__u32 index;
	__u32 reserved;
};

/**
 * page_table_type - the memory type that an entry selects
 * @entry: an entry that the kernel has filled in
 *
 * Return: the code that the processor's manual gives the type.
 */
static inline __u8 page_table_type(const struct page_table_entry *entry)
{
	return (__u8)(entry->types >> (8 * entry->index));
}

/* x86: Intel's manual, volume 3, table "Memory Types That Can Be Encoded". */
#define PAGE_TABLE_X86_UC		0x00
#define PAGE_TABLE_X86_WC		0x01
#define PAGE_TABLE_X86_WB		0x06
#define PAGE_TABLE_X86_UC_MINUS		0x07

/* arm64: Arm's manual, MAIR_EL1. Normal memory: outer and inner cacheability. */
#define PAGE_TABLE_ARM64_DEVICE_NGNRNE	0x00
#define PAGE_TABLE_ARM64_DEVICE_NGNRE	0x04
#define PAGE_TABLE_ARM64_NORMAL_NC	0x44
#define PAGE_TABLE_ARM64_NORMAL_WB	0xff

/*
 * PAGE_TABLE_IOC_ENTRY finds the entry. PAGE_TABLE_IOC_AREA finds what new entries around a
 * user address begin with: vma->vm_page_prot, which has an entry's bits but no frame.
 *
 * ENXIO: no entry maps the address, or no VMA holds it; EPERM: no CAP_SYS_ADMIN; EFAULT: the
 * pointer cannot be read or written; ENOTTY: another request.
 */
#define PAGE_TABLE_IOC_MAGIC		0xea
#define PAGE_TABLE_IOC_ENTRY		_IOWR(PAGE_TABLE_IOC_MAGIC, 0, \
					      struct page_table_entry)
#define PAGE_TABLE_IOC_AREA		_IOWR(PAGE_TABLE_IOC_MAGIC, 1, \
					      struct page_table_entry)

#endif /* PAGE_TABLE_H */
