// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: the mapping itself: its flags, and what may be done to it
 */
#include "lab_test.h"

const struct lab_test lab_area[] = {
	{ .name = NULL },
};
