// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of every lab: contents, addresses and requests
 *
 * Nothing here maps the memory. The kernel's own view of it, lab->view, is what
 * the answers of read(), write() and ioctl() are compared with.
 */
#include <linux/iosys-map.h>
#include <linux/uaccess.h>

#include "lab_pattern.h"
#include "suite.h"

static u32 word_of(const struct lab *lab, size_t offset)
{
	struct iosys_map view = lab->view;

	return iosys_map_rd(&view, offset, u32);
}

static void set_word(const struct lab *lab, size_t offset, u32 word)
{
	struct iosys_map view = lab->view;

	iosys_map_wr(&view, offset, u32, word);
}

void fresh_memory_is_as_documented(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	size_t offset;

	for (offset = 0; offset < this->lab->size; offset += sizeof(u32))
		KUNIT_ASSERT_EQ_MSG(test, this->fresh,
				    word_of(this->lab, offset),
				    "at offset 0x%zx", offset);
}

void size_is_whole_pages(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);

	KUNIT_EXPECT_GT(test, lab->size, 0);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(lab->size));
	KUNIT_EXPECT_FALSE(test, iosys_map_is_null(&lab->view));
}

void pages_follow_one_another_for_the_kernel(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_page first = {}, page = {};
	unsigned long i;

	lab->translate(lab, 0, &first);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(first.kernel_addr));
	for (i = 0; i < lab->size >> PAGE_SHIFT; i++) {
		lab->translate(lab, i, &page);
		KUNIT_EXPECT_EQ(test, page.kernel_addr,
				first.kernel_addr + (i << PAGE_SHIFT));
		if (lab->flags & LAB_INFO_CONTIGUOUS)
			KUNIT_EXPECT_EQ(test, page.pfn, first.pfn + i);
	}
}

void info_describes_the_memory(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct lab_info info = {};
	struct lab_page first = {};

	KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, this->file,
						 LAB_IOC_INFO, &info,
						 sizeof(info)));
	this->lab->translate(this->lab, 0, &first);
	KUNIT_EXPECT_EQ(test, info.kernel_addr, first.kernel_addr);
	KUNIT_EXPECT_EQ(test, info.phys_addr, PFN_PHYS(first.pfn));
	KUNIT_EXPECT_EQ(test, info.size, this->lab->size);
	KUNIT_EXPECT_EQ(test, info.page_size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.pages, this->lab->size / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.flags, this->lab->flags);
	KUNIT_EXPECT_EQ(test, info.mappings, 0);
	KUNIT_EXPECT_EQ(test, info.reserved, 0);
}

void page_request_agrees_with_translate(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	struct lab_page asked = {}, page = {};
	unsigned long i;

	for (i = 0; i < this->lab->size >> PAGE_SHIFT; i++) {
		asked.index = i;
		KUNIT_ASSERT_EQ(test, 0, kmaplab_request(test, this->file,
							 LAB_IOC_PAGE,
							 &asked,
							 sizeof(asked)));
		this->lab->translate(this->lab, i, &page);
		KUNIT_EXPECT_EQ(test, asked.index, i);
		KUNIT_EXPECT_EQ(test, asked.kernel_addr, page.kernel_addr);
		KUNIT_EXPECT_EQ(test, asked.pfn, page.pfn);
	}
}

void page_request_past_the_end_is_refused(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	const u64 pages = this->lab->size >> PAGE_SHIFT;
	const u64 outside[] = { pages, pages + 1, U64_MAX / PAGE_SIZE, U64_MAX };
	struct lab_page page;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		page = (struct lab_page){ .index = outside[i] };
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    kmaplab_request(test, this->file,
						    LAB_IOC_PAGE, &page,
						    sizeof(page)),
				    "page %llu", outside[i]);
		KUNIT_EXPECT_EQ(test, 0, page.kernel_addr);
		KUNIT_EXPECT_EQ(test, 0, page.pfn);
	}
}

/*
 * Fill and check
 */

void fill_writes_every_word_of_the_pattern(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	u64 seed = kmaplab_next_seed();
	size_t offset;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	for (offset = 0; offset < lab->size; offset += sizeof(u32))
		KUNIT_ASSERT_EQ_MSG(test, word_of(lab, offset),
				    lab_pattern_word(seed, offset / 4),
				    "at offset 0x%zx", offset);
}

