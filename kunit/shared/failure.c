// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: each allocation made to fail in turn
 *
 * In daily use an error path hardly ever runs. Here the first allocation of an
 * operation fails, then the second, and so on until the operation has none left to
 * fail: so every path is taken once.
 */
#include <linux/bitmap.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "faults.h"
#include "loads.h"
#include "suite.h"

/* More than any of these operations allocates. */
#define MOST_FAILURES 1000

/**
 * kmaplab_fail_each - do something with each of its allocations failing once
 * @test: the case
 * @op: does it and undoes it; returns 0 or more, or an error
 *
 * The operation may succeed all the same where it can do without; if it fails,
 * it must say -ENOMEM, or -EFAULT for a copy from or to user space, which can
 * be made to fail as well. Skips the case if the kernel cannot let it fail.
 */
void kmaplab_fail_each(struct kunit *test, long (*op)(struct kunit *test))
{
	unsigned int n, left, failed = 0;
	long ret;

	if (!kmaplab_can_fail())
		kunit_skip(test, KMAPLAB_CANNOT_FAIL);

	for (n = 1; n < MOST_FAILURES; n++) {
		kmaplab_fail_nth(n);
		ret = op(test);
		left = kmaplab_fail_none();
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
	KUNIT_EXPECT_LT(test, n, MOST_FAILURES);
	KUNIT_EXPECT_GT_MSG(test, failed, 0, "nothing could be made to fail");
}
EXPORT_SYMBOL_GPL(kmaplab_fail_each);

static long open_and_close(struct kunit *test)
{
	struct file *file = kmaplab_open(kmaplab_case_of(test)->name, O_RDWR);

	if (IS_ERR(file))
		return PTR_ERR(file);
	kmaplab_close(file);
	return 0;
}

void open_survives_every_failed_allocation(struct kunit *test)
{
	kmaplab_fail_each(test, open_and_close);
}

static long map_and_unmap(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);

	return kmaplab_try_map(this->file, 0, this->lab->size,
			       PROT_READ | PROT_WRITE, MAP_SHARED);
}

void mmap_survives_every_failed_allocation(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);

	/* Skips where there can be no mapping. */
	kmaplab_unmap(test, kmaplab_map(test, 0, 1), 1);
	kmaplab_fail_each(test, map_and_unmap);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&lab->mappings));
}

static long read_a_page(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	loff_t pos = 0;

	return this->file->f_op->read(this->file, this->scratch, PAGE_SIZE,
				      &pos);
}

void read_survives_every_failed_allocation(struct kunit *test)
{
	kmaplab_fail_each(test, read_a_page);
}

static long write_a_page(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	loff_t pos = 0;

	return this->file->f_op->write(this->file, this->scratch, PAGE_SIZE,
				       &pos);
}

void write_survives_every_failed_allocation(struct kunit *test)
{
	kmaplab_fail_each(test, write_a_page);
}

/* Each request copies its structure in, out, or both ways. */
static long make_requests(struct kunit *test)
{
	static const unsigned int requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
	};
	struct kmaplab_case *this = kmaplab_case_of(test);
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

void requests_survive_every_failed_copy(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, make_requests(test));
	kmaplab_fail_each(test, make_requests);
}

/* loads.c has made the loads when the lab was loaded. */
void load_survives_every_failed_allocation(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	const struct kmaplab_loads *loads = kmaplab_loads_of(this->name);
	unsigned long err;

	if (!loads)
		kunit_skip(test, "the lab is built in: its init function has run");
	if (!loads->can_fail)
		kunit_skip(test, KMAPLAB_CANNOT_FAIL);

	kunit_info(test, "%u loads failed, %u did not", loads->failed,
		   loads->loaded);
	KUNIT_EXPECT_GT(test, loads->failed, 0);
	KUNIT_EXPECT_FALSE_MSG(test, loads->left_a_device,
			       "a load failed, or was undone, and left its device");
	KUNIT_EXPECT_FALSE_MSG(test, loads->fails_unprovoked,
			       "a load failed although no allocation did");
	KUNIT_EXPECT_FALSE_MSG(test, loads->is_half_made,
			       "a load worked without memory, or without its claim");
	for_each_set_bit(err, loads->errors, MAX_ERRNO + 1)
		KUNIT_EXPECT_TRUE_MSG(test, err == ENOMEM ||
				      err == -this->load_error,
				      "a load failed with error -%lu", err);
}

/* As above. */
void load_may_wait_for_memory(struct kunit *test)
{
	const struct kmaplab_loads *loads =
		kmaplab_loads_of(kmaplab_case_of(test)->name);

	if (!loads)
		kunit_skip(test, "the lab is built in: its init function has run");
	if (!loads->can_fail)
		kunit_skip(test, KMAPLAB_CANNOT_FAIL);

	KUNIT_EXPECT_FALSE_MSG(test, loads->needs_at_once,
			       "a load needs memory from an allocation that may not wait for it");
}

KMAPLAB_FAILURE_CASES(KMAPLAB_EXPORT)
