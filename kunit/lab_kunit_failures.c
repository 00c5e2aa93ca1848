// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: each allocation made to fail in turn
 *
 * An error path is code that nobody has run. The kernel's fault injection lets
 * the n-th allocation of a thread fail, whatever it is for
 * (Documentation/fault-injection/fault-injection.rst, "fail-nth"): with n from
 * 1 up, until the operation has none left to fail, every path is taken once.
 */
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "lab_kunit.h"

/* More than any of these operations allocates. */
#define LAB_KUNIT_MOST_FAILURES 1000

#ifdef CONFIG_FAULT_INJECTION
/**
 * lab_kunit_fail_nth - let an allocation of this thread fail
 * @n: which one, from now on; 1 is the next
 *
 * A copy from or to user space counts as one, too.
 */
void lab_kunit_fail_nth(unsigned int n)
{
	current->fail_nth = n;
}

/**
 * lab_kunit_fail_none - let no allocation of this thread fail any more
 *
 * Return: how many were still to be counted; 0 if one has failed.
 */
unsigned int lab_kunit_fail_none(void)
{
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	return left;
}
#else
void lab_kunit_fail_nth(unsigned int n)
{
}

unsigned int lab_kunit_fail_none(void)
{
	return 0;
}
#endif

/**
 * lab_kunit_can_fail - can allocations be made to fail?
 *
 * As delivered, fault injection spares all allocations that may wait.
 *
 * Return: whether those of kmalloc() and of whole pages can.
 */
bool lab_kunit_can_fail(void)
{
	void *object, *page;

	lab_kunit_fail_nth(1);
	object = kmalloc(64, GFP_KERNEL);
	lab_kunit_fail_none();
	lab_kunit_fail_nth(1);
	page = (void *)__get_free_page(GFP_KERNEL);
	lab_kunit_fail_none();
	kfree(object);
	free_page((unsigned long)page);
	return !object && !page;
}

/**
 * lab_kunit_fail_each - do something with each of its allocations failing once
 * @test: the case
 * @op: does it and undoes it; returns 0 or more, or an error
 *
 * The operation may succeed all the same where it can do without; if it fails,
 * it must say -ENOMEM, or -EFAULT for a copy from or to user space, which can
 * be made to fail as well. Skips the case if the kernel cannot let it fail.
 */
void lab_kunit_fail_each(struct kunit *test, long (*op)(struct kunit *test))
{
	unsigned int n, left, failed = 0;
	long ret;

	if (!lab_kunit_can_fail())
		kunit_skip(test, LAB_KUNIT_CANNOT_FAIL);

	for (n = 1; n < LAB_KUNIT_MOST_FAILURES; n++) {
		lab_kunit_fail_nth(n);
		ret = op(test);
		left = lab_kunit_fail_none();
		if (left) {
			KUNIT_EXPECT_GE_MSG(test, ret, 0,
					    "it fails although nothing else did");
			break;
		}
		if (ret >= 0)
			continue;
		failed++;
		KUNIT_EXPECT_TRUE_MSG(test, ret == -ENOMEM || ret == -EFAULT,
				      "failure %u: error %ld", n, ret);
	}
	KUNIT_EXPECT_LT(test, n, LAB_KUNIT_MOST_FAILURES);
	KUNIT_EXPECT_GT_MSG(test, failed, 0, "nothing could be made to fail");
}
EXPORT_SYMBOL_GPL(lab_kunit_fail_each);

static long open_and_close(struct kunit *test)
{
	struct file *file = lab_kunit_open(lab_kunit_of(test)->name, O_RDWR);

	if (IS_ERR(file))
		return PTR_ERR(file);
	lab_kunit_close(file);
	return 0;
}

void lab_kunit_open_survives_every_failed_allocation(struct kunit *test)
{
	lab_kunit_fail_each(test, open_and_close);
}
EXPORT_SYMBOL_GPL(lab_kunit_open_survives_every_failed_allocation);

static long map_and_unmap(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);

	return lab_kunit_try_map(this->file, 0, this->lab->size,
				 PROT_READ | PROT_WRITE, MAP_SHARED);
}

void lab_kunit_mmap_survives_every_failed_allocation(struct kunit *test)
{
	struct lab *lab = lab_kunit_of(test)->lab;

	/* Skips where there can be no mapping. */
	lab_kunit_unmap(test, lab_kunit_map(test, 0, 1), 1);
	lab_kunit_fail_each(test, map_and_unmap);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&lab->mappings));
}
EXPORT_SYMBOL_GPL(lab_kunit_mmap_survives_every_failed_allocation);

static long read_a_page(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	loff_t pos = 0;

	return this->file->f_op->read(this->file, this->scratch, PAGE_SIZE,
				      &pos);
}

void lab_kunit_read_survives_every_failed_allocation(struct kunit *test)
{
	lab_kunit_fail_each(test, read_a_page);
}
EXPORT_SYMBOL_GPL(lab_kunit_read_survives_every_failed_allocation);

static long write_a_page(struct kunit *test)
{
	struct lab_kunit *this = lab_kunit_of(test);
	loff_t pos = 0;

	return this->file->f_op->write(this->file, this->scratch, PAGE_SIZE,
				       &pos);
}

void lab_kunit_write_survives_every_failed_allocation(struct kunit *test)
{
	lab_kunit_fail_each(test, write_a_page);
}
EXPORT_SYMBOL_GPL(lab_kunit_write_survives_every_failed_allocation);

/* Each request copies its structure in, out, or both ways. */
static long make_requests(struct kunit *test)
{
	static const unsigned int requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
	};
	struct lab_kunit *this = lab_kunit_of(test);
	size_t i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		ret = this->file->f_op->unlocked_ioctl(this->file, requests[i],
						       (unsigned long)this->scratch);
		/* INFO leaves a kernel address where PAGE finds its index. */
		if (clear_user(this->scratch, sizeof(struct lab_info)))
			return -EFAULT;
		if (ret)
			return ret;
	}
	return 0;
}

void lab_kunit_requests_survive_every_failed_copy(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, make_requests(test));
	lab_kunit_fail_each(test, make_requests);
}
EXPORT_SYMBOL_GPL(lab_kunit_requests_survive_every_failed_copy);
