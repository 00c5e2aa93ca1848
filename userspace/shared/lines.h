/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lines.h - files of /proc and /sys that have one line
 */
#ifndef LINES_H
#define LINES_H

/* Reads the first line of a file, with its end; an empty one if there is no such file. */
void read_line(const char *path, char *line, int size);

#endif /* LINES_H */
