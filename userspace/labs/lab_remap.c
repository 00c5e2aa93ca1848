// SPDX-License-Identifier: GPL-2.0
/*
 * lab_remap: the driver counts its mappings
 */
#include "shared/checks.h"

static uint32_t fresh_word(uint64_t index)
{
	(void)index;
	return LAB_REMAP_FRESH_WORD;
}

static const struct program program = {
	.lab = "lab_remap",
	.mapping = &pfnmap,
	.operations = USUAL_OPERATIONS | CAN_COUNT,
	.fresh = fresh_word,
};

REGISTER_PROGRAM(program);
