/* SPDX-License-Identifier: GPL-2.0 */
/*
 * faults.h - making a system call fail
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/**
 * struct failing_call - a call that is made to fail
 * @name: for messages
 * @make: make it; -1 if it fails, with errno
 * @undo: undo it when it did not fail, or NULL
 * @whole: what it returns when it did all
 * @may_be_short: if something fails, it may do a part and return less
 */
struct failing_call {
	const char *name;
	long (*make)(void);
	void (*undo)(long result);
	long whole;
	bool may_be_short;
};

/* Skips the check where the kernel cannot inject faults. */
void require_faults(void);

/*
 * Makes the call with its first allocation or copy failing, with the second, and
 * so on, until a call ends before its fault comes. A call that fails must leave
 * everything as it was, and work when it is made again.
 */
void fail_each(const struct failing_call *call);

/*
 * Makes the call in groups of processes that get no page, one page, and so on, until it
 * works; it must fail so many times at least, as fail_each() says.
 */
void fail_with_few_pages(const struct failing_call *call, unsigned int times);

/*
 * Makes a call with each of its allocations failing in turn that may not wait until
 * memory is free. The call must not need them: it must not fail with ENOMEM.
 */
void fail_what_cannot_wait(const struct failing_call *call);

#endif /* FAULTS_H */
