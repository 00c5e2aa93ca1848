// SPDX-License-Identifier: GPL-2.0
/*
 * A driver as the answer to that question shows it: each mmap() gets pages of its own, which
 * hold one word over and over
 *
 * Only the length is looked at, and nobody gives the pages back.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#define MOST_PAGES	10
#define WORD		0xdeadbeef

static int fresh_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	const unsigned long size = vma->vm_end - vma->vm_start;
	const unsigned int order = get_order(size);
	unsigned long pages;

	if (size >> PAGE_SHIFT > MOST_PAGES)
		return -EFAULT;
	pages = __get_free_pages(GFP_KERNEL, order);
	if (!pages)
		return -ENOMEM;
	memset32((u32 *)pages, WORD, (PAGE_SIZE << order) / sizeof(u32));
	if (remap_pfn_range(vma, vma->vm_start, virt_to_phys((void *)pages) >> PAGE_SHIFT,
			    size, vma->vm_page_prot))
		return -EAGAIN;
	return 0;
}

static const struct file_operations fresh_pages_fops = {
	.owner = THIS_MODULE,
	.mmap = fresh_pages_mmap,
};

static struct miscdevice fresh_pages = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fresh_pages",
	.fops = &fresh_pages_fops,
};
module_misc_device(fresh_pages);

MODULE_DESCRIPTION("Allocates in mmap(), and never frees");
MODULE_LICENSE("GPL");
