/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_kunit_compat.h - where KUnit differs between the series
 *
 * The suites read as code for the newest kernel; what an older series lacks is
 * made here, and only here. (For the labs themselves, lab_compat.h does that.)
 */
#ifndef LAB_KUNIT_COMPAT_H
#define LAB_KUNIT_COMPAT_H

#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

/*
 * An address space for each case
 *
 * Since 6.10 kunit_vm_mmap() makes one. It goes with the case's thread, some
 * time after the next case has begun, which then finds mappings of the one before:
 * so it is held here and emptied at the case's end.
 *
 * Until 6.10 each suite makes one, if it is built in. A module cannot: mm_alloc()
 * is not exported. But suite_init runs in the process that loads the module, so
 * there it borrows that one's. Each case unmaps what it has mapped.
 */
#if KERNEL_VERSION(6, 10, 0) > LINUX_VERSION_CODE
static struct mm_struct *lab_kunit_mm;
static bool lab_kunit_mm_in_use;

#ifdef MODULE
static inline void lab_kunit_keep_mm(void)
{
	if (current->mm && mmget_not_zero(current->mm))
		lab_kunit_mm = current->mm;
}
#else
static inline void lab_kunit_keep_mm(void)
{
	lab_kunit_mm = mm_alloc();
	if (!lab_kunit_mm)
		return;
	lab_kunit_mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(lab_kunit_mm,
			      &current->signal->rlim[RLIMIT_STACK]);
}
#endif

static inline void lab_kunit_drop_mm(void)
{
	if (lab_kunit_mm)
		mmput(lab_kunit_mm);
	lab_kunit_mm = NULL;
}

struct lab_kunit_vm_mmap {
	unsigned long addr;
	unsigned long len;
};

/* Runs in the case's thread or in the process that loads, and both have the mm. */
static inline void lab_kunit_vm_munmap(struct kunit_resource *res)
{
	struct lab_kunit_vm_mmap *area = res->data;

	if (current->mm == lab_kunit_mm)
		vm_munmap(area->addr, area->len);
	kfree(area);
}

static inline bool lab_kunit_is_area(struct kunit *test,
				     struct kunit_resource *res, void *data)
{
	return res->free == lab_kunit_vm_munmap;
}

static inline int lab_kunit_vm_mmap(struct kunit_resource *res, void *context)
{
	res->data = kmemdup(context, sizeof(struct lab_kunit_vm_mmap),
			    GFP_KERNEL);
	return res->data ? 0 : -ENOMEM;
}

static inline unsigned long kunit_vm_mmap(struct kunit *test,
					  struct file *file,
					  unsigned long addr,
					  unsigned long len,
					  unsigned long prot,
					  unsigned long flag,
					  unsigned long offset)
{
	struct lab_kunit_vm_mmap area = { .len = len };

	if (!current->mm) {
		if (!lab_kunit_mm || !mmget_not_zero(lab_kunit_mm))
			return 0;
		kthread_use_mm(lab_kunit_mm);
		lab_kunit_mm_in_use = true;
	}
	area.addr = vm_mmap(file, addr, len, prot, flag, offset);
	if (IS_ERR_VALUE(area.addr))
		return area.addr;
	if (!kunit_alloc_resource(test, lab_kunit_vm_mmap, lab_kunit_vm_munmap,
				  GFP_KERNEL, &area)) {
		vm_munmap(area.addr, len);
		return 0;
	}
	return area.addr;
}

static inline struct mm_struct *lab_kunit_hold_mm(void)
{
	return lab_kunit_mm;
}

/*
 * A case that was aborted has lost its thread, whose end gave back the user's
 * reference to the address space, but not the one that kthread_use_mm() took.
 */
static inline void lab_kunit_empty_mm(struct kunit *test, struct mm_struct *mm)
{
	if (!lab_kunit_mm_in_use)
		return;
	while (!kunit_destroy_resource(test, lab_kunit_is_area, NULL))
		;
	if (current->flags & PF_KTHREAD) {
		kthread_unuse_mm(mm);
		mmput(mm);
	} else {
		mmdrop(mm);
	}
	lab_kunit_mm_in_use = false;
}
#else
static inline void lab_kunit_keep_mm(void)
{
}

static inline void lab_kunit_drop_mm(void)
{
}

static inline struct mm_struct *lab_kunit_hold_mm(void)
{
	mmget(current->mm);
	return current->mm;
}

static inline void lab_kunit_empty_mm(struct kunit *test, struct mm_struct *mm)
{
	kthread_use_mm(mm);
	vm_munmap(0, TASK_SIZE);
	kthread_unuse_mm(mm);
	mmput(mm);
}
#endif

#endif /* LAB_KUNIT_COMPAT_H */
