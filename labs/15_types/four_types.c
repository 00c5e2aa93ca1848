// SPDX-License-Identifier: GPL-2.0
/*
 * The four memory types: their names, and how a program's mapping gets them
 *
 * lab_types.c has what each is for, and how the kernel's mapping gets it.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "four_types.h"

static const char *const four_types[] = {
	[WRITE_BACK] = "wb",
	[WRITE_COMBINING] = "wc",
	[UNCACHED] = "uc",
	[DEVICE] = "device",
};

/**
 * four_types_find - which of the types has this name?
 * @parameter: the parameter that was given, for the message
 * @value: its value, any text
 * @found: the type, if there is one
 *
 * Return: 0, or -EINVAL, with a message in the log, if there is no such type.
 */
int four_types_find(const char *parameter, const char *value,
		    enum four_types *found)
{
	int which = match_string(four_types, ARRAY_SIZE(four_types), value);

	if (which < 0) {
		pr_err("lab_types: %s=%s is unknown: wb, wc, uc or device\n",
		       parameter, value);
		return -EINVAL;
	}
	*found = which;
	return 0;
}
EXPORT_SYMBOL_GPL(four_types_find);

/**
 * four_types_ask_for - a type for a program's mapping
 * @wanted: the type
 * @prot: what the entries would have otherwise, as vma->vm_page_prot
 *
 * vma->vm_page_prot is what all entries of the VMA begin with. It says write-back, as for
 * any file. A pgprot_...() changes the bits that are the memory type, and leaves the
 * others. Each belongs to one function of the kernel's side: pgprot_noncached() is not the
 * type of ioremap(), though on x86 both are the same bits.
 *
 * Return: @prot with the type.
 */
pgprot_t four_types_ask_for(enum four_types wanted, pgprot_t prot)
{
	switch (wanted) {
	case WRITE_COMBINING:
		return pgprot_writecombine(prot);
	case UNCACHED:
		return pgprot_noncached(prot);
	case DEVICE:
		return pgprot_device(prot);
	default:
		return prot;
	}
}
EXPORT_SYMBOL_GPL(four_types_ask_for);

MODULE_DESCRIPTION("kmaplab: the four memory types of lab_types");
MODULE_LICENSE("GPL");
