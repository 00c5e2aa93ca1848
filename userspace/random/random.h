/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random.h - the checks that make random calls
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "shared/program.h"

extern const struct check random_checks[], random_places_checks[];

#endif /* RANDOM_H */
