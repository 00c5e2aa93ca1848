/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - checks, and the program of one lab
 *
 * A check is a test of libcheck's. Its entry in a table says what the lab must be
 * able to do for it; a lab that is not able to has the check left out of its list.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

/* What can be done with a lab's device, a bit each. */
enum operation {
	CAN_LLSEEK = 1 << 0,
	CAN_READ = 1 << 1,
	CAN_WRITE = 1 << 2,
	CAN_MMAP = 1 << 3,
	CAN_INFO = 1 << 4, /* LAB_IOC_INFO, and so on */
	CAN_PAGE = 1 << 5,
	CAN_FILL = 1 << 6,
	CAN_CHECK = 1 << 7,
	CAN_USER_PAGE = 1 << 8,
	CAN_SMALL = 1 << 9,
	CAN_COUNT = 1 << 10, /* LAB_IOC_INFO counts the mappings */
	CAN_FAULTS = 1 << 11, /* LAB_IOC_FAULTS */
	CAN_RING = 1 << 12, /* LAB_IOC_RING, and those that produce */
	CAN_TIME = 1 << 13, /* LAB_IOC_TIME */
	CAN_ACCESS = 1 << 14, /* LAB_IOC_ACCESS */
	CAN_PORT = 1 << 15, /* LAB_IOC_PORT */
	CAN_DMA = 1 << 16, /* LAB_IOC_DMA */
	CAN_UIO = 1 << 17, /* mmap() and interrupts, through /dev/uioN */
	CAN_EXPORT = 1 << 18, /* LAB_IOC_EXPORT */
};

#define OPERATIONS 19

/* For the tables: besides labs, the check is for any driver (driver.h). */
enum { ANY_DRIVER = 1 << 30 };

/*
 * For the tables: the check needs the mapping that it finds ready, and makes none itself. So
 * CAN_UIO will do in place of CAN_MMAP.
 */
enum { ANY_NODE = 1 << 29 };

/* What all labs have that keep the whole contract. */
#define USUAL_OPERATIONS (CAN_SMALL - 1)

/* For the tables of checks: what the helpers in user_side.h use. */
#define MAPS (CAN_MMAP | CAN_INFO)
#define WRITES (MAPS | CAN_PAGE | CAN_USER_PAGE)

/* The names of the operations, in the order of their bits. */
extern const char *const operation_names[OPERATIONS];

enum check_time {
	USUAL,
	THOROUGH, /* with --thorough only */
	FIRST, /* before all others, for they write to the memory */
	RACE, /* only by name: they want a machine with two processors */
};

/**
 * struct check - an entry in a table of checks
 * @name: its name; NULL ends the table
 * @run: what START_TEST() makes, which is a pointer
 * @needs: bits of enum operation
 * @time: when it runs
 * @seconds: after which it is taken to hang; 0 for the usual number
 */
struct check {
	const char *name;
	const TTest **run;
	unsigned int needs;
	enum check_time time;
	unsigned int seconds;
};

#define CHECK(name_, needs_) \
	{ .name = #name_, .run = &(name_), .needs = (needs_) }
#define THOROUGH_CHECK(name_, needs_) \
	{ .name = #name_, .run = &(name_), .needs = (needs_), .time = THOROUGH }

/**
 * struct mapping_kind - what holds for all mappings that are made in one way
 * @name: the one that lab.toml and --list have
 * @vm_flags: VmFlags in /proc/PID/smaps, of a shared mapping for reading and
 *	writing (Documentation/filesystems/proc.rst)
 * @get_user_pages: the kernel can reach the memory by get_user_pages(), as it does
 *	for direct I/O, vmsplice(), process_vm_readv() and ptrace
 * @populated: when mmap() returns, each page has its page table entry
 * @by_fault: a page gets its entry by the first access to it, from a fault handler,
 *	and a page that was dropped gets it back in the same way
 * @child_has_all: fork() copies the entries; otherwise the child's accesses fault
 * @in_rss: what is mapped counts as resident memory of the process
 * @io: VM_IO is set, which keeps others from touching what may be registers
 * @can_drop: MADV_DONTNEED takes pages out of the mapping; unless a fault handler
 *	puts them back, the next access is a SIGBUS
 * @ordinary: the kernel treats it as any memory of a program: it may be dumped and grow
 * @can_reclaim: MADV_COLD and MADV_PAGEOUT are accepted
 */
struct mapping_kind {
	const char *name;
	const char *vm_flags;
	bool get_user_pages;
	bool populated;
	bool by_fault;
	bool child_has_all;
	bool in_rss;
	bool io;
	bool can_drop;
	bool ordinary;
	bool can_reclaim;
};

/*
 * For labs that cannot be mapped; by remap_pfn_range(); by vm_insert_page(); by a fault
 * handler, with struct pages or with page frame numbers; and the kernel's own memory
 * without a file, which no lab has.
 */
extern const struct mapping_kind no_mapping, pfnmap, mixedmap, fault, fault_pfn,
	shmem;

/**
 * struct program - the check program of one lab
 * @lab: the lab's name, which is also the device node's
 * @mapping: the kind of its mappings
 * @page_by_page: each page is mapped by a call of its own, whatever the parameters
 * @with: "parameter=value": a module loaded so makes mappings of another kind
 * @mapping_with: that kind
 * @small_with: "parameter=value": a module loaded so cannot have any number of pages
 * @most_pages: so many it can have then
 * @operations: bits of enum operation
 * @not_in_kcore: why /proc/kcore does not show the memory, or NULL if it does
 * @fresh: what word @index of a fresh buffer is
 * @map: maps the whole memory, shared, for reading and writing; NULL if mmap() of the
 *	node does
 * @checks: the lab's own checks, or NULL
 */
struct program {
	const char *lab;
	const struct mapping_kind *mapping;
	bool page_by_page;
	const char *with;
	const struct mapping_kind *mapping_with;
	const char *small_with;
	uint64_t most_pages;
	unsigned int operations;
	const char *not_in_kcore;
	uint32_t (*fresh)(uint64_t index);
	void *(*map)(void);
	const struct check *checks;
};

/* The linker gathers in this section what the files in labs/ register. */
#define REGISTER_PROGRAM(program_)					\
	static const struct program *const registered_program		\
		__attribute__((used, section("programs"))) = &(program_)

/* The ends of that section, as the linker names them. */
extern const struct program *const __start_programs[];
extern const struct program *const __stop_programs[];

#endif /* PROGRAM_H */
