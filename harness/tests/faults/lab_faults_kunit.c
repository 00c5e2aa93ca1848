// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate faults: every expectation holds, and every case must fail
 *
 * The tests of the harness build this suite, and nothing else does. The order
 * counts: lockdep switches itself off at the first report of KASAN's.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "shared/case.h"

static int faults_init(struct kunit *test)
{
	kmaplab_begin(test);
	return 0;
}

static void nothing_is_wrong_before(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, true);
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void locks_are_taken_in_both_orders(struct kunit *test)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	KUNIT_EXPECT_TRUE(test, true);
}

static void kernel_warns(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, WARN_ON(test));
}

static void shift_is_too_far(struct kunit *test)
{
	int places = 40, shifted;

	OPTIMIZER_HIDE_VAR(places);
	shifted = 1 << places;
	OPTIMIZER_HIDE_VAR(shifted);
	KUNIT_EXPECT_TRUE(test, shifted || true);
}

static void store_is_past_the_end(struct kunit *test)
{
	size_t size = 100;
	char *object;

	OPTIMIZER_HIDE_VAR(size);
	object = kmalloc(size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	WRITE_ONCE(object[size], 1);
	kfree(object);
}

static void object_is_used_after_its_end(struct kunit *test)
{
	char *object = kmalloc(100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	kfree(object);
	OPTIMIZER_HIDE_VAR(object);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(object[8]) || true);
}

/* Many, for kmemleak takes any word that looks like an address for a reference. */
static void objects_are_lost(struct kunit *test)
{
	int i;

	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_NOT_NULL(test, kmalloc(700, GFP_KERNEL));
}

static void nothing_is_wrong_after(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, true);
}

static struct kunit_case faults_cases[] = {
	KUNIT_CASE(nothing_is_wrong_before),
	KUNIT_CASE(locks_are_taken_in_both_orders),
	KUNIT_CASE(kernel_warns),
	KUNIT_CASE(shift_is_too_far),
	KUNIT_CASE(store_is_past_the_end),
	KUNIT_CASE(object_is_used_after_its_end),
	KUNIT_CASE(objects_are_lost),
	KUNIT_CASE(nothing_is_wrong_after),
	{}
};

static struct kunit_suite faults_suite = {
	.name = "lab_faults",
	.init = faults_init,
	.test_cases = faults_cases,
};

kunit_test_suite(faults_suite);

MODULE_DESCRIPTION("kmaplab: deliberate faults that no expectation sees");
MODULE_LICENSE("GPL");
