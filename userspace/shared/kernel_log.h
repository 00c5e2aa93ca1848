/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel_log.h - what the kernel says from now on
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

/* All that was said until now is of no interest. */
void skip_kernel_log(void);

/*
 * What was said since, and was not read yet, a line for each message, as "LEVEL text".
 * The caller frees it.
 */
char *read_kernel_log(void);

#endif /* KERNEL_LOG_H */
