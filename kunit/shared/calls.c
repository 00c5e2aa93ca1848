// SPDX-License-Identifier: GPL-2.0
/*
 * Using a lab from a case as a program would: map, request, read, write
 */
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "space.h"

/*
 * Mappings
 */

/**
 * kmaplab_map - map the device for the rest of the case
 * @test: the case
 * @pgoff: first page
 * @pages: how many
 *
 * Return: the address; ends the case if it cannot be mapped, and skips it where
 * user space cannot have such a mapping.
 */
unsigned long kmaplab_map(struct kunit *test, unsigned long pgoff,
			  unsigned long pages)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	unsigned long addr;

	if (IS_ENABLED(CONFIG_UML) && this->lab->view.is_iomem)
		kunit_skip(test, "emulated I/O memory has no frames to map");

	addr = kmaplab_vm_mmap(test, this->file, pages << PAGE_SHIFT, MAP_SHARED,
			       pgoff << PAGE_SHIFT);
	KUNIT_ASSERT_NE(test, 0, addr);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(addr),
			       "mmap of %lu pages at page %lu: error %ld",
			       pages, pgoff, (long)addr);
	return addr;
}
EXPORT_SYMBOL_GPL(kmaplab_map);

/**
 * kmaplab_unmap - unmap before the case's end
 * @test: the case
 * @addr: what kmaplab_map() returned, or a page behind it
 * @pages: how many
 */
void kmaplab_unmap(struct kunit *test, unsigned long addr, unsigned long pages)
{
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, pages << PAGE_SHIFT));
	flush_delayed_fput();
}
EXPORT_SYMBOL_GPL(kmaplab_unmap);

/**
 * kmaplab_touch - read a byte, so that its page has a page table entry
 * @test: the case; ends if user space cannot read there
 * @addr: in the case's address space
 */
void kmaplab_touch(struct kunit *test, unsigned long addr)
{
	u8 byte;

	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&byte, (u8 __user *)addr,
						sizeof(byte)));
}
EXPORT_SYMBOL_GPL(kmaplab_touch);

/* So far from all else that a mapping there needs page tables of its own. */
#define FAR_AWAY BIT(31)

/**
 * kmaplab_try_map - map and, if that worked, unmap again
 * @file: the device
 * @pgoff: first page, any value
 * @len: bytes, any value
 * @prot: PROT_* bits
 * @flags: MAP_* bits
 *
 * Return: 0, or what mmap() refused it with.
 */
long kmaplab_try_map(struct file *file, unsigned long pgoff, unsigned long len,
		     unsigned long prot, unsigned long flags)
{
	unsigned long addr = vm_mmap(file, FAR_AWAY, len, prot, flags,
				     pgoff << PAGE_SHIFT);

	if (IS_ERR_VALUE(addr))
		return (long)addr;
	/* It allocates too, and a case may have made that fail. */
	if (vm_munmap(addr, len))
		vm_munmap(addr, len);
	flush_delayed_fput();
	return 0;
}
EXPORT_SYMBOL_GPL(kmaplab_try_map);

/**
 * kmaplab_vm_flags - the flags of a VMA in the case's address space
 * @test: the case; ends if there is none
 * @addr: in the VMA
 *
 * Return: its VM_* bits.
 */
unsigned long kmaplab_vm_flags(struct kunit *test, unsigned long addr)
{
	struct vm_area_struct *vma;
	unsigned long flags = 0;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		flags = vma->vm_flags;
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);
	return flags;
}
EXPORT_SYMBOL_GPL(kmaplab_vm_flags);

/**
 * kmaplab_references - who needs a page of the lab?
 * @test: the case
 * @index: number of the page
 *
 * Return: how many references there are to its struct page.
 */
int kmaplab_references(struct kunit *test, unsigned long index)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page page = {};

	lab->translate(lab, index, &page);
	return page_ref_count(pfn_to_page(page.pfn));
}
EXPORT_SYMBOL_GPL(kmaplab_references);

/**
 * kmaplab_has_fault_handler - do pages of a VMA arrive by fault?
 * @test: the case; ends if there is no VMA
 * @addr: in the VMA
 *
 * Return: whether it has a vm_ops->fault.
 */
