// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that was reserved at boot: find it, and map it to user space
 *
 * It is reserved in one of two ways, and each needs another search:
 *
 *	device tree	A node below /reserved-memory, with no-map, as on
 *			arm64. The node's "compatible" names the driver that the
 *			region is for, so the driver looks for its own name.
 *	x86		memmap=16M$0x18000000 on the kernel's command line. That
 *			names a range and no driver, so all that a driver can do
 *			is to look for a range of the right shape.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/sizes.h>

#include "reserved_region.h"

#define RESERVED_REGION_COMPATIBLE "kmaplab,reserved"

/*
 * One search: the start that is asked for, and the region that is found
 *
 * If there are several regions, mem_start= has to choose one of them.
 */
struct reserved_region_search {
	bool start_given;
	resource_size_t start;
	resource_size_t end;
	unsigned int found;
};

static void reserved_region_add(struct reserved_region_search *search,
				const struct resource *res)
{
	if (search->start_given &&
	    (search->start < res->start || search->start > res->end))
		return;

	search->found++;
	search->end = res->end;
	if (!search->start_given)
		search->start = res->start;
}

/*
 * Refuse: RAM that the kernel owns
 *
 * On x86 ioremap() warns about System RAM and fails. Elsewhere it may succeed,
 * and then two mappings of one frame can have different memory types. So a
 * module must check a number that its user gives. A device tree can be wrong as
 * well: if no-map is missing, the linear map includes the region.
 */
