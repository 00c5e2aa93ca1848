/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAB_ENDS_H
#define LAB_ENDS_H

extern char *lab_ends_how;

#endif /* LAB_ENDS_H */
