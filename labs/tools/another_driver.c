// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver, which has a device or its memory first
 *
 * This is a tool of the tests, not a lab. As long as it is loaded it is the driver of
 * the first device with these numbers, or, with bar=, has claimed that BAR of it
 * without being its driver, as firmware and some old drivers do. With unplaced=1 that BAR
 * is as one for which the kernel has found no room: it has no place among the addresses.
 * With size= that BAR has so few bytes, and with other_kind=1 it is of I/O ports instead of
 * memory, as another version of the device might have it.
 * With line=1 it has the device's interrupt line and shares it with nobody; with shared=1 as well
 * it shares it, and calls the other handlers once, as if a device of its own had interrupted:
 * the parameter answered says how many took that for theirs. With name= it bears another
 * driver's name. With memory= it has claimed the page of memory there,
 * with node= it has made a device node of that name, and with platform= a platform device
 * of that name, which has size= bytes of memory, or none.
 *
 * The parameter uses can be read: how many references there are to the device, and how often
 * it was switched on. A driver that has let go of the device has changed neither.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

static unsigned int vendor;
module_param(vendor, uint, 0444);
MODULE_PARM_DESC(vendor, "the device's vendor number");

static unsigned int device;
module_param(device, uint, 0444);
MODULE_PARM_DESC(device, "the device's own number");

static int bar = -1;
module_param(bar, int, 0444);
MODULE_PARM_DESC(bar, "claim this BAR, and no more (default: be the driver)");

static bool unplaced;
module_param(unplaced, bool, 0444);
MODULE_PARM_DESC(unplaced, "take the place from that BAR, and do not claim it");

static unsigned int size;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "have that BAR be of so many bytes, and do not claim it");

static bool other_kind;
module_param(other_kind, bool, 0444);
MODULE_PARM_DESC(other_kind, "have that BAR be of the other kind, and do not claim it");

static bool line;
module_param(line, bool, 0444);
MODULE_PARM_DESC(line, "have the interrupt line, and not be the driver");

static bool shared;
module_param(shared, bool, 0444);
MODULE_PARM_DESC(shared, "with line: share it, and call the other handlers once");

static uint answered;
module_param(answered, uint, 0444);
MODULE_PARM_DESC(answered, "how many of them said that the interrupt was theirs (to read)");

static char *name = "another_driver";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "of the driver");

static unsigned long memory;
module_param(memory, ulong, 0444);
MODULE_PARM_DESC(memory, "claim the page at this physical address, and no more");

static char *node;
module_param(node, charp, 0444);
MODULE_PARM_DESC(node, "make a device node of this name, and no more");

static char *platform;
module_param(platform, charp, 0444);
MODULE_PARM_DESC(platform, "make a platform device of this name, and no more");

static struct platform_device *made;
static struct pci_dev *claimed;
static struct resource *place;
static resource_size_t whole; /* the size that the BAR really has */

static int another_driver_count_uses(char *text, const struct kernel_param *kp)
{
	struct device *dev = made ? &made->dev : claimed ? &claimed->dev : NULL;

	return sysfs_emit(text, "%u %d\n", dev ? kref_read(&dev->kobj.kref) : 0,
			  claimed ? atomic_read(&claimed->enable_cnt) : 0);
}

static const struct kernel_param_ops another_driver_uses = {
	.get = another_driver_count_uses,
};

module_param_cb(uses, &another_driver_uses, NULL, 0444);
MODULE_PARM_DESC(uses, "references to the device, and how often it was switched on");

static int another_driver_probe(struct pci_dev *pdev,
				const struct pci_device_id *id)
{
	return 0;
}

static struct pci_device_id another_driver_ids[2];

static struct pci_driver another_driver = {
	.id_table = another_driver_ids,
	.probe = another_driver_probe,
};

static irqreturn_t another_driver_answer(int irq, void *data)
{
	return IRQ_NONE;
}

