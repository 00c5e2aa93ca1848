// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: what keeps memory and module alive
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "suite.h"
#include "words.h"

/* Another mapping, of a file of its own that is closed at once. */
static unsigned long map_and_close(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct file *file = kmaplab_open(this->name, O_RDWR);
	unsigned long addr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	addr = vm_mmap(file, 0, this->lab->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED, 0);
	kmaplab_close(file);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

void mapping_outlives_the_descriptor(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	u64 seed = kmaplab_next_seed();
	unsigned long addr;

	kmaplab_map(test, 0, 1);
	addr = map_and_close(test);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	kmaplab_expect_user_pattern(test, addr, seed, 0, lab->size / 4);
	kmaplab_write_user_pattern(test, addr, ~seed, lab->size / 4);
	kmaplab_expect_kernel_pattern(test, ~seed);
	kmaplab_unmap(test, addr, lab->size >> PAGE_SHIFT);
}

void descriptor_outlives_the_mapping(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	unsigned long pages = lab->size >> PAGE_SHIFT;
	unsigned long addr = kmaplab_map(test, 0, pages);
	u64 seed = kmaplab_next_seed();

	kmaplab_write_user_pattern(test, addr, seed, lab->size / 4);
	kmaplab_unmap(test, addr, pages);
	KUNIT_EXPECT_NE(test, 0, clear_user((void __user *)addr, 4));
	kmaplab_expect_kernel_pattern(test, seed);
}

/* Not declared where no module can be unloaded. */
#ifndef CONFIG_MODULE_UNLOAD
#define module_refcount(module) 0
#endif

void module_is_held_until_the_last_unmap(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct module *owner = this->file->f_op->owner;
	unsigned long pages = this->lab->size >> PAGE_SHIFT;
	unsigned long first, second;
	int before;

	if (!owner || !IS_ENABLED(CONFIG_MODULE_UNLOAD))
		kunit_skip(test, "the lab cannot be unloaded: there is no module to hold");

	kmaplab_map(test, 0, 1);
	before = module_refcount(owner);
	first = map_and_close(test);
	second = map_and_close(test);
	KUNIT_EXPECT_EQ(test, before + 2, module_refcount(owner));

	/* In two steps: the rest of the VMA holds the file as well. */
	kmaplab_unmap(test, first, 1);
	if (pages > 1) {
		KUNIT_EXPECT_EQ(test, before + 2, module_refcount(owner));
		kmaplab_unmap(test, first + PAGE_SIZE, pages - 1);
	}
	KUNIT_EXPECT_EQ(test, before + 1, module_refcount(owner));
	kmaplab_unmap(test, second, pages);
	KUNIT_EXPECT_EQ(test, before, module_refcount(owner));
}

KMAPLAB_LIFE_CASES(KMAPLAB_EXPORT)
