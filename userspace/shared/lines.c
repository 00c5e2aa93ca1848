// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc and /sys that have one line
 */
#include "lines.h"

#include <stdio.h>

void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "r");

	*line = '\0';
	if (!file)
		return;
	if (!fgets(line, size, file))
		*line = '\0';
	fclose(file);
}
