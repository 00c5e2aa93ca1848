/* SPDX-License-Identifier: GPL-2.0 */
/*
 * standstill.h - the racer is stopped wherever it is, also inside of the kernel
 *
 * A process that has precedence takes the racer's processor away. A signal would not do: it
 * waits for the end of the call. If the racer holds a lock it keeps it meanwhile, and those
 * who wait for the lock sleep, since its holder does not run.
 */
#ifndef STANDSTILL_H
#define STANDSTILL_H

/* Starts the process, which does nothing yet. It ends with the caller. */
void prepare_standstill(void);

/* Returns when the racer stands still. Fails the check if its processor cannot be taken. */
void stop_the_racer(void);

/* The racer goes on. */
void let_the_racer_go_on(void);

#endif /* STANDSTILL_H */
