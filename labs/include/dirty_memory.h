/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dirty_memory.h - memory of others, for a lab to find in what it allocates
 *
 * After boot nearly all free memory holds zeroes, so a lab that does not clear its
 * memory would look right. And what a program fills and frees before is soon taken
 * by another: kernel stacks, for one, are cleared as well. So the tests call
 * this in the very thread that is about to call a lab's init function.
 */
#ifndef DIRTY_MEMORY_H
#define DIRTY_MEMORY_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#define DIRTY_BYTE 0xa5

/* The largest block: 2^8 pages. Of the small ones, which come first, there are more. */
#define DIRTY_MOST_ORDER 8
#define DIRTY_BLOCKS(order) ((order) <= PAGE_ALLOC_COSTLY_ORDER ? 32 : 2)
#define DIRTY_OBJECTS 16

static inline struct page *dirty_block(gfp_t zone, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
					__GFP_NORETRY | zone, order);

	if (page)
		memset(page_address(page), DIRTY_BYTE, PAGE_SIZE << order);
	return page;
}

static inline int dirty_compare_frames(const void *a, const void *b)
{
	unsigned long pfn_a = page_to_pfn(*(struct page *const *)a);
	unsigned long pfn_b = page_to_pfn(*(struct page *const *)b);

	return (pfn_a > pfn_b) - (pfn_a < pfn_b);
}

/*
 * The allocator gives out first what came back last: pages that are no neighbours, or
 * vmalloc() might get contiguous frames by chance.
 */
static inline void dirty_free_single_pages(gfp_t zone)
{
	struct page *pages[DIRTY_BLOCKS(0)];
	unsigned int count, i;

	for (count = 0; count < ARRAY_SIZE(pages); count++) {
		pages[count] = dirty_block(zone, 0);
		if (!pages[count])
			break;
	}
	sort(pages, count, sizeof(*pages), dirty_compare_frames, NULL);
	for (i = 0; i < count; i += 2)
		__free_page(pages[i]);
	for (i = 1; i < count; i += 2)
		__free_page(pages[i]);
}

static inline void dirty_free_blocks(gfp_t zone)
{
	struct page *page, *next;
	unsigned int order, i;
	LIST_HEAD(blocks);

	for (order = 1; order <= DIRTY_MOST_ORDER; order++) {
		for (i = 0; i < DIRTY_BLOCKS(order); i++) {
			page = dirty_block(zone, order);
			if (!page)
				break;
			set_page_private(page, order);
			list_add(&page->lru, &blocks);
		}
	}
	list_for_each_entry_safe(page, next, &blocks, lru) {
		order = page_private(page);
		set_page_private(page, 0);
		list_del(&page->lru);
		__free_pages(page, order);
	}
}

static inline void dirty_free_objects(size_t size)
{
	void *objects[DIRTY_OBJECTS];
	unsigned int i;

	for (i = 0; i < DIRTY_OBJECTS; i++) {
		objects[i] = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);
		if (objects[i])
			memset(objects[i], DIRTY_BYTE, size);
	}
	while (i--)
		kfree(objects[i]);
}

static inline void dirty_free_pages(gfp_t zone)
{
	dirty_free_blocks(zone);
	dirty_free_single_pages(zone);
}

/**
 * dirty_free_memory - fill free memory that is likely to be allocated next
 *
 * May sleep. It is a matter of chance whether an allocation of other flags, of
 * another processor or of larger blocks gets some of it.
 */
static inline void dirty_free_memory(void)
{
	if (IS_ENABLED(CONFIG_ZONE_DMA32))
		dirty_free_pages(GFP_DMA32);
	dirty_free_pages(0);
	dirty_free_objects(PAGE_SIZE);
	dirty_free_objects(2 * PAGE_SIZE);
}

#endif /* DIRTY_MEMORY_H */
