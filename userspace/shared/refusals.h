/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refusals.h - loads that a module must refuse
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "regions.h"

/**
 * struct refusal - a load that must be refused
 * @parameters: besides those that the module was loaded with; NULL ends a list
 * @error: the expected errno
 * @or: another one that is right as well, or 0
 */
struct refusal {
	const char *parameters;
	int error;
	int or;
};

#define REFUSAL(parameters_, error_) \
	{ .parameters = (parameters_), .error = (error_) }

/* Values of a parameter how= that no lab has. */
extern const struct refusal wrong_kinds[];

/*
 * Tries to load the module with each of a list. The error must be the expected one, or
 * ERANGE in place of EINVAL, which the kernel itself answers for a number that has no
 * place in the parameter's type. The log must have a line that says why, and nothing of
 * the device may be left. Afterwards the module is loaded as before.
 */
void assert_refusals(const struct refusal *list);

/*
 * The memory is a part of @whole: loads the module with all the pages of that, and tries to load
 * it with one more. Afterwards it is loaded as before, and the device is closed.
 */
void assert_ends_with(struct region whole);

#endif /* REFUSALS_H */
