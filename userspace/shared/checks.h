/* SPDX-License-Identifier: GPL-2.0 */
/*
 * checks.h - all that checks are written with
 */
#ifndef CHECKS_H
#define CHECKS_H

#include "children.h"
#include "compare.h"
#include "driver.h"
#include "fixture.h"
#include "kernel_side.h"
#include "ktap.h"
#include "module.h"
#include "program.h"
#include "user_side.h"

#include "lab.h"
#include "lab_pattern.h"

#endif /* CHECKS_H */
