/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h - the line in the kernel log where a case begins
 */
#ifndef KMAPLAB_LOG_H
#define KMAPLAB_LOG_H

#include <linux/printk.h>
#include <linux/sched.h>

/**
 * kmaplab_log_case - write to the kernel log that a case begins, and in which thread
 * @name: of the case
 *
 * harness/results/kunit_log.py reads this line. If the kernel reports an error between
 * this line and the case's result, the case fails; it also fails if this thread leaks
 * memory that it allocated.
 */
static inline void kmaplab_log_case(const char *name)
{
	pr_info("kmaplab: case %s pid %d\n", name, task_pid_nr(current));
}

#endif /* KMAPLAB_LOG_H */
