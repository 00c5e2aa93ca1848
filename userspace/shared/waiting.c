// SPDX-License-Identifier: GPL-2.0
/*
 * A check waits until the host has looked at the machine
 */
#include "waiting.h"

#include <inttypes.h>

#include "ktap.h"
#include "witness.h"

/*
 * No system call: when the host stops the machine, the processor must be in this
 * program, with the page tables of this program in use.
 */
void wait_for_host(const char *kind, const void *box, volatile uint64_t *state)
{
	*state = WITNESS_WAITED_FOR;
	print_line("witness %s0x%" PRIxPTR, kind, (uintptr_t)box);
	while (*state != WITNESS_WAS_HERE)
		;
}
