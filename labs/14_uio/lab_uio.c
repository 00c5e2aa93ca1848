// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in user space: UIO
 *
 * edu_registers.c (../09_bar) drives QEMU's edu device: it has the device compute, waits for
 * it and answers requests. A program could do all of that, if it had the registers and could
 * wait for an interrupt. UIO gives it both. The kernel keeps what a program cannot do: it
 * finds the device, lists what may be mapped, and stops an interrupt. The rest of the driver
 * is in ../../userspace/shared/uio_device.h.
 *
 * There are two nodes. /dev/uioN is UIO's: a program maps the registers and a buffer
 * there, and waits for interrupts. /dev/lab_uio has the requests of every lab, for the same
 * buffer: without it nobody could ask what the kernel sees there.
 */
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uio_driver.h>

#include "edu_uio.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/* Open files of /dev/uioN. UIO holds a lock while it calls open() and release(). */
static unsigned int lab_uio_users;

/*
 * Allocate: pages, each with a reference count of its own
 *
 * UIO maps them by page faults, and takes a reference to each. So alloc_pages_exact() splits
 * the block into single pages, as in lab_fault. The buffer belongs to the module and not to
 * the device. Whoever has a node open holds the module, so the buffer stays, even if the
 * device goes.
 */
static int lab_uio_get(void)
{
	void *memory = alloc_pages_exact(lab.size,
					 GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	if (!memory) {
		pr_err("lab_uio: no %zu bytes in one piece\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, memory);
	return 0;
}

static void lab_uio_translate(const struct lab *lab, unsigned long index,
			      struct lab_page *page)
{
	void *addr = lab->view.vaddr + (index << PAGE_SHIFT);

	page->kernel_addr = (unsigned long)addr;
	page->pfn = PHYS_PFN(virt_to_phys(addr));
}

/*
 * Answer an interrupt: stop it
 *
 * An interrupt line stays raised until somebody acknowledges the reason in the device's
 * registers. Here the program does that, and may take its time. Until then the line would
 * interrupt again and again, and the processor would do nothing else. So the handler switches
 * the device's interrupt off, by a bit that every PCI device has. For that it need not know
 * anything about edu.
 *
 * If the handler returns IRQ_HANDLED, UIO counts the interrupt and wakes whoever waits for it.
 * IRQ_NONE says that it was another device on the same line.
 */
static irqreturn_t lab_uio_answer(int irq, struct uio_info *info)
{
	return pci_check_and_mask_intx(info->priv) ? IRQ_HANDLED : IRQ_NONE;
}

/*
 * Switch the interrupt on and off: what write() of /dev/uioN does
 *
 * The program writes 1 when it has acknowledged. If the device still has a reason, it
 * interrupts at once.
 */
static int lab_uio_switch(struct uio_info *info, s32 on)
{
	if (on != 0 && on != 1)
		return -EINVAL;
	pci_intx(info->priv, on);
	return 0;
}

/*
 * Open and release: no program finds what another one has left
 *
 * A program can end at any moment, while the device works for it. The kernel then closes its
 * files. With the last of them release() switches the interrupt off, since nobody is left to
 * answer it. The next program must not get the interrupt that the dead one was waiting for, so
 * the first open() has the device forget its reasons.
 */
static int lab_uio_open(struct uio_info *info, struct inode *inode)
{
	if (lab_uio_users++)
		return 0;
	edu_uio_quiet();
	pci_intx(info->priv, 1);
	return 0;
}

static int lab_uio_release(struct uio_info *info, struct inode *inode)
{
	if (!--lab_uio_users)
		pci_intx(info->priv, 0);
	return 0;
}

/*
 * List: what a program may map
 *
 * mmap() at page offset N maps region N, always from its beginning: UIO has no other
 * offsets. UIO_MEM_PHYS is a device's memory, mapped uncached and all at once.
 * UIO_MEM_LOGICAL is memory of the kernel, of which each page is mapped when it is first
 * accessed.
 *
 * The region that is mapped page by page comes last. If a program unmaps the first page of
 * it, the rest has another offset, which UIO takes for the number of another region. Behind
 * the last region there is none, so the next access to a page that is not there yet is a
 * SIGBUS.
 */
static struct uio_info lab_uio_info = {
	.name = "lab_uio",
	.version = "1",
	.irq_flags = IRQF_SHARED,
	.handler = lab_uio_answer,
	.irqcontrol = lab_uio_switch,
	.open = lab_uio_open,
	.release = lab_uio_release,
};

static void lab_uio_list(struct pci_dev *pdev)
{
	lab_uio_info.mem[0] = (struct uio_mem) {
		.name = "registers",
		.memtype = UIO_MEM_PHYS,
		.addr = pci_resource_start(pdev, EDU_BAR),
		.size = PAGE_SIZE,
	};
	lab_uio_info.mem[1] = (struct uio_mem) {
		.name = "buffer",
		.memtype = UIO_MEM_LOGICAL,
		.addr = (unsigned long)lab.view.vaddr,
		.size = lab.size,
	};
}

/*
 * Add and remove: called when the device comes, and when it goes
 *
 * From uio_register_device() on programs can open the node, and the handler can run.
 *
 * A device can be taken away while programs use it. uio_unregister_device() ends their
 * waits and refuses what comes later; release() above is not called any more. A mapping of
 * the registers stays, since UIO has no list of mappings. If the device stays and only loses
 * its driver, it still shares its line with others: so no reason to interrupt may be left.
 */
static int lab_uio_add(struct pci_dev *pdev)
{
	int err = edu_uio_take(pdev);

	if (err)
		return err;
	lab_uio_users = 0;
	lab_uio_list(pdev);
	lab_uio_info.irq = pci_irq_vector(pdev, 0);
	lab_uio_info.priv = pdev;
	return uio_register_device(&pdev->dev, &lab_uio_info);
}

static void lab_uio_remove(struct pci_dev *pdev)
{
	uio_unregister_device(&lab_uio_info);
	edu_uio_quiet();
}

/*
 * The lab's own node: it cannot be mapped, for that is UIO's part
 */
static const struct file_operations lab_uio_fops = { LAB_FILE_OPERATIONS };

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_uio", &lab_uio_fops),
	.flags = LAB_INFO_CONTIGUOUS,
	.translate = lab_uio_translate,
};

/*
 * Load and unload: the buffer is there before the device, and after it
 */
static int __init lab_uio_init(void)
{
	int err = lab_set_size(&lab, pages, MAX_ORDER_NR_PAGES);

	if (err)
		return err;
	err = lab_uio_get();
	if (err)
		return err;
	err = lab_register(&lab);
	if (err)
		goto give_back;
	err = edu_uio_register(lab_uio_add, lab_uio_remove);
	if (err)
		goto unregister;
	return 0;

unregister:
	lab_unregister(&lab);
give_back:
	free_pages_exact(lab.view.vaddr, lab.size);
	return err;
}

static void __exit lab_uio_exit(void)
{
	edu_uio_unregister();
	lab_unregister(&lab);
	free_pages_exact(lab.view.vaddr, lab.size);
}

module_init(lab_uio_init);
module_exit(lab_uio_exit);

MODULE_DESCRIPTION("kmaplab: registers, a buffer and an interrupt for a driver in user space");
MODULE_LICENSE("GPL");
