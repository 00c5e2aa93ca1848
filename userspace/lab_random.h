/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_random.h - what the kinds of random calls share
 *
 * lab_random_areas.c has those that change areas, lab_random_data.c those that
 * move bytes or ask questions. Each draws its arguments, notes the call, makes
 * it, and compares the answer with that of lab_model.h.
 */
#ifndef LAB_RANDOM_H
#define LAB_RANDOM_H

#include <stdnoreturn.h>

#include "lab_model.h"

#define LAB_ARGUMENTS 6

/**
 * struct lab_ground - what the calls are made with
 * @fd: the descriptors, by enum lab_descriptor; the last is -1
 * @file: of a page, to have the kernel touch an address on its way there
 * @shown: the same file, mapped
 * @source: @size bytes that nobody could guess
 * @target: as many, of any contents
 * @size: more than the memory has, by a page
 * @read_only: a page of zeroes that can only be read
 * @forbidden: a page that was never touched and cannot be
 * @reads_forbidden: this kernel itself reads from pages that are there but are
 *	forbidden to the program, as that of user-mode Linux does
 */
extern struct lab_ground {
	int fd[LAB_DESCRIPTORS + 1];
	int file;
	unsigned char *shown;
	unsigned char *source;
	unsigned char *target;
	size_t size;
	unsigned char *read_only;
	unsigned char *forbidden;
	bool reads_forbidden;
} lab_ground;

/* A number below @limit, from the seed; the only source of chance. */
uint64_t lab_draw(uint64_t limit);
bool lab_one_in(uint64_t count);

#define LAB_DRAW_FROM(array) ({						\
	__auto_type all_ = &(array);					\
	(*all_)[lab_draw(sizeof(*all_) / sizeof(**all_))];		\
})

enum lab_descriptor lab_draw_descriptor(void);

/* A page's address: of any spot, but more often of one where an area is. */
unsigned long lab_draw_address(void);

/**
 * lab_note - remember the call that comes
 * @name: of the system call
 * @kinds: what each argument is, by a letter, for whoever reads the report
 */
#define lab_note(name, kinds, ...)					\
	lab_note_call(name, kinds,					\
		      (const unsigned long[LAB_ARGUMENTS]) { __VA_ARGS__ })

void lab_note_call(const char *name, const char *kinds,
		   const unsigned long *arguments);

/* The answer to the call that was noted: -1 and errno become -errno. */
long lab_answered(long result);

/* Fails the test if it was another; returns whether the call succeeded. */
bool lab_agree(struct lab_answer predicted, long found);
bool lab_agree_exactly(long predicted, long found);

/* Fails the test with a text, and with the calls that led there. */
__attribute__((format(printf, 1, 2)))
noreturn void lab_disagree(const char *format, ...);

/* Does the page table name the right frame, and has it the right contents? */
void lab_look_at(unsigned long addr);

/* The kinds: each makes one call and returns whether it succeeded. */
bool lab_random_mmap(void);
bool lab_random_munmap(void);
bool lab_random_mprotect(void);
bool lab_random_mremap(void);
bool lab_random_madvise(void);
bool lab_random_msync(void);
bool lab_random_peek(void);
bool lab_random_poke(void);
bool lab_random_lseek(void);
bool lab_random_read(void);
bool lab_random_pread(void);
bool lab_random_write(void);
bool lab_random_pwrite(void);
bool lab_random_ioctl(void);

/* Reads the whole memory, has the areas counted, and one wrong byte found. */
void lab_compare_all(void);

#endif /* LAB_RANDOM_H */
