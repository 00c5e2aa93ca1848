// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: calls that fail half-way
 */
#include "lab_test.h"

const struct lab_test lab_failing[] = {
	{ .name = NULL },
};
