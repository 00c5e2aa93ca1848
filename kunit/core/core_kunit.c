// SPDX-License-Identifier: GPL-2.0
/*
 * The suite of what the labs share: the pattern, the bounds, the core
 */
#include <kunit/test.h>
#include <linux/iosys-map.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "lab_core.h"
#include "lab_pattern.h"
#include "shared/suite.h"

/*
 * The pattern
 */

#define PAGE_WORDS (PAGE_SIZE / sizeof(u32))

/*
 * The numbers were computed by another program, from the published algorithm:
 * kernel and user space share the header, and so would share an error in it. The
 * first is the first output of SplitMix64 for the seed 0.
 */
static void pattern_is_the_documented_one(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0xe220a8397b1dcdafull,
			lab_pattern_mix(0x9e3779b97f4a7c15ull));
	KUNIT_EXPECT_EQ(test, 0x48218226, lab_pattern_word(0, 0));
	KUNIT_EXPECT_EQ(test, 0x915f11bb, lab_pattern_word(0, 7));
	KUNIT_EXPECT_EQ(test, 0xdce423fc, lab_pattern_word(1, 0));
	KUNIT_EXPECT_EQ(test, 0xa7217a95,
			lab_pattern_word(U64_MAX, BIT_ULL(40)));
}

static void pattern_depends_on_the_position(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	unsigned int same = 0;
	size_t i;

	/* By chance one in 2^32 words is the one before it. */
	for (i = 1; i < 64 * PAGE_WORDS; i++)
		same += lab_pattern_word(seed, i) ==
			lab_pattern_word(seed, i - 1);
	KUNIT_EXPECT_LE(test, same, 1);
}

/* A page in the wrong place must differ from the right one in its first words. */
static void pattern_of_every_two_pages_differs(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	size_t i, j;

	for (i = 0; i < 64; i++)
		for (j = 0; j < i; j++)
			KUNIT_ASSERT_FALSE_MSG(test,
					       lab_pattern_word(seed, i * PAGE_WORDS) ==
					       lab_pattern_word(seed, j * PAGE_WORDS) &&
					       lab_pattern_word(seed, i * PAGE_WORDS + 1) ==
					       lab_pattern_word(seed, j * PAGE_WORDS + 1),
					       "pages %zu and %zu", i, j);
}

static void pattern_has_no_seam_at_the_end_of_a_page(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	size_t page;

	for (page = 1; page < 64; page++) {
		size_t last = page * PAGE_WORDS - 1;

		KUNIT_EXPECT_NE(test, lab_pattern_word(seed, last),
				lab_pattern_word(seed, last - PAGE_WORDS + 1));
		KUNIT_EXPECT_NE(test, lab_pattern_word(seed, last) ^
				lab_pattern_word(seed, last + 1), 0);
	}
}

static void pattern_depends_on_the_seed(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	unsigned int bit;

	for (bit = 0; bit < 64; bit++)
		KUNIT_EXPECT_NE(test, lab_pattern_word(seed, 0),
				lab_pattern_word(seed ^ BIT_ULL(bit), 0));
}

/* Otherwise a buffer of another run would match from some page on. */
static void pattern_of_one_seed_is_not_anothers_shifted(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	unsigned int same = 0;
	size_t i, j;

	for (i = 0; i < 256; i++)
		for (j = 0; j < 256; j++)
			same += lab_pattern_word(seed, i) ==
				lab_pattern_word(seed + 1, j);
	KUNIT_EXPECT_LE(test, same, 1);
}

/*
 * The bounds
 */

/* The same question by counting, which cannot go wrong for small numbers. */
static bool fits_by_counting(unsigned long pages, unsigned long pgoff,
			     unsigned long count)
{
	unsigned long i;

	if (pgoff >= pages)
		return false;
	for (i = 0; i < count; i++)
		if (pgoff + i >= pages)
			return false;
	return true;
}

static void range_fits_exactly_if_every_page_does(struct kunit *test)
{
	unsigned long pages, pgoff, count;

	for (pages = 1; pages < 8; pages++)
		for (pgoff = 0; pgoff < 10; pgoff++)
			for (count = 1; count < 10; count++)
				KUNIT_EXPECT_EQ_MSG(test,
						    fits_by_counting(pages, pgoff, count),
						    lab_range_fits(pages << PAGE_SHIFT,
								   pgoff,
								   count << PAGE_SHIFT),
						    "%lu pages at %lu of %lu",
						    count, pgoff, pages);
}

