// SPDX-License-Identifier: GPL-2.0
/*
 * The contract, as tests: access that goes through get_user_pages()
 */
#include "lab_test.h"

const struct lab_test lab_gup[] = {
	{ .name = NULL },
};
