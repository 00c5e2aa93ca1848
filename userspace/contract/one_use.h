/* SPDX-License-Identifier: GPL-2.0 */
/*
 * one_use.h - all that a program can do with a lab, each thing once
 */
#ifndef ONE_USE_H
#define ONE_USE_H

/*
 * Opens the device, makes every request, rightly and wrongly, maps the memory, unmaps
 * it in parts, and closes the device. Fails the check if a call is not answered as it
 * should be.
 */
void use_once(void);

#endif /* ONE_USE_H */
