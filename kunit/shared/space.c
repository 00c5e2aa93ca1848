// SPDX-License-Identifier: GPL-2.0
/*
 * An address space for each case
 *
 * Since 6.10 kunit_vm_mmap() makes one. It goes with the case's thread, some
 * time after the next case has begun, which then finds mappings of the one before:
 * so it is held here and emptied at the case's end.
 *
 * Until 6.10 each suite makes one, if it is built in. A module cannot: mm_alloc()
 * is not exported. But suite_init runs in the process that loads the module, and
 * so a module borrows the address space of that process. Each case unmaps what it
 * has mapped.
 *
 * Only this file depends on the series. (In the labs, lab_compat.h does.)
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

#include "space.h"

#if KERNEL_VERSION(6, 10, 0) > LINUX_VERSION_CODE
static struct mm_struct *suite_mm;
static bool suite_mm_in_use;

#ifdef MODULE
void kmaplab_prepare_mm(void)
{
	if (current->mm && mmget_not_zero(current->mm))
		suite_mm = current->mm;
}
#else
void kmaplab_prepare_mm(void)
{
	suite_mm = mm_alloc();
	if (!suite_mm)
		return;
	suite_mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(suite_mm, &current->signal->rlim[RLIMIT_STACK]);
}
#endif

void kmaplab_release_mm(void)
{
	if (suite_mm)
		mmput(suite_mm);
	suite_mm = NULL;
}

struct user_mapping {
	unsigned long addr;
	unsigned long len;
};

/* Runs in the case's thread or in the process that loads, and both have the mm. */
static void unmap_again(struct kunit_resource *res)
{
	struct user_mapping *mapping = res->data;

	if (current->mm == suite_mm)
		vm_munmap(mapping->addr, mapping->len);
	kfree(mapping);
}

static bool is_mapping(struct kunit *test, struct kunit_resource *res, void *data)
{
	return res->free == unmap_again;
}

static int note_mapping(struct kunit_resource *res, void *context)
{
	res->data = kmemdup(context, sizeof(struct user_mapping), GFP_KERNEL);
	return res->data ? 0 : -ENOMEM;
}

static unsigned long kunit_vm_mmap(struct kunit *test, struct file *file,
				   unsigned long addr, unsigned long len,
				   unsigned long prot, unsigned long flag,
				   unsigned long offset)
{
	struct user_mapping mapping = { .len = len };

	if (!current->mm) {
		if (!suite_mm || !mmget_not_zero(suite_mm))
			return 0;
		kthread_use_mm(suite_mm);
		suite_mm_in_use = true;
	}
	mapping.addr = vm_mmap(file, addr, len, prot, flag, offset);
	if (IS_ERR_VALUE(mapping.addr))
		return mapping.addr;
	if (!kunit_alloc_resource(test, note_mapping, unmap_again, GFP_KERNEL,
				  &mapping)) {
		vm_munmap(mapping.addr, len);
		return 0;
	}
	return mapping.addr;
}

struct mm_struct *kmaplab_hold_mm(void)
{
	return suite_mm;
}

/*
 * When a case is aborted its thread ends. That drops the thread's reference to the
 * address space as a user, but not the one that kthread_use_mm() took.
 */
void kmaplab_empty_mm(struct kunit *test, struct mm_struct *mm)
{
	if (!suite_mm_in_use)
		return;
	while (!kunit_destroy_resource(test, is_mapping, NULL))
		;
	if (current->flags & PF_KTHREAD) {
		kthread_unuse_mm(mm);
		mmput(mm);
	} else {
		mmdrop(mm);
	}
	suite_mm_in_use = false;
}
#else
/**
 * kmaplab_prepare_mm - get ready for cases that map, when a suite begins
 */
void kmaplab_prepare_mm(void)
{
}

/**
 * kmaplab_release_mm - undo kmaplab_prepare_mm()
 */
void kmaplab_release_mm(void)
{
}

/**
 * kmaplab_hold_mm - keep the case's address space until kmaplab_empty_mm()
 *
 * Return: the address space; there is one after the first kmaplab_vm_mmap().
 */
struct mm_struct *kmaplab_hold_mm(void)
{
	mmget(current->mm);
	return current->mm;
}

/**
 * kmaplab_empty_mm - unmap all that the case has mapped, and let go of the rest
 * @test: the case
 * @mm: what kmaplab_hold_mm() returned
 */
void kmaplab_empty_mm(struct kunit *test, struct mm_struct *mm)
{
	kthread_use_mm(mm);
	vm_munmap(0, TASK_SIZE);
	kthread_unuse_mm(mm);
	mmput(mm);
}
#endif

/**
 * kmaplab_vm_mmap - map to read and write, for the rest of the case
 * @test: the case
 * @file: what to map, or NULL for anonymous memory
 * @len: bytes
 * @flags: MAP_* bits
 * @offset: in the file, in bytes
 *
 * Return: the address, an error, or 0 if the case has no address space.
 */
unsigned long kmaplab_vm_mmap(struct kunit *test, struct file *file,
			      unsigned long len, unsigned long flags,
			      unsigned long offset)
{
	return kunit_vm_mmap(test, file, 0, len, PROT_READ | PROT_WRITE, flags,
			     offset);
}
