// SPDX-License-Identifier: GPL-2.0
/*
 * The parameters of a module that is loaded, from /sys/module
 */
#include "parameters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

void read_parameter(const char *module, const char *name, char *value,
		    size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(fgets(value, (int)size, file));
	fclose(file);
	value[strcspn(value, "\n")] = '\0';
}