void check_finds_no_difference_after_a_fill(struct kunit *test)
{
	struct lab_check check = { .seed = kmaplab_next_seed() };

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, check.seed));
	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, LAB_NO_DIFFERENCE);
	KUNIT_EXPECT_EQ(test, check.expected, 0);
	KUNIT_EXPECT_EQ(test, check.found, 0);
}

/* One wrong bit at the beginning and at the end of each page, the last first. */
void check_names_the_first_word_that_differs(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	struct lab_check check = { .seed = kmaplab_next_seed() };
	size_t page, offset;
	u32 word;
	int end;

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, check.seed));
	for (page = lab->size; page > 0; page -= PAGE_SIZE) {
		for (end = 1; end >= 0; end--) {
			offset = end ? page - sizeof(u32) : page - PAGE_SIZE;
			word = lab_pattern_word(check.seed, offset / 4);
			set_word(lab, offset, word ^ BIT(offset / 4 % 32));
			KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
			KUNIT_EXPECT_EQ(test, check.offset, offset);
			KUNIT_EXPECT_EQ(test, check.expected, word);
			KUNIT_EXPECT_EQ(test, check.found,
					word ^ BIT(offset / 4 % 32));
		}
	}
}

void check_notices_another_seed(struct kunit *test)
{
	u64 seed = kmaplab_next_seed();
	struct lab_check check = { .seed = seed + 1 };

	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	KUNIT_ASSERT_EQ(test, 0, kmaplab_check(test, &check));
	KUNIT_EXPECT_EQ(test, check.offset, 0);
}

/*
 * read(), write() and llseek()
 */

static u8 byte_of(u64 seed, size_t offset)
{
	u32 word = lab_pattern_word(seed, offset / sizeof(u32));

	return ((u8 *)&word)[offset % sizeof(u32)];
}

/* Offsets that begin and end anywhere in a word, and that cross pages. */
void read_gives_the_kernels_bytes_from_any_offset(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	static const size_t counts[] = { 1, 2, 3, 4, 7, 64, PAGE_SIZE };
	const size_t starts[] = {
		0, 1, 2, 3, 5, PAGE_SIZE - 1, lab->size - PAGE_SIZE - 1,
	};
	u64 seed = kmaplab_next_seed();
	size_t i, j, k;
	u8 *bytes;

	bytes = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		for (j = 0; j < ARRAY_SIZE(counts); j++) {
			KUNIT_ASSERT_EQ(test, counts[j],
					kmaplab_read(test, bytes, counts[j],
						     starts[i]));
			for (k = 0; k < counts[j]; k++)
				KUNIT_ASSERT_EQ_MSG(test, bytes[k],
						    byte_of(seed,
							    starts[i] + k),
						    "offset 0x%zx",
						    starts[i] + k);
		}
	}
}

void write_changes_the_bytes_asked_for_and_no_others(struct kunit *test)
{
	struct lab *lab = kmaplab_lab_of(test);
	static const u8 bytes[] = "neither more nor less";
	const size_t count = sizeof(bytes) - 1;
	const loff_t starts[] = { 0, 1, PAGE_SIZE - 7, lab->size - count };
	u64 seed = kmaplab_next_seed();
	size_t i, offset;
	u32 word;
	u8 found;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		KUNIT_ASSERT_EQ(test, 0, kmaplab_fill(test, seed));
		KUNIT_ASSERT_EQ(test, count,
				kmaplab_write(test, bytes, count, starts[i]));
		for (offset = 0; offset < lab->size; offset++) {
			word = word_of(lab, round_down(offset, 4));
			found = ((u8 *)&word)[offset % 4];
			if (offset >= starts[i] && offset < starts[i] + count)
				KUNIT_ASSERT_EQ(test, found,
						bytes[offset - starts[i]]);
			else
				KUNIT_ASSERT_EQ_MSG(test, found,
						    byte_of(seed, offset),
						    "offset 0x%zx", offset);
		}
	}
}

