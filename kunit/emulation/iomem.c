// SPDX-License-Identifier: GPL-2.0
/*
 * I/O memory without hardware, for user-mode Linux
 *
 * In user-mode Linux ioremap() finds only regions that are registered with the
 * kernel's logic_iomem. This module registers what the labs need: RAM that is
 * reserved as memmap= does at boot, and a bank of registers.
 *
 * Three things differ from a machine. User space cannot map the regions, because
 * they have no page frames. memremap() must not be used on them: it returns the
 * result of ioremap() as a pointer, which must not be dereferenced. And for an
 * address that is not registered ioremap() does not only fail, but warns.
 */
#include <linux/io.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "iomem.h"

static unsigned int regions = 1;
module_param(regions, uint, 0444);
MODULE_PARM_DESC(regions, "how many regions of RAM are reserved: 1 (default), or 2 so that one must be chosen");

/*
 * The layout, from 2 GiB on or, if UML's own memory reaches there, behind it
 *
 *	RAM, reserved, RAM, registers, firmware
 *	RAM, reserved, RAM, reserved, RAM, registers, firmware	with regions=2
 *
 * (The end of UML's memory alone would not do: it depends on where the host put
 * the program, and is different at each boot.)
 *
 * What is listed as RAM here does not exist and is never accessed: it stands for
 * the RAM around the reserved range of a machine. 16 MiB is the most that one
 * ioremap() of logic_iomem can reach. The second region has another size, so that
 * a test can ask for the first by its size.
 */
#define IOMEM_START		SZ_2G
#define IOMEM_RAM		SZ_16M
#define IOMEM_KEPT		SZ_16M
#define IOMEM_SECOND		SZ_2M
#define IOMEM_WINDOW		SZ_128M

#define IOMEM_REGION(name_, desc_) {					\
	.res.name = (name_),						\
	.res.flags = IORESOURCE_MEM,					\
	.res.desc = (desc_),						\
}

static struct kmaplab_iomem kept = IOMEM_REGION("Reserved",
						IORES_DESC_RESERVED);
static struct kmaplab_iomem second = IOMEM_REGION("Reserved",
						  IORES_DESC_RESERVED);
static struct kmaplab_iomem registers = IOMEM_REGION("kmaplab_registers",
						     IORES_DESC_NONE);
static struct kmaplab_iomem * const all[] = { &kept, &second, &registers };

/* A region's priv in logic_iomem: which part of it one ioremap() asked for. */
struct iomem_mapping {
	struct kmaplab_iomem *iomem;
	unsigned long offset;
	size_t size;
};

/*
 * What the suites use
 */

/**
 * kmaplab_iomem_at - find an emulated region
 * @addr: any physical address
 *
 * Return: the region that @addr is in, or NULL.
 */
struct kmaplab_iomem *kmaplab_iomem_at(resource_size_t addr)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->bytes && all[i]->res.start <= addr &&
		    addr <= all[i]->res.end)
			return all[i];
	return NULL;
}
EXPORT_SYMBOL_GPL(kmaplab_iomem_at);

/**
 * kmaplab_iomem_registers - the register bank
 *
 * Return: the bank, IOMEM_REGISTERS bytes long, or NULL if there was no room
 * for it when the module was loaded.
 */
struct kmaplab_iomem *kmaplab_iomem_registers(void)
{
	return registers.bytes ? &registers : NULL;
}
EXPORT_SYMBOL_GPL(kmaplab_iomem_registers);

/**
 * kmaplab_iomem_forget - begin a new record, with an empty queue
 * @iomem: the region; its bytes stay what they are
 *
 * Locking: takes the region's lock. ioremap() of any part of the region does the
 * same, so that a record begins with the driver that is under test.
 */
void kmaplab_iomem_forget(struct kmaplab_iomem *iomem)
{
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	iomem->accesses = 0;
	iomem->fifo_head = 0;
	iomem->fifo_tail = 0;
	spin_unlock_irqrestore(&iomem->lock, flags);
}
EXPORT_SYMBOL_GPL(kmaplab_iomem_forget);

/*
 * Accesses
 *
 * logic_iomem does not keep the length of a mapping: each access within 16 MiB of
 * what ioremap() returned arrives here. So the end is checked here.
 */

