/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab_kunit.h - what the suites of the labs share
 *
 * A suite looks at a lab through the front door: it opens the device, and what
 * it finds behind the open file is the lab's own struct lab. So the suites need
 * nothing of a lab but that it is loaded, and the labs know nothing of them.
 *
 * Each case has an address space of its own and some user memory in it,
 * so the lab's real mmap(), read() and ioctl() are called as a program would
 * call them, from within the kernel.
 */
#ifndef LAB_KUNIT_H
#define LAB_KUNIT_H

#include <kunit/test.h>
#include <linux/fs.h>

#include "lab_core.h"

/**
 * struct lab_kunit - what a case works with, in test->priv
 * @name: of the device and of the module
 * @fresh: what every 32-bit word of the memory holds after the module was loaded
 * @file: the device, open for reading and writing
 * @lab: the lab behind it
 * @scratch: two pages of user memory in the case's own address space
 * @mm: that address space
 */
struct lab_kunit {
	const char *name;
	u32 fresh;
	struct file *file;
	struct lab *lab;
	void __user *scratch;
	struct mm_struct *mm;
};

static inline struct lab_kunit *lab_kunit_of(struct kunit *test)
{
	return test->priv;
}

/* For kunit_suite: the first two as they are, the others as the last step. */
int lab_kunit_suite_init(struct kunit_suite *suite);
void lab_kunit_suite_exit(struct kunit_suite *suite);
int lab_kunit_init(struct kunit *test, const char *name, u32 fresh);
void lab_kunit_exit(struct kunit *test);

void lab_kunit_begin(struct kunit *test);
u64 lab_kunit_seed(struct kunit *test);

struct file *lab_kunit_open(const char *name, int flags);
void lab_kunit_close(struct file *file);
unsigned long lab_kunit_map(struct kunit *test, unsigned long pgoff,
			    unsigned long pages);
void lab_kunit_unmap(struct kunit *test, unsigned long addr,
		     unsigned long pages);
long lab_kunit_try_map(struct file *file, unsigned long pgoff,
		       unsigned long len, unsigned long prot,
		       unsigned long flags);
long lab_kunit_request(struct kunit *test, struct file *file,
		       unsigned int cmd, void *arg, size_t size);
long lab_kunit_fill(struct kunit *test, u64 seed);
long lab_kunit_check(struct kunit *test, struct lab_check *check);
ssize_t lab_kunit_read(struct kunit *test, void *to, size_t count, loff_t pos);
ssize_t lab_kunit_write(struct kunit *test, const void *from, size_t count,
			loff_t pos);

#define LAB_KUNIT_CANNOT_FAIL						\
	"allocations cannot be made to fail here: needs CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, and N in ignore-gfp-wait of both"

bool lab_kunit_can_fail(void);
void lab_kunit_fail_nth(unsigned int n);
unsigned int lab_kunit_fail_none(void);
void lab_kunit_expect_loads(struct kunit *test, int other);
bool lab_kunit_left_a_device(const char *name);
int lab_kunit_watch_loads(void);
void lab_kunit_ignore_loads(void);
void lab_kunit_fail_each(struct kunit *test, long (*op)(struct kunit *test));

/*
 * The cases that hold for every lab, as specification and as code: KUnit names
 * a case after its function, and these are named after what they prove.
 */
#define LAB_KUNIT_DECLARE(case_) void lab_kunit_##case_(struct kunit *test)
#define LAB_KUNIT_CASE(case_) { .run_case = lab_kunit_##case_, .name = #case_ }

/* Contents, addresses and requests: no mapping is needed. */
LAB_KUNIT_DECLARE(fresh_memory_is_as_documented);
LAB_KUNIT_DECLARE(size_is_whole_pages);
LAB_KUNIT_DECLARE(pages_follow_one_another_for_the_kernel);
LAB_KUNIT_DECLARE(info_tells_what_the_memory_is);
LAB_KUNIT_DECLARE(page_request_tells_what_translate_does);
LAB_KUNIT_DECLARE(page_request_past_the_end_is_refused);
LAB_KUNIT_DECLARE(fill_writes_every_word_of_the_pattern);
LAB_KUNIT_DECLARE(check_finds_no_difference_after_a_fill);
LAB_KUNIT_DECLARE(check_names_the_first_word_that_differs);
LAB_KUNIT_DECLARE(check_tells_seeds_apart);
LAB_KUNIT_DECLARE(read_gives_the_kernels_bytes_from_any_offset);
LAB_KUNIT_DECLARE(write_changes_the_bytes_asked_for_and_no_others);
LAB_KUNIT_DECLARE(read_and_write_end_with_the_memory);
LAB_KUNIT_DECLARE(seek_stays_inside_the_memory);
LAB_KUNIT_DECLARE(fill_needs_a_descriptor_that_can_write);
LAB_KUNIT_DECLARE(check_needs_a_descriptor_that_can_read);
LAB_KUNIT_DECLARE(unknown_requests_are_refused);
LAB_KUNIT_DECLARE(requests_survive_a_bad_pointer);

/* Both sides: the device is mapped. */
LAB_KUNIT_DECLARE(user_reads_every_word_that_the_kernel_filled);
LAB_KUNIT_DECLARE(kernel_finds_every_word_that_the_user_wrote);
LAB_KUNIT_DECLARE(offset_k_shows_the_memory_from_page_k_on);
LAB_KUNIT_DECLARE(two_mappings_show_the_same);
LAB_KUNIT_DECLARE(page_table_names_the_frames_that_translate_does);
LAB_KUNIT_DECLARE(user_page_request_refuses_other_memory);
LAB_KUNIT_DECLARE(mapping_has_the_flags_that_such_memory_needs);