void read_and_write_end_with_the_memory(struct kunit *test)
{
	const loff_t end = kmaplab_lab_of(test)->size;
	u8 bytes[16] = {};

	KUNIT_EXPECT_EQ(test, 5, kmaplab_read(test, bytes, 16, end - 5));
	KUNIT_EXPECT_EQ(test, 0, kmaplab_read(test, bytes, 16, end));
	KUNIT_EXPECT_EQ(test, 0, kmaplab_read(test, bytes, 16, end + 1));
	KUNIT_EXPECT_EQ(test, 0, kmaplab_read(test, bytes, 16, LLONG_MAX));
	KUNIT_EXPECT_EQ(test, 0, kmaplab_read(test, bytes, 0, 0));
	KUNIT_EXPECT_EQ(test, 5, kmaplab_write(test, bytes, 16, end - 5));
	KUNIT_EXPECT_EQ(test, -ENOSPC, kmaplab_write(test, bytes, 16, end));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			kmaplab_write(test, bytes, 16, LLONG_MAX));
	KUNIT_EXPECT_EQ(test, 0, kmaplab_write(test, bytes, 0, end));
}

void seek_stays_inside_the_memory(struct kunit *test)
{
	struct kmaplab_case *this = kmaplab_case_of(test);
	const loff_t size = this->lab->size;

	KUNIT_EXPECT_EQ(test, size, vfs_llseek(this->file, 0, SEEK_END));
	KUNIT_EXPECT_EQ(test, size - 8, vfs_llseek(this->file, -8, SEEK_END));
	KUNIT_EXPECT_EQ(test, size - 4, vfs_llseek(this->file, 4, SEEK_CUR));
	KUNIT_EXPECT_EQ(test, 1, vfs_llseek(this->file, 1, SEEK_SET));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfs_llseek(this->file, -1, SEEK_SET));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfs_llseek(this->file, size + 1, SEEK_SET));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfs_llseek(this->file, LLONG_MAX, SEEK_SET));
}

/*
 * What is refused
 */

void fill_needs_a_descriptor_that_can_write(struct kunit *test)
{
	struct file *file = kmaplab_open(kmaplab_case_of(test)->name, O_RDONLY);
	struct lab_fill fill = { .seed = kmaplab_next_seed() };

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, -EBADF,
			kmaplab_request(test, file, LAB_IOC_FILL, &fill,
					sizeof(fill)));
	kmaplab_close(file);
}

void check_needs_a_descriptor_that_can_read(struct kunit *test)
{
	struct file *file = kmaplab_open(kmaplab_case_of(test)->name, O_WRONLY);
	struct lab_check check = { .seed = kmaplab_next_seed() };

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, -EBADF,
			kmaplab_request(test, file, LAB_IOC_CHECK, &check,
					sizeof(check)));
	kmaplab_close(file);
}

void unknown_requests_are_refused(struct kunit *test)
{
	static const unsigned int requests[] = {
		0, U32_MAX, _IO(LAB_IOC_MAGIC, 0), _IO(LAB_IOC_MAGIC, 200),
		/* The right number, for a structure of another size. */
		_IOR(LAB_IOC_MAGIC, 0, u32),
		_IOW(LAB_IOC_MAGIC + 1, 2, struct lab_fill),
	};
	struct kmaplab_case *this = kmaplab_case_of(test);
	u64 arg = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		KUNIT_EXPECT_EQ_MSG(test, -ENOTTY,
				    kmaplab_request(test, this->file,
						    requests[i], &arg,
						    sizeof(arg)),
				    "request 0x%x", requests[i]);
}

void requests_survive_a_bad_pointer(struct kunit *test)
{
	static const unsigned int requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
		LAB_IOC_USER_PAGE,
	};
	struct kmaplab_case *this = kmaplab_case_of(test);
	/* In no address space, and in the kernel's. */
	const unsigned long bad[] = { PAGE_SIZE, (unsigned long)this };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			KUNIT_EXPECT_EQ_MSG(test, -EFAULT,
					    this->file->f_op->unlocked_ioctl(this->file,
									     requests[i],
									     bad[j]),
					    "request 0x%x at 0x%lx",
					    requests[i], bad[j]);
}

KMAPLAB_CONTENT_CASES(KMAPLAB_EXPORT)
