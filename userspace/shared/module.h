/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module.h - the lab's module: loading and unloading it
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdint.h>

/* Reads the file and the parameters while the module is there to be unloaded. */
void read_module(void);

/* These fail the check if the system call fails. */
void must_load(void);
void must_load_with(const char *more);
void must_unload(void);

/* For checks that load the lab anew, or see that it cannot be loaded. */
void close_and_unload(void);

/*
 * More pages than one page table maps, which with pages of 4 KiB is 512; fewer if this load
 * cannot have them. The module must be loaded.
 */
uint64_t many_pages(void);

/* Loads it anew with so many pages, which it must report, and opens the device. */
void must_reload_with_pages(uint64_t pages);
/* Loads it anew without pages=, and then it must report so many. */
void must_reload_without_pages(uint64_t pages);

/* init_module() with "name=value name=value" besides: -1 and errno if it fails. */
int load_with(const char *more);

/* delete_module(): -1 and errno if it fails. */
int unload(void);

/* Loads a lab beside this one and returns its name; skips the check without one. */
const char *load_another(void);
void unload_another(const char *name);

#endif /* MODULE_H */
