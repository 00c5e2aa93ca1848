/* SPDX-License-Identifier: GPL-2.0 */
/*
 * calls.h - use a lab from a case as a program would: map, request, read, write
 *
 * Files are opened and closed by devices.h.
 */
#ifndef KMAPLAB_CALLS_H
#define KMAPLAB_CALLS_H

#include "case.h"

unsigned long kmaplab_map(struct kunit *test, unsigned long pgoff,
			  unsigned long pages);
void kmaplab_unmap(struct kunit *test, unsigned long addr,
		   unsigned long pages);
long kmaplab_try_map(struct file *file, unsigned long pgoff, unsigned long len,
		     unsigned long prot, unsigned long flags);
unsigned long kmaplab_vm_flags(struct kunit *test, unsigned long addr);
void kmaplab_touch(struct kunit *test, unsigned long addr);
int kmaplab_references(struct kunit *test, unsigned long index);
bool kmaplab_has_fault_handler(struct kunit *test, unsigned long addr);
long kmaplab_request(struct kunit *test, struct file *file, unsigned int cmd,
		     void *arg, size_t size);
void kmaplab_expect_bad_pointers_refused(struct kunit *test, unsigned int cmd);
long kmaplab_fill(struct kunit *test, u64 seed);
long kmaplab_check(struct kunit *test, struct lab_check *check);
ssize_t kmaplab_read(struct kunit *test, void *to, size_t count, loff_t pos);
ssize_t kmaplab_write(struct kunit *test, const void *from, size_t count,
		      loff_t pos);

#endif /* KMAPLAB_CALLS_H */
