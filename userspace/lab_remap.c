// SPDX-License-Identifier: GPL-2.0
/*
 * lab_remap: the driver knows how many mappings live
 */
#include "lab_test.h"

static uint32_t fresh_word(uint64_t index)
{
	(void)index;
	return LAB_REMAP_FRESH_WORD;
}

const struct lab_program lab_remap = {
	.device = "lab_remap",
	.mapping = PFNMAP,
	.operations = CAN_USUAL | CAN_COUNT,
	.in_kcore = true,
	.fresh = fresh_word,
	.tests = lab_counted,
};