static void range_that_begins_at_the_end_does_not_fit(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, lab_range_fits(PAGE_SIZE, 1, 0));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(PAGE_SIZE, 1, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(0, 0, 0));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(0, 0, PAGE_SIZE));
}

/* Each of these fits if the offset is shifted, or added, without care. */
static void range_that_wraps_around_does_not_fit(struct kunit *test)
{
	const size_t size = 4 * PAGE_SIZE;
	const unsigned long top = ULONG_MAX >> PAGE_SHIFT;
	/* In bytes, this offset is 0 on machines of 64 and of 32 bits. */
	const unsigned long whole = 1ul << (BITS_PER_LONG - PAGE_SHIFT);
	const unsigned long longest = ULONG_MAX & PAGE_MASK;

	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, whole, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, whole + 1, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, top, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, top, 2 * PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, ULONG_MAX, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, ULONG_MAX, 0));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, 1, longest));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, 0, longest));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, top - 3, longest));
}

static void range_of_the_largest_memory_fits(struct kunit *test)
{
	const size_t size = SIZE_MAX & PAGE_MASK;
	const unsigned long pages = size >> PAGE_SHIFT;

	KUNIT_EXPECT_TRUE(test, lab_range_fits(size, 0, size));
	KUNIT_EXPECT_TRUE(test, lab_range_fits(size, pages - 1, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, pages, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, lab_range_fits(size, 1, size));
}

/*
 * Module parameters
 */

static void size_is_taken_only_within_the_allocators_range(struct kunit *test)
{
	static const long outside[] = { 0, -1, LONG_MIN, 9, LONG_MAX };
	struct lab lab = { .misc.name = "kmaplab_kunit" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    lab_set_size(&lab, outside[i], 8),
				    "%ld pages", outside[i]);
	KUNIT_EXPECT_EQ(test, lab.size, 0);
	KUNIT_EXPECT_EQ(test, 0, lab_set_size(&lab, 1, 8));
	KUNIT_EXPECT_EQ(test, lab.size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, lab_set_size(&lab, 8, 8));
	KUNIT_EXPECT_EQ(test, lab.size, 8 * PAGE_SIZE);
}

/* An allocator's limit, in pages, may be more than SIZE_MAX in bytes. */
static void size_in_bytes_never_wraps(struct kunit *test)
{
	struct lab lab = { .misc.name = "kmaplab_kunit" };
	const long most = SIZE_MAX >> PAGE_SHIFT;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			lab_set_size(&lab, most + 1, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			lab_set_size(&lab, LONG_MAX, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, 0, lab_set_size(&lab, most, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, lab.size, SIZE_MAX & PAGE_MASK);
}

static void number_zero_differs_from_not_given(struct kunit *test)
{
	struct lab_number number = {};
	const struct kernel_param param = { .arg = &number };
	char *text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	/* sysfs_emit() insists on a whole page, as sysfs gives it. */
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(text));
	KUNIT_EXPECT_GT(test, lab_number_ops.get(text, &param), 0);
	KUNIT_EXPECT_STREQ(test, text, "not given\n");

	KUNIT_EXPECT_EQ(test, 0, lab_number_ops.set("0", &param));
	KUNIT_EXPECT_TRUE(test, number.given);
	KUNIT_EXPECT_GT(test, lab_number_ops.get(text, &param), 0);
	KUNIT_EXPECT_STREQ(test, text, "0\n");
}

static void number_takes_numbers_only(struct kunit *test)
{
	static const char * const bad[] = {
		"", " ", "x", "1x", "0x", "--1", "1 2", "9223372036854775808",
	};
	struct lab_number number = {};
	const struct kernel_param param = { .arg = &number };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_NE_MSG(test, 0, lab_number_ops.set(bad[i], &param),
				    "'%s'", bad[i]);
		KUNIT_EXPECT_FALSE(test, number.given);
	}
	KUNIT_EXPECT_EQ(test, 0, lab_number_ops.set("-1", &param));
	KUNIT_EXPECT_EQ(test, number.value, -1);
	KUNIT_EXPECT_EQ(test, 0, lab_number_ops.set("0x10\n", &param));
	KUNIT_EXPECT_EQ(test, number.value, 16);
}

/*
 * A device of our own
 *
 * The core works with any kind of memory. Two pages from kmalloc(), with KASAN's
 * redzones around them, are enough.
 */

static void core_translate(const struct lab *lab, unsigned long index,
			   struct lab_page *page)
{
	page->kernel_addr = (unsigned long)lab->view.vaddr +
			    (index << PAGE_SHIFT);
	page->pfn = 0;
}

static const struct file_operations core_fops = {
	LAB_FILE_OPERATIONS,
};

static struct lab core_lab = {
	.misc = LAB_MISCDEVICE("kmaplab_memory", &core_fops),
	.size = 2 * PAGE_SIZE,
	.translate = core_translate,
};

/* One of those "reserved for local use": Documentation/admin-guide/devices.txt. */
#define KMAPLAB_MINOR 250

static bool core_registered;

static int core_init(struct kunit *test)
{
	int err;

	/* Behind the two pages lies a third, which the device must not touch. */
	iosys_map_set_vaddr(&core_lab.view,
			    kunit_kzalloc(test, 3 * PAGE_SIZE, GFP_KERNEL));
	KUNIT_ASSERT_FALSE(test, iosys_map_is_null(&core_lab.view));
	err = lab_register(&core_lab);
	if (err)
		return err;
	core_registered = true;
	return kmaplab_init(test, core_lab.misc.name, 0);
}

/* Also runs when core_init() failed or was aborted. */
static void core_exit(struct kunit *test)
{
	kmaplab_exit(test);
	if (core_registered)
		lab_unregister(&core_lab);
	core_registered = false;
}

/* Two devices cannot have one minor; the second must leave nothing behind. */
static void taken_minor_is_refused(struct kunit *test)
{
	struct lab first = core_lab, second = core_lab;

	first.misc = (struct miscdevice)LAB_MISCDEVICE("kmaplab_first",
						       &core_fops);
	second.misc = (struct miscdevice)LAB_MISCDEVICE("kmaplab_second",
							&core_fops);
	/* Of the fixed minors, one that no driver in the kernel claims. */
	first.misc.minor = KMAPLAB_MINOR;
	second.misc.minor = KMAPLAB_MINOR;
	KUNIT_ASSERT_EQ(test, 0, lab_register(&first));
	KUNIT_EXPECT_EQ(test, -EBUSY, lab_register(&second));
	KUNIT_EXPECT_TRUE(test, IS_ERR(kmaplab_open("kmaplab_second",
						    O_RDWR)));
	lab_unregister(&first);
}

static void nothing_is_written_past_the_end(struct kunit *test)
{
	const u8 *behind = core_lab.view.vaddr + core_lab.size;
	u8 *bytes = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	memset(bytes, 0xff, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, kmaplab_fill(test, kmaplab_next_seed()));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			kmaplab_write(test, bytes, 2 * PAGE_SIZE, PAGE_SIZE));
	for (i = 0; i < PAGE_SIZE; i++)
		KUNIT_ASSERT_EQ(test, behind[i], 0);
}

