/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ground.h - descriptors and buffers for the random calls
 */
#ifndef GROUND_H
#define GROUND_H

#include "model_data.h"

/**
 * struct ground - what the calls are made with
 * @fd: the descriptors, by enum descriptor; the last is -1
 * @file: of one page; by it the kernel reads and writes an address
 * @shown: the same file, mapped
 * @source: @size random bytes
 * @target: @size bytes for anything
 * @size: a page more than the memory has
 * @read_only: a page of zeroes that can only be read
 * @forbidden: a page without access, which has never been accessed
 * @reads_forbidden: this kernel reads pages that are there although the program
 *	has no access, as user-mode Linux does
 */
extern struct ground {
	int fd[DESCRIPTORS + 1];
	int file;
	unsigned char *shown;
	unsigned char *source;
	unsigned char *target;
	size_t size;
	unsigned char *read_only;
	unsigned char *forbidden;
	bool reads_forbidden;
} ground;

/* Where the model's spots are. */
extern const unsigned long room_at;

/* Opens and maps all of it; the model has begun. */
void make_ground(void);

/* Closes the descriptors: checks that come later unload the module. */
void leave_ground(void);

/* One of which at least a part of @size bytes has no access. */
struct buffer draw_bad_buffer(size_t size);

#endif /* GROUND_H */