static bool iomem_inside(const struct iomem_mapping *mapping,
			 unsigned int offset, size_t width)
{
	return offset >= mapping->offset && width <= mapping->size &&
	       offset - mapping->offset <= mapping->size - width;
}

/* Returns whether the access may happen. The caller holds the region's lock. */
static bool iomem_note(const struct iomem_mapping *mapping,
		       enum iomem_kind kind, unsigned int offset,
		       unsigned int width, u64 value)
{
	struct kmaplab_iomem *iomem = mapping->iomem;
	bool inside = iomem_inside(mapping, offset, width);

	lockdep_assert_held(&iomem->lock);
	if (iomem->accesses < IOMEM_RECORDED)
		iomem->record[iomem->accesses] = (struct iomem_access){
			.kind = kind,
			.outside = !inside,
			.offset = offset,
			.width = width,
			.value = value,
		};
	iomem->accesses++;
	return inside;
}

/* Of the four widths an access can have, the one that was meant. */
union iomem_value {
	u8 b;
	u16 w;
	u32 l;
	u64 q;
};

static u64 iomem_load(const u8 *from, int width)
{
	union iomem_value value = {};

	memcpy(&value, from, width);
	switch (width) {
	case 1:
		return value.b;
	case 2:
		return value.w;
	case 4:
		return value.l;
	default:
		return value.q;
	}
}

static void iomem_store(u8 *to, int width, u64 from)
{
	union iomem_value value = {};

	switch (width) {
	case 1:
		value.b = from;
		break;
	case 2:
		value.w = from;
		break;
	case 4:
		value.l = from;
		break;
	default:
		value.q = from;
	}
	memcpy(to, &value, width);
}

static bool iomem_is_fifo(const struct kmaplab_iomem *iomem,
			  unsigned int offset)
{
	return iomem == &registers && offset == IOMEM_FIFO;
}

/* An empty queue reads as all bits set, and a write to a full one is lost. */
static u64 iomem_take(struct kmaplab_iomem *iomem)
{
	if (iomem->fifo_head == iomem->fifo_tail)
		return U64_MAX;
	return iomem->fifo[iomem->fifo_head++ % IOMEM_FIFO_DEPTH];
}

static void iomem_append(struct kmaplab_iomem *iomem, u64 value)
{
	if (iomem->fifo_tail - iomem->fifo_head < IOMEM_FIFO_DEPTH)
		iomem->fifo[iomem->fifo_tail++ % IOMEM_FIFO_DEPTH] = value;
}

static unsigned long iomem_read(void *priv, unsigned int offset, int width)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&iomem->lock, flags);
	if (!iomem_inside(mapping, offset, width))
		value = U64_MAX;
	else if (iomem_is_fifo(iomem, offset))
		value = iomem_take(iomem);
	else
		value = iomem_load(iomem->bytes + offset, width);
	value &= GENMASK_ULL(8 * width - 1, 0);
	iomem_note(mapping, IOMEM_READ, offset, width, value);
	spin_unlock_irqrestore(&iomem->lock, flags);
	return value;
}

static void iomem_write(void *priv, unsigned int offset, int width,
			unsigned long value)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	if (iomem_note(mapping, IOMEM_WRITE, offset, width, value)) {
		if (iomem_is_fifo(iomem, offset))
			iomem_append(iomem, value);
		else
			iomem_store(iomem->bytes + offset, width, value);
	}
	spin_unlock_irqrestore(&iomem->lock, flags);
}

static void iomem_set(void *priv, unsigned int offset, u8 value, int width)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	if (iomem_note(mapping, IOMEM_SET, offset, width, value))
		memset(iomem->bytes + offset, value, width);
	spin_unlock_irqrestore(&iomem->lock, flags);
}

static void iomem_copy_from(void *priv, void *buffer, unsigned int offset,
			    int width)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	if (iomem_note(mapping, IOMEM_COPY_FROM, offset, width, 0))
		memcpy(buffer, iomem->bytes + offset, width);
	else
		memset(buffer, 0xff, width);
	spin_unlock_irqrestore(&iomem->lock, flags);
}

