/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ktap.h - printing lines of KTAP (Documentation/dev-tools/ktap.rst)
 */
#ifndef KTAP_H
#define KTAP_H

/* Put before each line. */
extern const char *line_prefix;

__attribute__((format(printf, 1, 2)))
void print_line(const char *format, ...);

/* Lines behind a '#'. In a check: for what may not be there to be said later. */
void print_diagnostics(const char *text);

#endif /* KTAP_H */
