/* SPDX-License-Identifier: GPL-2.0 */
/*
 * core_file.h - the headers of a core file of this machine, as wide as its addresses
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <elf.h>
#include <link.h>

#define core_header ElfW(Ehdr)
#define core_segment ElfW(Phdr)

#endif /* CORE_FILE_H */
