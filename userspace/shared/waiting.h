/* SPDX-License-Identifier: GPL-2.0 */
/*
 * waiting.h - a check waits until the host has looked at the machine
 */
#ifndef WAITING_H
#define WAITING_H

#include <stdint.h>

/* Says of what kind the box is, with a blank behind it, and where; "" is one of frames. */
void wait_for_host(const char *kind, const void *box, volatile uint64_t *state);

#endif /* WAITING_H */
