/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random.h - the check that makes random calls
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "shared/program.h"

extern const struct check random_checks[];

#endif /* RANDOM_H */
