/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parameters.h - the parameters of a module that is loaded
 */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include <stddef.h>

/* The value of a parameter, without the line's end; fails the check without it. */
void read_parameter(const char *module, const char *name, char *value,
		    size_t size);

#endif /* PARAMETERS_H */