/* Refused: before a page table is touched. */
LAB_KUNIT_DECLARE(mapping_past_the_end_is_refused);
LAB_KUNIT_DECLARE(mapping_at_an_offset_that_wraps_is_refused);
LAB_KUNIT_DECLARE(private_mapping_is_refused);
LAB_KUNIT_DECLARE(executable_mapping_is_refused);
LAB_KUNIT_DECLARE(mapping_of_a_read_only_file_stays_read_only);

/* Life: who holds what, and for how long. */
LAB_KUNIT_DECLARE(mapping_outlives_the_descriptor);
LAB_KUNIT_DECLARE(descriptor_outlives_the_mapping);
LAB_KUNIT_DECLARE(module_is_held_until_the_last_unmap);

/* Failure: each allocation in turn. */
LAB_KUNIT_DECLARE(load_survives_every_failed_allocation);
LAB_KUNIT_DECLARE(open_survives_every_failed_allocation);
LAB_KUNIT_DECLARE(mmap_survives_every_failed_allocation);
LAB_KUNIT_DECLARE(read_survives_every_failed_allocation);
LAB_KUNIT_DECLARE(write_survives_every_failed_allocation);
LAB_KUNIT_DECLARE(requests_survive_every_failed_copy);

/* For the labs that know their memory by its struct page and count mappings. */
LAB_KUNIT_DECLARE(struct_page_leads_to_address_and_frame);
LAB_KUNIT_DECLARE(each_mapping_is_counted_until_it_is_gone);
LAB_KUNIT_DECLARE(refused_mapping_is_not_counted);

/* The first one must come first of all: what follows it writes. */
#define LAB_KUNIT_CONTENT_CASES						\
	LAB_KUNIT_CASE(fresh_memory_is_as_documented),			\
	LAB_KUNIT_CASE(size_is_whole_pages),				\
	LAB_KUNIT_CASE(pages_follow_one_another_for_the_kernel),	\
	LAB_KUNIT_CASE(info_tells_what_the_memory_is),			\
	LAB_KUNIT_CASE(page_request_tells_what_translate_does),		\
	LAB_KUNIT_CASE(page_request_past_the_end_is_refused),		\
	LAB_KUNIT_CASE(fill_writes_every_word_of_the_pattern),		\
	LAB_KUNIT_CASE(check_finds_no_difference_after_a_fill),		\
	LAB_KUNIT_CASE(check_names_the_first_word_that_differs),	\
	LAB_KUNIT_CASE(check_tells_seeds_apart),			\
	LAB_KUNIT_CASE(read_gives_the_kernels_bytes_from_any_offset),	\
	LAB_KUNIT_CASE(write_changes_the_bytes_asked_for_and_no_others), \
	LAB_KUNIT_CASE(read_and_write_end_with_the_memory),		\
	LAB_KUNIT_CASE(seek_stays_inside_the_memory),			\
	LAB_KUNIT_CASE(fill_needs_a_descriptor_that_can_write),		\
	LAB_KUNIT_CASE(check_needs_a_descriptor_that_can_read),		\
	LAB_KUNIT_CASE(unknown_requests_are_refused),			\
	LAB_KUNIT_CASE(requests_survive_a_bad_pointer)

#define LAB_KUNIT_MAPPING_CASES						\
	LAB_KUNIT_CASE(user_reads_every_word_that_the_kernel_filled),	\
	LAB_KUNIT_CASE(kernel_finds_every_word_that_the_user_wrote),	\
	LAB_KUNIT_CASE(offset_k_shows_the_memory_from_page_k_on),	\
	LAB_KUNIT_CASE(two_mappings_show_the_same),			\
	LAB_KUNIT_CASE(page_table_names_the_frames_that_translate_does), \
	LAB_KUNIT_CASE(user_page_request_refuses_other_memory),		\
	LAB_KUNIT_CASE(mapping_has_the_flags_that_such_memory_needs),	\
	LAB_KUNIT_CASE(mapping_past_the_end_is_refused),		\
	LAB_KUNIT_CASE(mapping_at_an_offset_that_wraps_is_refused),	\
	LAB_KUNIT_CASE(private_mapping_is_refused),			\
	LAB_KUNIT_CASE(executable_mapping_is_refused),			\
	LAB_KUNIT_CASE(mapping_of_a_read_only_file_stays_read_only),	\
	LAB_KUNIT_CASE(mapping_outlives_the_descriptor),		\
	LAB_KUNIT_CASE(descriptor_outlives_the_mapping),		\
	LAB_KUNIT_CASE(module_is_held_until_the_last_unmap)

#define LAB_KUNIT_FAILURE_CASES						\
	LAB_KUNIT_CASE(load_survives_every_failed_allocation),		\
	LAB_KUNIT_CASE(open_survives_every_failed_allocation),		\
	LAB_KUNIT_CASE(mmap_survives_every_failed_allocation),		\
	LAB_KUNIT_CASE(read_survives_every_failed_allocation),		\
	LAB_KUNIT_CASE(write_survives_every_failed_allocation),		\
	LAB_KUNIT_CASE(requests_survive_every_failed_copy)

#endif /* LAB_KUNIT_H */
