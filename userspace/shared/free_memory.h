/* SPDX-License-Identifier: GPL-2.0 */
/*
 * free_memory.h - how much memory is free, for checks that look for leaks
 */
#ifndef FREE_MEMORY_H
#define FREE_MEMORY_H

/* In KiB. */
long free_memory(void);

/*
 * Much is freed only when each processor has passed a quiet moment (RCU): processes, files,
 * slabs. Returns when all have.
 */
void wait_for_what_is_freed_later(void);

/* Has each processor report what it has yet to count. */
void fold_counters(void);

/*
 * Returns what caches hold. KASAN keeps freed objects for a while, until their cache
 * is shrunk.
 */
void shrink_caches(void);

#endif /* FREE_MEMORY_H */