static void iomem_copy_to(void *priv, unsigned int offset,
			  const void *buffer, int width)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	if (iomem_note(mapping, IOMEM_COPY_TO, offset, width, 0))
		memcpy(iomem->bytes + offset, buffer, width);
	spin_unlock_irqrestore(&iomem->lock, flags);
}

static void iomem_unmap(void *priv)
{
	struct iomem_mapping *mapping = priv;
	struct kmaplab_iomem *iomem = mapping->iomem;
	unsigned long flags;

	spin_lock_irqsave(&iomem->lock, flags);
	iomem->mappings--;
	spin_unlock_irqrestore(&iomem->lock, flags);
	kfree(mapping);
}

/* RAM takes a memcpy_toio() in one piece, registers byte for byte. */
static const struct logic_iomem_ops iomem_ram_ops = {
	.read = iomem_read,
	.write = iomem_write,
	.set = iomem_set,
	.copy_from = iomem_copy_from,
	.copy_to = iomem_copy_to,
	.unmap = iomem_unmap,
};

static const struct logic_iomem_ops iomem_register_ops = {
	.read = iomem_read,
	.write = iomem_write,
	.unmap = iomem_unmap,
};

/*
 * ioremap(), for which the mutex of logic_iomem is held
 *
 * What is returned is added to each later offset, so that they all count from the
 * region's start. For lack of memory ioremap() would not only fail but warn; since
 * a test may let allocations fail, this one does not.
 */
static long iomem_map(struct kmaplab_iomem *iomem, unsigned long offset,
		      size_t size, void **priv)
{
	struct iomem_mapping mapping = {
		.iomem = iomem,
		.offset = offset,
		.size = size,
	};
	unsigned long flags;

	*priv = kmemdup(&mapping, sizeof(mapping), GFP_KERNEL | __GFP_NOFAIL);

	kmaplab_iomem_forget(iomem);
	spin_lock_irqsave(&iomem->lock, flags);
	iomem->mappings++;
	spin_unlock_irqrestore(&iomem->lock, flags);
	return offset;
}

/* logic_iomem does not pass on which of the regions it means. */
static long iomem_map_kept(unsigned long offset, size_t size,
			   const struct logic_iomem_ops **ops, void **priv)
{
	*ops = &iomem_ram_ops;
	return iomem_map(&kept, offset, size, priv);
}

static long iomem_map_second(unsigned long offset, size_t size,
			     const struct logic_iomem_ops **ops,
			     void **priv)
{
	*ops = &iomem_ram_ops;
	return iomem_map(&second, offset, size, priv);
}

static long iomem_map_registers(unsigned long offset, size_t size,
				const struct logic_iomem_ops **ops,
				void **priv)
{
	*ops = &iomem_register_ops;
	return iomem_map(&registers, offset, size, priv);
}

static const struct logic_iomem_region_ops iomem_kept_region = {
	.map = iomem_map_kept,
};

static const struct logic_iomem_region_ops iomem_second_region = {
	.map = iomem_map_second,
};

static const struct logic_iomem_region_ops iomem_registers_region = {
	.map = iomem_map_registers,
};

/*
 * Loading, but no unloading
 *
 * What was registered with logic_iomem stays registered. Hence no module_exit():
 * a module without one cannot be unloaded. And hence all that can fail comes
 * first, since the module must stay once the first region is registered.
 */

/* The first address where so much is free; it stays free. */
static int __init iomem_find_room(resource_size_t *start)
{
	struct resource window = {
		.name = "kmaplab_iomem",
		.flags = IORESOURCE_MEM,
	};
	int err = allocate_resource(&iomem_resource, &window, IOMEM_WINDOW,
				    max_t(resource_size_t, __pa(high_memory),
					  IOMEM_START),
				    -1, SZ_16M, NULL, NULL);

	if (err)
		return err;
	*start = window.start;
	return release_resource(&window);
}

static int __init iomem_alloc(struct kmaplab_iomem *iomem, size_t size)
{
	spin_lock_init(&iomem->lock);
	iomem->record = vcalloc(IOMEM_RECORDED, sizeof(*iomem->record));
	iomem->bytes = vzalloc(size);
	if (!iomem->record || !iomem->bytes)
		return -ENOMEM;
	/* As long as there is no address, the end stands for the size. */
	iomem->res.end = size - 1;
	return 0;
}

