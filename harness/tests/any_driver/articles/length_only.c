// SPDX-License-Identifier: GPL-2.0
/*
 * A driver as an article on ioremap() and mmap() shows it: memory that holds "abcd" over and
 * over is mapped from the offset on that the caller chooses, and only the length is looked at
 *
 * The article's driver takes its memory from the end of the machine's, which the kernel had
 * to be told to leave alone. Here it is allocated instead: what mmap() does is the same.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#define ORDER	2
#define SIZE	(PAGE_SIZE << ORDER)

static unsigned long memory;

static int length_only_mmap(struct file *file, struct vm_area_struct *vma)
{
	const unsigned long frame = virt_to_phys((void *)memory) >> PAGE_SHIFT;
	const unsigned long size = vma->vm_end - vma->vm_start;

	if (size > SIZE)
		return -ENXIO;
	if (remap_pfn_range(vma, vma->vm_start, frame + vma->vm_pgoff, size,
			    vma->vm_page_prot))
		return -ENXIO;
	return 0;
}

static const struct file_operations length_only_fops = {
	.owner = THIS_MODULE,
	.mmap = length_only_mmap,
};

static struct miscdevice length_only = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "length_only",
	.fops = &length_only_fops,
};

static int __init length_only_init(void)
{
	char *bytes;
	size_t i;
	int err;

	memory = __get_free_pages(GFP_KERNEL, ORDER);
	if (!memory)
		return -ENOMEM;
	bytes = (char *)memory;
	for (i = 0; i < SIZE; i++)
		bytes[i] = "abcd"[i % 4];
	err = misc_register(&length_only);
	if (err)
		free_pages(memory, ORDER);
	return err;
}
module_init(length_only_init);

static void __exit length_only_exit(void)
{
	misc_deregister(&length_only);
	free_pages(memory, ORDER);
}
module_exit(length_only_exit);

MODULE_DESCRIPTION("Maps its memory and what lies behind it");
MODULE_LICENSE("GPL");
