// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: modules that come and go
 */
#include "lab_test.h"

const struct lab_test lab_lifetime[] = {
	{ .name = NULL },
};
