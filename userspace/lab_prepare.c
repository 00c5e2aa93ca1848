// SPDX-License-Identifier: GPL-2.0
/*
 * lab_prepare: whoever maps through mmap_prepare() counts as well as lab_remap
 */
#include "lab_test.h"

const struct lab_program lab_prepare = {
	.device = "lab_prepare",
	.mapping = PFNMAP,
	.operations = CAN_USUAL | CAN_COUNT,
	.in_kcore = true,
	.fresh = lab_fresh_zero,
	.tests = lab_counted,
};
