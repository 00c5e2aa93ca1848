/* SPDX-License-Identifier: GPL-2.0 */
/*
 * faults.h - make an allocation of this thread fail
 *
 * The kernel's fault injection can make the n-th allocation of a thread fail,
 * whatever it is for (Documentation/fault-injection/fault-injection.rst,
 * "fail-nth"). By default it spares allocations that may wait: the guest's init,
 * harness/guest/files/init, changes that.
 */
#ifndef KMAPLAB_FAULTS_H
#define KMAPLAB_FAULTS_H

#include <linux/types.h>

#define KMAPLAB_CANNOT_FAIL						\
	"allocations cannot be made to fail here: needs CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, and N in ignore-gfp-wait of both"

bool kmaplab_can_fail(void);
void kmaplab_fail_nth(unsigned int n);
unsigned int kmaplab_fail_none(void);
int kmaplab_spare_those_that_wait(bool spare);

#endif /* KMAPLAB_FAULTS_H */
