/* SPDX-License-Identifier: GPL-2.0 */
/*
 * space.h - the address space that a case uses as a user program would
 */
#ifndef KMAPLAB_SPACE_H
#define KMAPLAB_SPACE_H

#include <kunit/test.h>

struct file;
struct mm_struct;

void kmaplab_prepare_mm(void);
void kmaplab_release_mm(void);

unsigned long kmaplab_vm_mmap(struct kunit *test, struct file *file,
			      unsigned long len, unsigned long flags,
			      unsigned long offset);

struct mm_struct *kmaplab_hold_mm(void);
void kmaplab_empty_mm(struct kunit *test, struct mm_struct *mm);

#endif /* KMAPLAB_SPACE_H */
