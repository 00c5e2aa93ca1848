// SPDX-License-Identifier: GPL-2.0
/*
 * lab_prepare: the driver counts its mappings, which mmap_prepare() makes
 */
#include "shared/checks.h"

static const struct program program = {
	.lab = "lab_prepare",
	.mapping = &pfnmap,
	.operations = USUAL_OPERATIONS | CAN_COUNT,
	.fresh = expect_zero,
};

REGISTER_PROGRAM(program);
