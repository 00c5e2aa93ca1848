/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module.h - the lab's module: loading and unloading it
 */
#ifndef MODULE_H
#define MODULE_H

/* Reads the file and the parameters while the module is there to be unloaded. */
void read_module(void);

/* These fail the check if the system call fails. */
void must_load(void);
void must_unload(void);

/* delete_module(): -1 and errno if it fails. */
int unload(void);

#endif /* MODULE_H */
