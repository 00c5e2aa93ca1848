// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver, which has a PCI device first
 *
 * This is a tool of the tests, not a lab. As long as it is loaded it is the driver of
 * the first device with these numbers, or, with bar=, has claimed that BAR of it
 * without being its driver, as firmware and some old drivers do.
 */
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

static struct pci_dev *claimed;

static int another_driver_probe(struct pci_dev *pdev,
				const struct pci_device_id *id)
{
	return 0;
}

static struct pci_device_id another_driver_ids[2];

static struct pci_driver another_driver = {
	.name = "another_driver",
	.id_table = another_driver_ids,
	.probe = another_driver_probe,
};

static int another_driver_claim(void)
{
	int err;

	if (bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	claimed = pci_get_device(vendor, device, NULL);
	if (!claimed)
		return -ENODEV;
	err = pci_request_region(claimed, bar, "another_driver");
	if (err)
		pci_dev_put(claimed);
	return err;
}

static int __init another_driver_init(void)
{
	if (bar >= 0)
		return another_driver_claim();
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
	pci_release_region(claimed, bar);
	pci_dev_put(claimed);
}

module_init(another_driver_init);
module_exit(another_driver_exit);

MODULE_DESCRIPTION("kmaplab: another driver for a PCI device");
MODULE_LICENSE("GPL");
