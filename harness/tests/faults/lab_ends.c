// SPDX-License-Identifier: GPL-2.0
/*
 * How the suite lab_ends_kunit is to end
 */
#include <linux/module.h>

#include "lab_ends.h"

char *lab_ends_how = "";
EXPORT_SYMBOL_GPL(lab_ends_how);
module_param_named(how, lab_ends_how, charp, 0444);
MODULE_PARM_DESC(how, "crash, spin, sleep, off, fail or lie");

MODULE_DESCRIPTION("kmaplab: how a suite of the tests is to end");
MODULE_LICENSE("GPL");
