// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver, which has a PCI device first
 *
 * This is a tool of the tests, not a lab. As long as it is loaded it is the driver of
 * the first device with these numbers, or, with bar=, has claimed that BAR of it
 * without being its driver, as firmware and some old drivers do. With unplaced=1 that BAR
 * is as one for which the kernel has found no room: it has no place among the addresses.
 * With line=1 it has the device's interrupt line and shares it with nobody; with name= it
 * bears another driver's name.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>

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

static bool line;
module_param(line, bool, 0444);
MODULE_PARM_DESC(line, "have the interrupt line, and not be the driver");

static char *name = "another_driver";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "of the driver");

static struct pci_dev *claimed;
static struct resource *place;

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

static int another_driver_have_line(void)
{
	int err = pci_enable_device(claimed);

	if (err)
		return err;
	err = request_irq(claimed->irq, another_driver_answer, 0, "another_driver",
			  claimed);
	if (err)
		pci_disable_device(claimed);
	return err;
}

static int another_driver_take(void)
{
	if (line)
		return another_driver_have_line();
	if (bar >= PCI_STD_NUM_BARS)
		return -ENODEV;
	if (!unplaced)
		return pci_request_region(claimed, bar, "another_driver");
	place = claimed->resource[bar].parent;
	return release_resource(&claimed->resource[bar]);
}

static void another_driver_give_back(void)
{
	if (line) {
		free_irq(claimed->irq, claimed);
		pci_disable_device(claimed);
	} else if (unplaced) {
		WARN_ON(request_resource(place, &claimed->resource[bar]));
	} else {
		pci_release_region(claimed, bar);
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
	err = another_driver_take();
	if (err)
		pci_dev_put(claimed);
	return err;
}

static int __init another_driver_init(void)
{
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
	if (!claimed) {
		pci_unregister_driver(&another_driver);
		return;
	}
	another_driver_give_back();
	pci_dev_put(claimed);
}

module_init(another_driver_init);
module_exit(another_driver_exit);

MODULE_DESCRIPTION("kmaplab: another driver for a PCI device");
MODULE_LICENSE("GPL");