/* On a shared line each handler is called, and has to see whether its device interrupts. */
static void another_driver_interrupt(void)
{
	struct irq_desc *desc = irq_data_to_desc(irq_get_irq_data(claimed->irq));
	struct irqaction *action;
	unsigned long flags;

	local_irq_save(flags);
	for (action = desc->action; action; action = action->next)
		if (action->handler(claimed->irq, action->dev_id) != IRQ_NONE)
			answered++;
	local_irq_restore(flags);
}

static int another_driver_have_line(void)
{
	int err = pci_enable_device(claimed);

	if (err)
		return err;
	err = request_irq(claimed->irq, another_driver_answer, shared ? IRQF_SHARED : 0,
			  "another_driver", claimed);
	if (err)
		pci_disable_device(claimed);
	else if (shared)
		another_driver_interrupt();
	return err;
}

/* What drivers see of a BAR is what the kernel has read of it when it found the device. */
static void another_driver_turn_kind(void)
{
	claimed->resource[bar].flags ^= IORESOURCE_MEM | IORESOURCE_IO;
}

static int another_driver_take_bar(void)
{
	struct resource *res = &claimed->resource[bar];

	if (unplaced) {
		place = res->parent;
		return release_resource(res);
	}
	if (size) {
		whole = resource_size(res);
		return adjust_resource(res, res->start, size);
	}
	if (other_kind) {
		another_driver_turn_kind();
		return 0;
	}
	return pci_request_region(claimed, bar, "another_driver");
}

static void another_driver_give_bar_back(void)
{
	struct resource *res = &claimed->resource[bar];

	if (unplaced)
		WARN_ON(request_resource(place, res));
	else if (size)
		WARN_ON(adjust_resource(res, res->start, whole));
	else if (other_kind)
		another_driver_turn_kind();
	else
		pci_release_region(claimed, bar);
}

static void another_driver_give_back(void)
{
	if (line) {
		free_irq(claimed->irq, claimed);
		pci_disable_device(claimed);
	} else {
		another_driver_give_bar_back();
	}
}

static int another_driver_claim(void)
{
	int err;

	if (bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	claimed = pci_get_device(vendor, device, NULL);
	if (!claimed)
		return -ENODEV;
	err = line ? another_driver_have_line() : another_driver_take_bar();
	if (err)
		pci_dev_put(claimed);
	return err;
}

/* Nobody claims the memory, so any address will do. */
static int another_driver_make_device(void)
{
	struct resource own = DEFINE_RES_MEM(0, size);

	made = platform_device_register_simple(platform, PLATFORM_DEVID_NONE, &own,
					       size ? 1 : 0);
	return PTR_ERR_OR_ZERO(made);
}

static const struct file_operations another_driver_fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice another_driver_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.fops = &another_driver_fops,
};

static int __init another_driver_init(void)
{
	if (platform)
		return another_driver_make_device();
	if (node) {
		another_driver_node.name = node;
		return misc_register(&another_driver_node);
	}
	if (memory)
		return request_mem_region(memory, PAGE_SIZE, "another_driver") ?
			0 : -EBUSY;
	if (bar >= 0 || line)
		return another_driver_claim();
	another_driver.name = name;
	another_driver_ids[0].vendor = vendor;
	another_driver_ids[0].device = device;
	another_driver_ids[0].subvendor = PCI_ANY_ID;
	another_driver_ids[0].subdevice = PCI_ANY_ID;
	return pci_register_driver(&another_driver);
}

static void __exit another_driver_exit(void)
{
	if (platform) {
		platform_device_unregister(made);
		return;
	}
	if (node) {
		misc_deregister(&another_driver_node);
		return;
	}
	if (memory) {
		release_mem_region(memory, PAGE_SIZE);
		return;
	}
	if (!claimed) {
		pci_unregister_driver(&another_driver);
		return;
	}
	another_driver_give_back();
	pci_dev_put(claimed);
}

module_init(another_driver_init);
module_exit(another_driver_exit);

MODULE_DESCRIPTION("kmaplab: another driver for a device");
MODULE_LICENSE("GPL");
