/* SPDX-License-Identifier: GPL-2.0 */
/*
 * suite.h - the cases of a suite: those that all labs have, and its own
 *
 * A list of cases is a macro that applies another macro to each name. So each name
 * stands once: the lists declare the cases, export them, and make suites of them.
 *
 *	static void holds_for_x_only(struct kunit *test) ...
 *
 *	#define X_CASES(CASE)				\
 *		KMAPLAB_CONTENT_CASES(CASE)		\
 *		CASE(holds_for_x_only)
 *
 *	KMAPLAB_SUITE(lab_x, X_CASES, x_init, kmaplab_exit);
 */
#ifndef KMAPLAB_SUITE_H
#define KMAPLAB_SUITE_H

#include <kunit/test.h>
#include <linux/module.h>

#include "calls.h"
#include "case.h"
#include "devices.h"

#define KMAPLAB_DECLARE(case_) void case_(struct kunit *test);
#define KMAPLAB_EXPORT(case_) EXPORT_SYMBOL_GPL(case_);
#define KMAPLAB_CASE(case_) KUNIT_CASE(case_),
#define KMAPLAB_CASE_INFO(case_) MODULE_INFO(kunit_case, #case_);

/**
 * KMAPLAB_SUITE - make a suite, and note its name and its cases in the module
 * @name_: of the suite, for KUnit
 * @cases_: the list of its cases
 * @init_: for each case; calls kmaplab_init() where the case uses a device
 * @exit_: kmaplab_exit() or a function that calls it
 *
 * The harness reads the names with modinfo -F kunit_case.
 */
#define KMAPLAB_SUITE(name_, cases_, init_, exit_)			\
	static struct kunit_case name_##_cases[] = {			\
		cases_(KMAPLAB_CASE)					\
		{}							\
	};								\
									\
	MODULE_INFO(kunit_suite, #name_);				\
	cases_(KMAPLAB_CASE_INFO)					\
									\
	static struct kunit_suite name_##_suite = {			\
		.name = #name_,						\
		.suite_init = kmaplab_suite_init,			\
		.suite_exit = kmaplab_suite_exit,			\
		.init = init_,						\
		.exit = exit_,						\
		.test_cases = name_##_cases,				\
	};								\
									\
	kunit_test_suite(name_##_suite)

/*
 * The cases that hold for every lab, as specification and as code: KUnit names
 * a case after its function, and these are named after what they prove.
 */

/*
 * contents.c: contents, addresses and requests, without a mapping. The first case
 * must be the first that uses the memory, since others write to it.
 */
#define KMAPLAB_CONTENT_CASES(CASE)					\
	CASE(fresh_memory_is_as_documented)				\
	CASE(size_is_whole_pages)					\
	CASE(pages_follow_one_another_for_the_kernel)			\
	CASE(info_describes_the_memory)				\
	CASE(page_request_agrees_with_translate)			\
	CASE(page_request_past_the_end_is_refused)			\
	CASE(fill_writes_every_word_of_the_pattern)			\
	CASE(check_finds_no_difference_after_a_fill)			\
	CASE(check_names_the_first_word_that_differs)			\
	CASE(check_notices_another_seed)					\
	CASE(read_gives_the_kernels_bytes_from_any_offset)		\
	CASE(write_changes_the_bytes_asked_for_and_no_others)		\
	CASE(read_and_write_end_with_the_memory)			\
	CASE(seek_stays_inside_the_memory)				\
	CASE(fill_needs_a_descriptor_that_can_write)			\
	CASE(check_needs_a_descriptor_that_can_read)			\
	CASE(unknown_requests_are_refused)				\
	CASE(requests_survive_a_bad_pointer)

/* mapping.c: both sides, while the device is mapped. */
#define KMAPLAB_MAPPING_CASES(CASE)					\
	CASE(user_reads_every_word_that_the_kernel_filled)		\
	CASE(kernel_finds_every_word_that_the_user_wrote)		\
	CASE(offset_k_shows_the_memory_from_page_k_on)			\
	CASE(two_mappings_show_the_same)				\
	CASE(page_table_names_the_frames_that_translate_does)		\
	CASE(user_page_request_refuses_other_memory)			\
	CASE(mapping_has_the_flags_that_such_memory_needs)

/* refusal.c: mappings that are refused, before a page table is touched. */
#define KMAPLAB_REFUSAL_CASES(CASE)					\
	CASE(mapping_past_the_end_is_refused)				\
	CASE(mapping_at_an_offset_that_wraps_is_refused)		\
	CASE(private_mapping_is_refused)				\
	CASE(executable_mapping_is_refused)				\
	CASE(mapping_of_a_read_only_file_stays_read_only)

/* life.c: how long memory and module live, and the references that keep them. */
#define KMAPLAB_LIFE_CASES(CASE)					\
	CASE(mapping_outlives_the_descriptor)				\
	CASE(descriptor_outlives_the_mapping)				\
	CASE(module_is_held_until_the_last_unmap)

/* All cases of a device that is mapped. */
#define KMAPLAB_MAPPED_CASES(CASE)					\
	KMAPLAB_MAPPING_CASES(CASE)					\
	KMAPLAB_REFUSAL_CASES(CASE)					\
	KMAPLAB_LIFE_CASES(CASE)

/* failure.c: each allocation fails in turn, also where there is no mapping. */
#define KMAPLAB_USE_FAILURE_CASES(CASE)					\
	CASE(open_survives_every_failed_allocation)			\
	CASE(read_survives_every_failed_allocation)			\
	CASE(write_survives_every_failed_allocation)			\
	CASE(requests_survive_every_failed_copy)

/* The same, and those of a lab, which is loaded and mapped. */
#define KMAPLAB_FAILURE_CASES(CASE)					\
	CASE(load_survives_every_failed_allocation)			\
	CASE(load_may_wait_for_memory)					\
	CASE(mmap_survives_every_failed_allocation)			\
	KMAPLAB_USE_FAILURE_CASES(CASE)

/* counted.c: for labs that have struct pages and count their mappings. */
#define KMAPLAB_COUNTED_CASES(CASE)					\
	CASE(struct_page_leads_to_address_and_frame)			\
	CASE(each_mapping_is_counted_until_it_is_gone)			\
	CASE(refused_mapping_is_not_counted)

/* no_memory.c: for labs whose device has one request, and cannot be mapped. */
#define KMAPLAB_NO_MEMORY_CASES(CASE)					\
	CASE(device_without_a_mapping_cannot_be_mapped)			\
	CASE(requests_for_memory_are_refused)

KMAPLAB_CONTENT_CASES(KMAPLAB_DECLARE)
KMAPLAB_MAPPED_CASES(KMAPLAB_DECLARE)
KMAPLAB_FAILURE_CASES(KMAPLAB_DECLARE)
KMAPLAB_COUNTED_CASES(KMAPLAB_DECLARE)
KMAPLAB_NO_MEMORY_CASES(KMAPLAB_DECLARE)

void kmaplab_fail_each(struct kunit *test, long (*op)(struct kunit *test));

#endif /* KMAPLAB_SUITE_H */
