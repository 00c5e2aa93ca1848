/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory_group.h - a group of processes that gets only so much memory
 */
#ifndef MEMORY_GROUP_H
#define MEMORY_GROUP_H

/* Skips the check where the kernel cannot limit the memory of a group. */
void require_memory_groups(void);

/* Has the caller's memory stay where it is, and the kernel spare it when memory is short. */
void prepare_for_groups(void);

/*
 * Makes the call in a new group that gets so many pages, and leaves the group. Pages for
 * page tables count, as all that the kernel allocates for a process. Returns what the call
 * returned, with its errno.
 */
long call_in_a_group(long (*call)(void), unsigned int pages);

#endif /* MEMORY_GROUP_H */