static void __init iomem_free(struct kmaplab_iomem *iomem)
{
	vfree(iomem->record);
	vfree(iomem->bytes);
	iomem->record = NULL;
	iomem->bytes = NULL;
}

static int __init iomem_alloc_all(void)
{
	int err = iomem_alloc(&kept, IOMEM_KEPT);

	if (!err && regions == 2)
		err = iomem_alloc(&second, IOMEM_SECOND);
	if (!err)
		err = iomem_alloc(&registers, IOMEM_REGISTERS);
	return err;
}

static void __init iomem_free_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		iomem_free(all[i]);
}

/* Enter a region; returns the address behind it. */
static resource_size_t __init
iomem_add(struct kmaplab_iomem *iomem, resource_size_t start,
	  const struct logic_iomem_region_ops *ops)
{
	iomem->res.start = start;
	iomem->res.end += start;
	if (logic_iomem_add_region(&iomem->res, ops)) {
		pr_err("kmaplab_iomem: no room for %pR\n", &iomem->res);
		iomem_free(iomem);
	} else {
		pr_info("kmaplab_iomem: %s at %pR\n", iomem->res.name, &iomem->res);
	}
	return start + resource_size(&iomem->res);
}

static void __init iomem_list(struct resource *res, resource_size_t start,
			      resource_size_t size)
{
	res->start = start;
	res->end = start + size - 1;
	if (request_resource(&iomem_resource, res))
		pr_err("kmaplab_iomem: no room for %pR\n", res);
}

static resource_size_t __init iomem_add_ram(struct resource *ram,
					    resource_size_t start)
{
	ram->name = "System RAM";
	ram->flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
	iomem_list(ram, start, IOMEM_RAM);
	return ram->end + 1;
}

/*
 * A machine's firmware keeps ranges for itself, which are called Reserved as well:
 * some of odd sizes, and some with no RAM beside them. A lab must not mistake them
 * for RAM that was reserved at boot.
 */
static void __init iomem_add_firmware(resource_size_t start)
{
	static struct resource odd = {
		.name = "Reserved",
		.flags = IORESOURCE_MEM,
		.desc = IORES_DESC_RESERVED,
	};
	static struct resource alone = {
		.name = "Reserved",
		.flags = IORESOURCE_MEM,
		.desc = IORES_DESC_RESERVED,
	};

	start = ALIGN(start, SZ_1M);
	iomem_list(&odd, start, SZ_64K);
	iomem_list(&alone, start + SZ_1M, SZ_1M);
}

/* By which lab_regs finds the registers: on a board the code for that board makes it. */
static void __init iomem_add_device(void)
{
	struct platform_device *device =
		platform_device_register_simple(registers.res.name,
						PLATFORM_DEVID_NONE,
						&registers.res, 1);

	if (IS_ERR(device))
		pr_err("kmaplab_iomem: no device %s: %pe\n",
		       registers.res.name, device);
}

static int __init iomem_init(void)
{
	static struct resource ram[3];
	resource_size_t next;
	int err;

	if (regions < 1 || regions > 2) {
		pr_err("kmaplab_iomem: regions=%u is out of range: 1 or 2 are possible\n",
		       regions);
		return -EINVAL;
	}
	err = iomem_alloc_all();
	if (!err)
		err = iomem_find_room(&next);
	if (err) {
		iomem_free_all();
		return err;
	}

	next = iomem_add_ram(&ram[0], next);
	next = iomem_add(&kept, next, &iomem_kept_region);
	next = iomem_add_ram(&ram[1], next);
	if (regions == 2) {
		next = iomem_add(&second, next, &iomem_second_region);
		next = iomem_add_ram(&ram[2], next);
	}
	next = iomem_add(&registers, next, &iomem_registers_region);
	if (registers.bytes)
		iomem_add_device();
	iomem_add_firmware(next);
	return 0;
}

/* Where this is built in, before lab_reserved and lab_regs look for their regions. */
subsys_initcall(iomem_init);

MODULE_DESCRIPTION("kmaplab: emulated I/O memory that records its accesses");
MODULE_LICENSE("GPL");
