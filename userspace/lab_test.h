/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_test.h - what the check programs share
 *
 * Each program checks one lab's device through nothing but its contract
 * (labs/include/lab.h). The contract's own tests stand in lab_contract.c and
 * run for every lab; a program adds those of its lab. The tests are libcheck's;
 * lab_test.c runs them, sees to it that one that crashes or hangs fails alone,
 * and prints the results as KTAP while they come.
 */
#ifndef LAB_TEST_H
#define LAB_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>

#include "lab.h"
#include "lab_pattern.h"

/**
 * struct lab_test - a test that a table names
 * @name: its name; NULL ends the table
 * @run: what START_TEST() makes, which is a pointer
 * @timeout: seconds after which it hangs; 0 for the usual number
 */
struct lab_test {
	const char *name;
	const TTest **run;
	unsigned int timeout;
};

#define LAB_TEST(name_) { .name = #name_, .run = &(name_) }

/* What a lab's device can do, a bit each. */
enum lab_operation {
	CAN_LLSEEK = 1 << 0,
	CAN_READ = 1 << 1,
	CAN_WRITE = 1 << 2,
	CAN_MMAP = 1 << 3,
	CAN_INFO = 1 << 4,
	CAN_PAGE = 1 << 5,
	CAN_FILL = 1 << 6,
	CAN_CHECK = 1 << 7,
	CAN_USER_PAGE = 1 << 8,
	CAN_SMALL = 1 << 9, /* LAB_IOC_SMALL */
	CAN_COUNT = 1 << 10, /* lab_info.mappings is kept */
};

#define CAN_USUAL (CAN_SMALL - 1)

/* How the lab's pages come into a process. */
enum lab_mapping { NO_MAPPING, PFNMAP, MIXEDMAP };

/**
 * struct lab_program - one check program
 * @device: the lab's name, which is also the device node's
 * @mapping: the kind of its mappings
 * @with: another kind, for modules loaded with this parameter, as "how=page"
 * @mapping_with: that kind
 * @operations: of enum lab_operation
 * @fresh: the word that stands at @index in a fresh buffer
 * @in_kcore: /proc/kcore shows the memory
 * @tests: the lab's own tests, ended by one without a name
 */
struct lab_program {
	const char *device;
	enum lab_mapping mapping;
	const char *with;
	enum lab_mapping mapping_with;
	unsigned int operations;
	bool in_kcore;
	uint32_t (*fresh)(uint64_t index);
	const struct lab_test *tests;
};

/**
 * struct lab_setup - what every test finds ready
 * @program: the program that runs
 * @path: the device node
 * @fd: the device, open for reading and writing
 * @info: what LAB_IOC_INFO says
 * @map: the whole memory, mapped shared, readable and writable
 * @words: 32-bit words in @map
 * @seed: seed of this test: no two tests of a run share one
 * @kernel_wrote: what is in the memory now was written by the kernel
 */
struct lab_setup {
	const struct lab_program *program;
	char path[64];
	int fd;
	struct lab_info info;
	volatile uint32_t *map;
	size_t words;
	uint64_t seed;
	bool kernel_wrote;
};

extern struct lab_setup lab;
extern const struct lab_test lab_contract[];

/* What --thorough adds: a table for each file of the same name. */
extern const struct lab_test lab_views[], lab_area[], lab_gup[],
	lab_lifetime[], lab_failing[], lab_random[];

/* How often: --calls for lab_random, --rounds for lab_lifetime. */
extern unsigned long lab_calls, lab_rounds;

/* For the tables of programs whose labs count their mappings. */
extern const struct lab_test lab_counted[];

/* Where two sides differ first; @differ is false if they do not. */
struct lab_difference {
	bool differ;
	uint64_t index;
	uint32_t expected;
	uint32_t found;
};

/* Fresh contents of all labs but two. */
uint32_t lab_fresh_zero(uint64_t index);

/* Expected words: the pattern of lab.seed, or the fresh contents. */
uint32_t lab_expect_pattern(uint64_t index);
uint32_t lab_expect_fresh(uint64_t index);

struct lab_difference lab_find_difference(const volatile uint32_t *words,
					  size_t count, uint64_t first_index,
					  uint32_t (*expect)(uint64_t));
void lab_assert_same(struct lab_difference difference, const char *who);
void lab_assert_words(const volatile uint32_t *words, size_t count,
		      uint64_t first_index, uint32_t (*expect)(uint64_t),
		      const char *who);

/*
 * Write the whole pattern through a mapping of the device, after a look whether
 * it shows the lab's frames; unguarded: also to other memory, or without lab.fd.
 */
void lab_write_pattern(volatile uint32_t *words);
void lab_write_unguarded(volatile uint32_t *words);

void lab_kernel_fills(void);
void lab_kernel_checks(void);

/* Flips a bit of a word of the pattern, and back. */
void lab_kernel_finds_a_wrong_bit(size_t victim);
struct lab_page lab_page_at(uint64_t index);

/* The frame that our own page tables name for an address in lab.map. */
uint64_t lab_mapped_pfn(const volatile uint32_t *addr);

/* These pages of lab.map show the pattern, and the lab's frames. */
void lab_assert_pages(uint64_t first, uint64_t count, const char *who);

/* The flags of the area around addr, two letters and a space each. */
void lab_vm_flags(const volatile void *addr, char *flags, size_t size);

void *lab_map(int fd, size_t length, int prot, int flags, uint64_t offset);
void lab_assert_refused(void *map, int expected_errno, const char *what);

/* A child exits with 0 if its body returns true; the end of one is its status. */
pid_t lab_start_child(bool (*body)(void));
int lab_end_of(pid_t child);
bool lab_run_in_child(bool (*body)(void));

/* What happens before and after each test. */
void lab_open(void);
void lab_close(void);
void *lab_shared(size_t size);
bool lab_frames_are_neighbours(void);

/* Is the module loaded with this value of a parameter? */
bool lab_parameter_is(const char *name, const char *value);

/* Is it mapped by remap_vmalloc_range(), as pages and not as bare frames? */
bool lab_maps_pages(void);

/* For what may not be there to be said when the test is over. */
void lab_say_now(const char *text);

/* Ends the test as skipped; @reason is shown. */
#define lab_skip(...) ck_abort_msg("SKIP " __VA_ARGS__)

extern const struct lab_program lab_kmalloc, lab_pages, lab_vmalloc,
	lab_reserved, lab_remap, lab_prepare;

#endif /* LAB_TEST_H */