/*
 * Signals
 *
 * A fill of gigabytes must end when its process is killed, and a read or write
 * when a signal comes. A case's thread takes no signals unless it says so.
 */

static void pend(int signal)
{
	allow_signal(signal);
	send_sig(signal, current, 1);
}

static void forget_signals(int signal)
{
	disallow_signal(signal);
	flush_signals(current);
}

static void kill_ends_a_fill(struct kunit *test)
{
	long err;

	pend(SIGKILL);
	err = kmaplab_fill(test, 1);
	forget_signals(SIGKILL);
	KUNIT_EXPECT_EQ(test, -EINTR, err);
	/* And the lock is free again. */
	KUNIT_EXPECT_EQ(test, 0, kmaplab_fill(test, 1));
}

static void kill_ends_a_check(struct kunit *test)
{
	struct lab_check check = { .seed = 1 };
	long err;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, 1));
	pend(SIGKILL);
	err = kmaplab_check(test, &check);
	forget_signals(SIGKILL);
	KUNIT_EXPECT_EQ(test, -EINTR, err);
	KUNIT_EXPECT_EQ(test, 0, kmaplab_check(test, &check));
}

static void signal_ends_a_read_after_one_page(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	ssize_t done;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	pend(SIGUSR1);
	done = kmaplab_read(test, bytes, 2 * PAGE_SIZE, 0);
	forget_signals(SIGUSR1);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, done);
}

