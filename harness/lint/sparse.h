/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sparse.h - what Debian's sparse lacks to read the newest kernels' headers
 *
 * Sparse reads this before each file, and no compiler ever does. 0.6.4 does not
 * know __typeof_unqual__, which 7.2 uses, and cannot compute the length of a
 * string, which 7.2 compares with the string's size in each MODULE_INFO().
 */
#define __typeof_unqual__ __typeof__
#define __builtin_strlen(string) (sizeof(string) - 1)
