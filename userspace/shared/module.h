/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module.h - the lab's module: its parameters, loading and unloading it
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>

/* Is the module loaded with this "parameter=value"? */
bool is_loaded_with(const char *parameter);

/* Reads the file and the parameters while the module is there to be unloaded. */
void read_module(void);

/* These fail the check if the system call fails. */
void must_load(void);
void must_unload(void);

/* delete_module(): -1 and errno if it fails. */
int unload(void);

#endif /* MODULE_H */