static void signal_ends_a_write_after_one_page(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	ssize_t done;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	pend(SIGUSR1);
	done = kmaplab_write(test, bytes, 2 * PAGE_SIZE, 0);
	forget_signals(SIGUSR1);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, done);
}

/* Another thread holds the lock: SIGKILL must end the wait for it, too. */
struct holder {
	struct completion holds;
	struct completion may_go;
};

static int hold_the_lock(void *data)
{
	struct holder *holder = data;

	mutex_lock(&core_lab.lock);
	complete(&holder->holds);
	wait_for_completion(&holder->may_go);
	mutex_unlock(&core_lab.lock);
	return 0;
}

static void kill_ends_the_wait_for_the_lock(struct kunit *test)
{
	struct lab_check check = { .seed = 1 };
	long fill, compare, read, write;
	struct task_struct *thread;
	struct holder holder;
	u8 byte = 0;

	init_completion(&holder.holds);
	init_completion(&holder.may_go);
	thread = kthread_run(hold_the_lock, &holder, "kmaplab_kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	get_task_struct(thread);
	wait_for_completion(&holder.holds);

	pend(SIGKILL);
	fill = kmaplab_fill(test, 1);
	compare = kmaplab_check(test, &check);
	read = kmaplab_read(test, &byte, 1, 0);
	write = kmaplab_write(test, &byte, 1, 0);
	forget_signals(SIGKILL);

	complete(&holder.may_go);
	kthread_stop(thread);
	put_task_struct(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, fill);
	KUNIT_EXPECT_EQ(test, -EINTR, compare);
	KUNIT_EXPECT_EQ(test, -EINTR, read);
	KUNIT_EXPECT_EQ(test, -EINTR, write);
}

/*
 * Transfers that end where the caller's memory does
 */

static void read_and_write_stop_where_the_users_memory_does(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	/* The scratch memory's last byte, and what lies behind it. */
	char __user *last = (char __user *)this->scratch + 2 * PAGE_SIZE - 1;
	loff_t pos = 0;

	KUNIT_EXPECT_NE(test, 0, clear_user(last + 1, 1));
	KUNIT_EXPECT_EQ(test, 1, this->file->f_op->read(this->file, last, 9,
							&pos));
	KUNIT_EXPECT_EQ(test, 1, pos);
	KUNIT_EXPECT_EQ(test, 1, this->file->f_op->write(this->file, last, 9,
							 &pos));
	KUNIT_EXPECT_EQ(test, 2, pos);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			this->file->f_op->read(this->file, last + 1, 9, &pos));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			this->file->f_op->write(this->file, last + 1, 9, &pos));
	KUNIT_EXPECT_EQ(test, 2, pos);
}

#define CORE_CASES(CASE)						\
	CASE(pattern_is_the_documented_one)				\
	CASE(pattern_depends_on_the_position)				\
	CASE(pattern_of_every_two_pages_differs)			\
	CASE(pattern_has_no_seam_at_the_end_of_a_page)			\
	CASE(pattern_depends_on_the_seed)				\
	CASE(pattern_of_one_seed_is_not_anothers_shifted)		\
	CASE(range_fits_exactly_if_every_page_does)			\
	CASE(range_that_begins_at_the_end_does_not_fit)			\
	CASE(range_that_wraps_around_does_not_fit)			\
	CASE(range_of_the_largest_memory_fits)				\
	CASE(size_is_taken_only_within_the_allocators_range)		\
	CASE(size_in_bytes_never_wraps)					\
	CASE(number_zero_differs_from_not_given)				\
	CASE(number_takes_numbers_only)					\
	CASE(taken_minor_is_refused)					\
	CASE(nothing_is_written_past_the_end)				\
	CASE(device_without_a_mapping_cannot_be_mapped)			\
	CASE(kill_ends_a_fill)						\
	CASE(kill_ends_a_check)						\
	CASE(signal_ends_a_read_after_one_page)				\
	CASE(signal_ends_a_write_after_one_page)			\
	CASE(kill_ends_the_wait_for_the_lock)				\
	CASE(read_and_write_stop_where_the_users_memory_does)		\
	KMAPLAB_CONTENT_CASES(CASE)					\
	KMAPLAB_USE_FAILURE_CASES(CASE)

KMAPLAB_SUITE(lab_core, CORE_CASES, core_init, core_exit);

MODULE_DESCRIPTION("kmaplab: KUnit suite of what the labs share");
MODULE_LICENSE("GPL");
