// SPDX-License-Identifier: GPL-2.0
/*
 * A driver as a question about a book shows it: the offset that the caller of mmap()
 * chooses is the page frame that is mapped, whatever it holds
 *
 * Such a driver was meant for the registers of one device, by a program that knows their
 * address. Nothing here says which device that is, nor where it ends.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static int any_frame_mmap(struct file *file, struct vm_area_struct *vma)
{
	const unsigned long size = vma->vm_end - vma->vm_start;

	if (remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, size,
			    vma->vm_page_prot))
		return -EAGAIN;
	return 0;
}

static const struct file_operations any_frame_fops = {
	.owner = THIS_MODULE,
	.mmap = any_frame_mmap,
};

static struct miscdevice any_frame = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "any_frame",
	.fops = &any_frame_fops,
};
module_misc_device(any_frame);

MODULE_DESCRIPTION("Maps whatever page frame it is asked for");
MODULE_LICENSE("GPL");
