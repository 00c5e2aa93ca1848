// SPDX-License-Identifier: GPL-2.0
/*
 * Printing lines of KTAP
 */
#include "ktap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *line_prefix = "";

void print_line(const char *format, ...)
{
	va_list args;

	fputs(line_prefix, stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void print_diagnostics(const char *text)
{
	const char *line = text;

	while (*line) {
		size_t length = strcspn(line, "\n");

		print_line("# %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}
