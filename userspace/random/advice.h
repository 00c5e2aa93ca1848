/* SPDX-License-Identifier: GPL-2.0 */
/*
 * advice.h - advice that the C library of Debian 12 does not have yet
 */
#ifndef ADVICE_H
#define ADVICE_H

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

#endif /* ADVICE_H */