static bool reserved_region_is_ram(resource_size_t start, resource_size_t size)
{
	return region_intersects(start, size, IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

/*
 * Find: by the device tree
 *
 * A machine without a device tree has no such node.
 */
static void reserved_region_search_nodes(struct reserved_region_search *search)
{
	struct device_node *node;
	struct resource res;

	for_each_compatible_node(node, NULL, RESERVED_REGION_COMPATIBLE) {
		if (!of_address_to_resource(node, 0, &res) &&
		    !reserved_region_is_ram(res.start, resource_size(&res)))
			reserved_region_add(search, &res);
	}
}

/*
 * Find: by shape
 *
 * On x86 /proc/iomem lists the region as Reserved, and walk_iomem_res_desc()
 * reads the same list. But the firmware's own memory is Reserved as well, and so
 * are ranges without memory behind them. A range that memmap= has cut out of RAM
 * has RAM on both sides, and whole MiB, since the lab asks for those. The
 * firmware's ranges lie at the ends of RAM. Other architectures do not mark
 * reserved memory in this way.
 */
static int reserved_region_cut_out(struct resource *res, void *search)
{
	if (res->start < SZ_1M || !IS_ALIGNED(res->start, SZ_1M) ||
	    !IS_ALIGNED(resource_size(res), SZ_1M))
		return 0;
	if (!reserved_region_is_ram(res->start - PAGE_SIZE, PAGE_SIZE) ||
	    !reserved_region_is_ram(res->end + 1, PAGE_SIZE))
		return 0;

	reserved_region_add(search, res);
	return 0;
}

static void reserved_region_search_iomem(struct reserved_region_search *search)
{
	/*
	 * After each entry the walk goes on at the entry's end + 1. On a 32-bit
	 * machine the firmware's entry ends at the last address, and end + 1
	 * is 0: the walk would never end. So it stops one byte earlier.
	 */
	const resource_size_t end = (resource_size_t)-1 - 1;

	walk_iomem_res_desc(IORES_DESC_RESERVED, IORESOURCE_MEM, 0, end, search,
			    reserved_region_cut_out);
}

/*
 * The parameters, checked before they are used
 */
static int reserved_region_parse_start(struct reserved_region_search *search,
				       const char *name,
				       const struct lab_number *mem_start)
{
	if (!mem_start->given)
		return 0;
	if (mem_start->value < 0 ||
	    (u64)mem_start->value > PHYS_ADDR_MAX / SZ_1M) {
		pr_err("%s: mem_start=%ld MiB is beyond the address space\n",
		       name, mem_start->value);
		return -EINVAL;
	}
	search->start_given = true;
	search->start = (resource_size_t)mem_start->value * SZ_1M;
	if (reserved_region_is_ram(search->start, SZ_1M)) {
		pr_err("%s: mem_start=%ld MiB is RAM that the kernel owns\n",
		       name, mem_start->value);
		return -EBUSY;
	}
	return 0;
}

static int reserved_region_search(struct reserved_region_search *search,
				  const char *name,
				  const struct lab_number *mem_start)
{
	int err = reserved_region_parse_start(search, name, mem_start);

	if (err)
		return err;

	reserved_region_search_nodes(search);
	reserved_region_search_iomem(search);
	if (search->start_given && !search->found) {
		pr_err("%s: mem_start=%ld MiB is not in a region that was reserved at boot\n",
		       name, mem_start->value);
		return -ENXIO;
	}
	if (!search->found) {
		pr_err("%s: no region was reserved at boot: memmap=16M$0x18000000 or a device tree node %s reserves one\n",
		       name, RESERVED_REGION_COMPATIBLE);
		return -ENODEV;
	}
	if (search->found > 1) {
		pr_err("%s: %u regions were reserved at boot: choose one with mem_start=\n",
		       name, search->found);
		return -ENODEV;
	}
	return 0;
}

/**
 * reserved_region_find - find the region for a lab
 * @region: start and end are set; its name begins each message in the log
 * @mem_start: the parameter for the start of the region, in MiB; if it is not
 *	given, there must be only one region
 * @mem_size: the parameter for its size, in MiB; if it is not given, @region
 *	ends where the reserved memory does
 *
 * Locking: none. The caller has to claim the region.
 *
 * Return: 0, or, with a message in the log: -EINVAL if a parameter is out of range,
 * -EBUSY if @mem_start is RAM that the kernel owns, -ENXIO if no region holds
 * @mem_start, -ENODEV if there is no region or more than one.
 */
int reserved_region_find(struct resource *region,
			 const struct lab_number *mem_start,
			 const struct lab_number *mem_size)
{
	struct reserved_region_search search = {};
	u64 most;
	int err;

	err = reserved_region_search(&search, region->name, mem_start);
	if (err)
		return err;

	most = (search.end - search.start + 1) / SZ_1M;
	if (mem_size->given &&
	    (mem_size->value < 1 || (u64)mem_size->value > most)) {
		pr_err("%s: mem_size=%ld MiB is out of range: 1 to %llu are possible\n",
		       region->name, mem_size->value, most);
		return -EINVAL;
	}
	region->start = search.start;
	region->end = mem_size->given ?
		search.start + (resource_size_t)mem_size->value * SZ_1M - 1 :
		search.end;
	return 0;
}
EXPORT_SYMBOL_GPL(reserved_region_find);

/**
 * reserved_region_map - map frames of a reserved region to user space
 * @vma: where to, with the memory type in vm_page_prot
 * @pfn: the first frame; the others follow it
 *
 * Page by page, though the region is physically contiguous: x86 keeps a list of the
 * memory types in use. A call for the whole VMA adds an entry to the list. When later a
 * part of the VMA is unmapped, today's kernels no longer find that entry, and it stays
 * even after the module is gone. A call for less than the VMA only looks the type up.
 *
 * The caller holds the mmap lock for writing, as ->mmap() does. What was mapped before
 * an error mmap() unmaps.
 *
 * Return: 0, or the error of remap_pfn_range().
 */
int reserved_region_map(struct vm_area_struct *vma, unsigned long pfn)
{
	unsigned long i;
	int err = 0;

	for (i = 0; !err && i < vma_pages(vma); i++)
		err = remap_pfn_range(vma, vma->vm_start + i * PAGE_SIZE,
				      pfn + i, PAGE_SIZE, vma->vm_page_prot);
	return err;
}
EXPORT_SYMBOL_GPL(reserved_region_map);

MODULE_DESCRIPTION("kmaplab: the memory that was reserved at boot");
MODULE_LICENSE("GPL");
