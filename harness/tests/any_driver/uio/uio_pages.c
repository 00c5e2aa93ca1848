// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of the kernel behind the kernel's own UIO: how they are mapped is the affair of
 * drivers/uio/uio.c alone, and that is what is to be checked
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/uio_driver.h>

#define ORDER	2

static void uio_pages_release(struct device *device)
{
}

static struct device parent = {
	.init_name = "uio_pages",
	.release = uio_pages_release,
};

static struct uio_info info = {
	.name = "uio_pages",
	.version = "1",
	.irq = UIO_IRQ_NONE,
	.mem[0] = {
		.name = "pages",
		.memtype = UIO_MEM_LOGICAL,
		.size = PAGE_SIZE << ORDER,
	},
};

static int __init uio_pages_init(void)
{
	/* UIO takes a reference to each page that it maps: they must have one count. */
	const gfp_t flags = GFP_KERNEL | __GFP_ZERO | __GFP_COMP;
	unsigned long memory = __get_free_pages(flags, ORDER);
	int err;

	if (!memory)
		return -ENOMEM;
	info.mem[0].addr = memory;
	err = device_register(&parent);
	if (!err)
		err = uio_register_device(&parent, &info);
	if (!err)
		return 0;
	put_device(&parent);
	free_pages(memory, ORDER);
	return err;
}
module_init(uio_pages_init);

static void __exit uio_pages_exit(void)
{
	uio_unregister_device(&info);
	device_unregister(&parent);
	free_pages(info.mem[0].addr, ORDER);
}
module_exit(uio_pages_exit);

MODULE_DESCRIPTION("Pages of the kernel behind UIO");
MODULE_LICENSE("GPL");
