// SPDX-License-Identifier: GPL-2.0
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

/**
 * small_read - read a register
 * @base: where the registers are
 * @number: which one
 *
 * Return: what it holds.
 */
static u32 small_read(void __iomem *base, unsigned int number)
{
	return ioread32(base + 4 * number);
}

static int __init small_init(void)
{
	void *page = kzalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	pr_info("%u\n", small_read((void __iomem *)page, 1));
	kfree(page);
	return 0;
}
module_init(small_init);

MODULE_DESCRIPTION("nothing is wrong with it");
MODULE_LICENSE("GPL");