bool kmaplab_has_fault_handler(struct kunit *test, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool has = false;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma)
		has = vma->vm_ops && vma->vm_ops->fault;
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);
	return has;
}
EXPORT_SYMBOL_GPL(kmaplab_has_fault_handler);

/*
 * Requests and transfers: through user memory, as the device expects it
 */

/**
 * kmaplab_request - ioctl()
 * @test: the case
 * @file: the device
 * @cmd: any number
 * @arg: the structure that goes with it; holds the answer afterwards
 * @size: its size in bytes
 *
 * Return: what the device returned.
 */
long kmaplab_request(struct kunit *test, struct file *file, unsigned int cmd,
		     void *arg, size_t size)
{
	void __user *scratch = kmaplab_case_of(test)->scratch;
	long ret;

	KUNIT_ASSERT_LE(test, size, KMAPLAB_SCRATCH);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(scratch, arg, size));
	ret = file->f_op->unlocked_ioctl(file, cmd, (unsigned long)scratch);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(arg, scratch, size));
	return ret;
}
EXPORT_SYMBOL_GPL(kmaplab_request);

/**
 * kmaplab_expect_bad_pointers_refused - ioctl() where no structure can be
 * @test: the case
 * @cmd: a request that the device has
 *
 * Expects -EFAULT for an address that is in no address space, and for one of the kernel.
 */
void kmaplab_expect_bad_pointers_refused(struct kunit *test, unsigned int cmd)
{
	struct file *file = kmaplab_case_of(test)->file;
	const unsigned long bad[] = { PAGE_SIZE, (unsigned long)file };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, -EFAULT,
				file->f_op->unlocked_ioctl(file, cmd, bad[i]));
}
EXPORT_SYMBOL_GPL(kmaplab_expect_bad_pointers_refused);

/**
 * kmaplab_fill - LAB_IOC_FILL
 * @test: the case
 * @seed: of the pattern
 *
 * Return: what the device returned.
 */
long kmaplab_fill(struct kunit *test, u64 seed)
{
	struct lab_fill fill = { .seed = seed };

	return kmaplab_request(test, kmaplab_case_of(test)->file, LAB_IOC_FILL,
			       &fill, sizeof(fill));
}
EXPORT_SYMBOL_GPL(kmaplab_fill);

/**
 * kmaplab_check - LAB_IOC_CHECK
 * @test: the case
 * @check: the seed goes in, what was found comes out
 *
 * Return: what the device returned.
 */
long kmaplab_check(struct kunit *test, struct lab_check *check)
{
	return kmaplab_request(test, kmaplab_case_of(test)->file, LAB_IOC_CHECK,
			       check, sizeof(*check));
}
EXPORT_SYMBOL_GPL(kmaplab_check);

/**
 * kmaplab_read - read()
 * @test: the case
 * @to: where to, kernel memory
 * @count: bytes, two pages at most
 * @pos: offset in bytes, any value
 *
 * Return: what the device returned.
 */
ssize_t kmaplab_read(struct kunit *test, void *to, size_t count, loff_t pos)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	ssize_t ret;

	KUNIT_ASSERT_LE(test, count, KMAPLAB_SCRATCH);
	ret = this->file->f_op->read(this->file, this->scratch, count, &pos);
	if (ret > 0)
		KUNIT_ASSERT_EQ(test, 0,
				copy_from_user(to, this->scratch, ret));
	return ret;
}
EXPORT_SYMBOL_GPL(kmaplab_read);

/**
 * kmaplab_write - write()
 * @test: the case
 * @from: where from, kernel memory
 * @count: bytes, two pages at most
 * @pos: offset in bytes, any value
 *
 * Return: what the device returned.
 */
ssize_t kmaplab_write(struct kunit *test, const void *from, size_t count,
		      loff_t pos)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	KUNIT_ASSERT_LE(test, count, KMAPLAB_SCRATCH);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(this->scratch, from, count));
	return this->file->f_op->write(this->file, this->scratch, count, &pos);
}
EXPORT_SYMBOL_GPL(kmaplab_write);
