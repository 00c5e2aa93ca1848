/* SPDX-License-Identifier: GPL-2.0 */
/*
 * four_types.h - the four memory types of lab_types
 */
#ifndef FOUR_TYPES_H
#define FOUR_TYPES_H

#include <linux/mm_types.h>

/* As lab_types.c explains them. */
enum four_types { WRITE_BACK, WRITE_COMBINING, UNCACHED, DEVICE };

int four_types_find(const char *parameter, const char *value,
		    enum four_types *found);
pgprot_t four_types_ask_for(enum four_types wanted, pgprot_t prot);

#endif /* FOUR_TYPES_H */
