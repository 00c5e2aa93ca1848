/* SPDX-License-Identifier: GPL-2.0 */
/*
 * driver.h - a driver that nobody here wrote
 *
 * It has none of the requests of lab.h. What is documented of it comes on the command
 * line; the place of the kernel's own view of the memory takes another mapping of it.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fixture.h"

/* Who sees the same memory. */
enum driver_shares {
	SHARED_BY_ALL, /* all who open the device */
	SHARED_BY_DESCRIPTOR, /* the mappings of one descriptor */
	SHARED_BY_NOBODY, /* each mapping has memory of its own */
};

/* As open(): a descriptor, or -1 and errno. */
typedef int driver_buffers(int mode);

/**
 * struct driver - what is documented of it
 * @device: its node
 * @file: its module, or NULL if the kernel has it built in
 * @parameters: "name=value name=value", which the module was loaded with
 * @kind: the kind of its mappings
 * @size: bytes of its memory; 0 if there is no end
 * @mode: of the node
 * @shares: who sees the same memory
 * @whole_only: the offset of mmap() does not lead to a page of the memory
 * @read_only: it can be opened and mapped for reading only
 * @may_be_private: a private mapping is allowed
 * @may_be_executed: a mapping that can be executed is allowed
 * @fresh_is_zero: fresh memory holds zeroes; otherwise what it holds is not documented
 * @buffers: has the device make a buffer and returns its descriptor, which takes the place of
 *	one of the device; NULL if the device itself is mapped
 */
struct driver {
	const char *device;
	const char *file;
	const char *parameters;
	const struct mapping_kind *kind;
	size_t size;
	unsigned int mode;
	enum driver_shares shares;
	bool whole_only;
	bool read_only;
	bool may_be_private;
	bool may_be_executed;
	bool fresh_is_zero;
	driver_buffers *buffers;
};

extern struct driver driver;

/* The program that checks a driver, which goes by this name. */
#define DRIVER_PROGRAM "any_driver"
extern struct program driver_program;

/* Is it a driver that is checked, and not one of our labs? */
bool is_driver(void);

/* Is it a module, that can be loaded again? Does page offset k lead to page k? */
bool is_module(void);
bool maps_from_offsets(void);

/* Reads "name=value,name,...", or ends the program with status 2. */
void parse_driver(char *text);

/* LAB_IOC_INFO would say this. */
struct lab_info driver_info(void);

/* Ends the check as one that is not about this driver; @why is for people. */
#define not_for_driver(why) do {					\
	summary->not_for_driver = true;					\
	skip(why);							\
} while (0)

/* Ends the check if the memory has fewer pages; @why is for a lab, which can have more. */
void needs_pages(uint64_t pages, const char *why);

/* Ends the check if the driver's memory has no end; that of a lab has one. */
void needs_an_end(void);

/* Do so many see the same memory? Of a lab, all do. */
bool is_shared(enum driver_shares shares);

/* Ends the check if the driver maps its memory from the beginning only. */
void needs_offsets(void);

/* Ends the check unless so many see the same memory. */
void needs_shared_memory(enum driver_shares shares);

/* Maps a driver's memory once more, by another descriptor if that shows the same. */
volatile uint32_t *map_again(void);

/* These stand for requests: by another mapping of the same memory. */
void another_mapping_fills(void);
void another_mapping_agrees(void);
uint64_t frame_in_another_mapping(uint64_t page);
void forget_frames(void);

/* Fails the check if two mappings of a driver have other frames. */
void assert_frames_are_shared(void);

/* By the module page_table: the frame that an address is mapped to, and whether it is. */
bool find_frame(const volatile void *addr, uint64_t *frame);

#endif /* DRIVER_H */
