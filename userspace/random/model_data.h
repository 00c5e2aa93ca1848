/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model_data.h - the model's system calls that move bytes, and requests
 */
#ifndef MODEL_DATA_H
#define MODEL_DATA_H

#include "model.h"

/**
 * struct buffer - the memory that a caller gives, real or not
 * @at: where it begins
 * @can_read: bytes from there on that can be read
 * @can_write: bytes from there on that can be written
 * @kernels: an address that no user can have
 */
struct buffer {
	unsigned char *at;
	size_t can_read;
	size_t can_write;
	bool kernels;
};

/**
 * struct answer - what may be returned
 * @least: the number, or the error
 * @most: a larger number, if all between the two are right
 *
 * A copy goes by steps of a page. Of a step that meets a page without access, the
 * machine's copy_to_user() copies as much as it does; the steps before are whole.
 */
struct answer {
	long least;
	long most;
};

long model_lseek(enum descriptor by, int64_t offset, int whence);
struct answer model_read(enum descriptor by, const struct buffer *to,
			 size_t count, int64_t position);
struct answer model_write(enum descriptor by, const struct buffer *from,
			  size_t count, int64_t position);

long model_ioctl(enum descriptor by, unsigned long request,
		 const struct buffer *arg);

/* LAB_IOC_FILL changes the memory, LAB_IOC_CHECK what it was given. */
void model_fill(uint64_t seed);
void model_check(struct lab_check *check);

/* model_ring.c: LAB_IOC_PRODUCE, with a count that is allowed. */
int model_produce(struct lab_produce *produce);

#endif /* MODEL_DATA_H */
