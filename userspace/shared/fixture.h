/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fixture.h - what every check finds ready
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "lab.h"
#include "program.h"

/**
 * struct checked_lab - the lab under check
 * @program: what is declared of it
 * @path: the device node
 * @fd: the device, open for reading and writing
 * @info: what LAB_IOC_INFO said
 * @needs: the operations that the check which runs needs
 * @map: the whole memory, mapped shared, for reading and writing; NULL if it cannot be
 *	mapped, and the check does not need it
 * @words: 32-bit words in @map
 * @page_words: 32-bit words in a page
 * @seed: of this check's pattern: no two checks of a run have the same
 * @kernel_wrote: the kernel wrote what is in the memory now
 */
extern struct checked_lab {
	const struct program *program;
	char path[64];
	int fd;
	struct lab_info info;
	unsigned int needs;
	volatile uint32_t *map;
	size_t words;
	size_t page_words;
	uint64_t seed;
	bool kernel_wrote;
} lab;

#define USUAL_CALLS 100000

/**
 * struct settings - what the command line says
 * @calls: random calls to make
 * @rounds: how often to load and unload the module
 * @witness: the host looks at this machine from outside
 * @witness_seed: what it expects the memory to hold then
 */
extern struct settings {
	unsigned long calls;
	unsigned long rounds;
	bool witness;
	uint64_t witness_seed;
} settings;

/**
 * struct summary - what the report at the end shows, in memory that is shared
 * @kernel_to_user: bytes that the kernel wrote and user space compared
 * @user_to_kernel: bytes that user space wrote and the kernel compared
 * @user_addr: where the lab was mapped last
 * @contiguous: the page frames are physically contiguous
 * @info: what LAB_IOC_INFO said last
 * @child_failed: in a child of the check that runs an assertion has failed
 * @not_for_driver: the check that runs is not about this driver
 */
extern struct summary {
	uint64_t kernel_to_user;
	uint64_t user_to_kernel;
	uint64_t user_addr;
	bool contiguous;
	struct lab_info info;
	bool child_failed;
	bool not_for_driver;
} *summary;

/* Ends the check as skipped, with a reason as printf() takes it. */
#define skip(...) ck_abort_msg("SKIP " __VA_ARGS__)

bool can(unsigned int operations);

/* Is the module loaded with this "parameter=value"? */
bool is_loaded_with(const char *parameter);

/* The kind of the mappings that the module, as it is loaded, makes. */
const struct mapping_kind *mapping_kind(void);

/* With what access it is mapped: some drivers allow reading only. */
int usual_protection(void);

/* Before and after each check; a check may close the device before its end. */
void open_lab(void);
void close_lab(void);

#endif /* FIXTURE_H */
