// SPDX-License-Identifier: GPL-2.0
/*
 * The page table entry that maps an address
 *
 * This is a tool of the tests, not a lab. /dev/page_table reads the page table
 * entry for an address, either of the caller or of the kernel. With it a test
 * compares two mappings of one frame: do both entries have the same memory type? It
 * reads what a VMA says of its entries, too.
 */
#include <linux/bitfield.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "lab_compat.h"
#include "page_table.h"

/*
 * Two things differ between architectures: where the kernel's page table begins,
 * and which bits of an entry select the memory type. On x86 and arm64 these
 * are three bits, an index into a register that lists eight types.
 */
#if defined(CONFIG_ARM64)

/* The processor has two page tables, and TTBR1_EL1 points to the kernel's. */
static pgd_t *page_table_kernel_root(void)
{
	/* Above the address the register holds an ASID, and flags below it. */
	return phys_to_virt(read_sysreg(ttbr1_el1) & GENMASK_ULL(47, 12));
}

static void page_table_read_type(struct page_table_entry *entry)
{
	entry->index = FIELD_GET(PTE_ATTRINDX_MASK, entry->entry);
	entry->types = read_sysreg(mair_el1);
}

#elif defined(CONFIG_X86) && !defined(CONFIG_UML)

#include <asm/msr.h>

/* The page table of each process includes the kernel's half. */
static pgd_t *page_table_kernel_root(void)
{
	return current->mm->pgd;
}

static void page_table_read_type(struct page_table_entry *entry)
{
	/* In an entry for more than a page, bit 7 has another meaning. */
	const u64 pat = entry->size == PAGE_SIZE ? _PAGE_PAT : _PAGE_PAT_LARGE;

	entry->index = (entry->entry & pat ? 4 : 0) |
		       (entry->entry & _PAGE_PCD ? 2 : 0) |
		       (entry->entry & _PAGE_PWT ? 1 : 0);
	rdmsrq(MSR_IA32_CR_PAT, entry->types);
}

#else

/* User-mode Linux: the host maps the kernel, and there are no memory types. */
static pgd_t *page_table_kernel_root(void)
{
	return NULL;
}

static void page_table_read_type(struct page_table_entry *entry)
{
	entry->index = 0;
	entry->types = 0;
}

#endif

static pgd_t *page_table_root(unsigned long addr)
{
	if (addr < TASK_SIZE)
		return current->mm->pgd;
	return addr >= PAGE_OFFSET ? page_table_kernel_root() : NULL;
}

/*
 * The walk is the processor's own: an entry of one level points to the table of
 * the next, until an entry maps memory. The kernel's names are for five levels;
 * where a machine has fewer, the functions of the others pass the entry on.
 *
 * Another thread may change the table meanwhile. So this works like
 * get_user_pages_fast(): interrupts are off, and until they are on again no table
 * is freed; and each entry is read only once, into a copy.
 */
static int page_table_walk(pgd_t *root, unsigned long addr,
			   struct page_table_entry *entry)
{
	pgd_t *pgdp = pgd_offset_pgd(root, addr);
	pgd_t pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;
	pte_t pte;

	if (pgd_none(pgd))
		return -ENXIO;
	p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d))
		return -ENXIO;

	pudp = pud_offset_lockless(p4dp, p4d, addr);
	pud = READ_ONCE(*pudp);
	if (!pud_present(pud))
		return -ENXIO;
	if (pud_leaf(pud)) {
		entry->entry = pud_val(pud);
		entry->size = PUD_SIZE;
		return 0;
	}

	pmdp = pmd_offset_lockless(pudp, pud, addr);
	pmd = READ_ONCE(*pmdp);
	if (!pmd_present(pmd))
		return -ENXIO;
	if (pmd_leaf(pmd)) {
		entry->entry = pmd_val(pmd);
		entry->size = PMD_SIZE;
		return 0;
	}

	pte = READ_ONCE(*pte_offset_kernel(&pmd, addr));
	if (!pte_present(pte))
		return -ENXIO;
	entry->entry = pte_val(pte);
	entry->size = PAGE_SIZE;
	return 0;
}

static int page_table_find(struct page_table_entry *entry)
{
	unsigned long addr = entry->addr;
	pgd_t *root = page_table_root(addr);
	int err;

	if (!root || addr != entry->addr)
		return -ENXIO;

	local_irq_disable();
	err = page_table_walk(root, addr, entry);
	local_irq_enable();
	if (err)
		return err;

	page_table_read_type(entry);
	entry->reserved = 0;
	return 0;
}

/*
 * What the driver wrote into the VMA counts for each entry that is made later, also if
 * remap_pfn_range() made the first ones with another memory type.
 */
static int page_table_find_area(struct page_table_entry *entry)
{
	unsigned long addr = entry->addr;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int err = -ENXIO;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (addr == entry->addr && vma) {
		entry->entry = pgprot_val(vma->vm_page_prot);
		err = 0;
	}
	mmap_read_unlock(mm);
	if (err)
		return err;

	entry->size = PAGE_SIZE;
	page_table_read_type(entry);
	entry->reserved = 0;
	return 0;
}

/*
 * The device: an entry contains a PFN, so it is for CAP_SYS_ADMIN only, like the
 * addresses that the labs show.
 */
static long page_table_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	struct page_table_entry entry;
	int err;

	if (cmd != PAGE_TABLE_IOC_ENTRY && cmd != PAGE_TABLE_IOC_AREA)
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&entry, argp, sizeof(entry)))
		return -EFAULT;
	err = cmd == PAGE_TABLE_IOC_ENTRY ? page_table_find(&entry) :
					    page_table_find_area(&entry);
	if (err)
		return err;
	return copy_to_user(argp, &entry, sizeof(entry)) ? -EFAULT : 0;
}

static const struct file_operations page_table_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = page_table_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice page_table_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "page_table",
	.fops = &page_table_fops,
	.mode = 0600,
};

module_misc_device(page_table_device);

MODULE_DESCRIPTION("kmaplab: the page table entry that maps an address");
MODULE_LICENSE("GPL");
