// SPDX-License-Identifier: GPL-2.0
/*
 * lab_regs: registers, which the lab accesses one by one
 *
 * What is behind them keeps what it is given. So these checks see in the bytes whether an
 * access went to the right place. How wide it was, and how often it was made, only the
 * device has seen; the harness has it tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "races/racer.h"
#include "races/races.h"
#include "random/draw.h"
#include "shared/checks.h"
#include "shared/mmiotrace.h"
#include "shared/pci_device.h"
#include "shared/waiting.h"
#include "shared/witness.h"

static struct pci_device scsi = { .vendor = "0x1000", .device = "0x0012" };

/* What the registers hold, as far as the program knows. */
static uint8_t held[LAB_REGS_SIZE];

static struct lab_access must_access(struct lab_access access)
{
	must_ioctl(LAB_IOC_ACCESS, &access, "LAB_IOC_ACCESS");
	return access;
}

/* Different bytes each time. */
static uint8_t next_byte(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223 + (uint32_t)lab.seed;
	return state >> 24;
}

static void give_bytes(struct lab_access *access)
{
	size_t i;

	for (i = 0; i < sizeof(access->bytes); i++)
		access->bytes[i] = next_byte();
}

/* Fills all registers, and notes what they hold. */
static void fill_registers(void)
{
	struct lab_access access = { LAB_ACCESS_COPY_TO, 0, 1, LAB_ACCESS_BYTES, 0, "" };

	for (; access.offset < LAB_REGS_SIZE; access.offset += LAB_ACCESS_BYTES) {
		give_bytes(&access);
		must_access(access);
		memcpy(held + access.offset, access.bytes, LAB_ACCESS_BYTES);
	}
}

static void assert_registers(const char *after)
{
	struct lab_access access = { LAB_ACCESS_COPY_FROM, 0, 1, LAB_ACCESS_BYTES, 0, "" };
	uint32_t i;

	for (; access.offset < LAB_REGS_SIZE; access.offset += LAB_ACCESS_BYTES) {
		struct lab_access found = must_access(access);

		for (i = 0; i < LAB_ACCESS_BYTES; i++)
			if (found.bytes[i] != held[access.offset + i])
				ck_abort_msg("after %s: 0x%02x at 0x%x, expected 0x%02x", after,
					     found.bytes[i], access.offset + i,
					     held[access.offset + i]);
	}
}

/* A register's number, with the lowest byte first or last. */
static uint64_t number_at(uint32_t offset, uint32_t width, bool highest_first)
{
	uint64_t value = 0;
	uint32_t i;

	for (i = 0; i < width; i++)
		value = value << 8 | held[offset + (highest_first ? i : width - 1 - i)];
	return value;
}

static void set_number(uint32_t offset, uint32_t width, bool highest_first, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < width; i++, value >>= 8)
		held[offset + (highest_first ? width - 1 - i : i)] = value;
}

/*
 * 12.1 and 12.2: one register
 */

static void assert_reads(uint32_t how, uint32_t width)
{
	struct lab_access access = { how, 0, width, 1, ~0ull, "" };

	for (; access.offset + width <= LAB_REGS_SIZE; access.offset += width)
		ck_assert_uint_eq(must_access(access).value,
				  number_at(access.offset, width, how == LAB_ACCESS_READ_BE));
}

static void assert_writes(uint32_t how, uint32_t width)
{
	struct lab_access access = { how, 0, width, 1, 0, "" };

	for (; access.offset + width <= LAB_REGS_SIZE; access.offset += width) {
		give_bytes(&access);
		memcpy(&access.value, access.bytes, sizeof(access.value));
		must_access(access);
		set_number(access.offset, width, how == LAB_ACCESS_WRITE_BE, access.value);
	}
}

START_TEST(registers_hold_the_lowest_byte_first)
{
	uint32_t width;

	for (width = 1; width <= 8; width *= 2) {
		fill_registers();
		assert_reads(LAB_ACCESS_READ, width);
		assert_writes(LAB_ACCESS_WRITE, width);
		assert_registers("numbers with the lowest byte first");
	}
}
END_TEST

START_TEST(registers_hold_the_highest_byte_first)
{
	uint32_t width;

	for (width = 2; width <= 4; width *= 2) {
		fill_registers();
		assert_reads(LAB_ACCESS_READ_BE, width);
		assert_writes(LAB_ACCESS_WRITE_BE, width);
		assert_registers("numbers with the highest byte first");
	}
}
END_TEST

/*
 * 12.3: again and again one register; a stream of bytes is no number
 */

START_TEST(stream_goes_through_one_register)
{
	static const uint32_t counts[] = { 1, 2, 16 };
	struct lab_access access, found;
	uint32_t width, i, j;

	for (width = 1; width <= 4; width *= 2) {
		for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
			fill_registers();
			access = (struct lab_access){
				LAB_ACCESS_FEED, 64 + width, width, counts[i], 0, "" };
			give_bytes(&access);
			must_access(access);
			memcpy(held + access.offset,
			       access.bytes + (counts[i] - 1) * width, width);
			assert_registers("a stream");

			access.how = LAB_ACCESS_DRAIN;
			found = must_access(access);
			for (j = 0; j < counts[i]; j++)
				ck_assert_mem_eq(found.bytes + j * width,
						 held + access.offset, width);
			ck_assert_mem_eq(found.bytes + j * width, access.bytes + j * width,
					 LAB_ACCESS_BYTES - j * width);
		}
	}
}
END_TEST

/*
 * 12.4: ranges
 */

START_TEST(ranges_reach_their_bytes_and_no_others)
{
	struct lab_access access = { LAB_ACCESS_COPY_TO, 0, 1, 0, 0, "" }, found;
	uint32_t i;

	fill_registers();
	for (i = 0; i < 100; i++) {
		access.offset = i % 10 + 30;
		access.count = i % 23 * 2 + i / 50 + 1;
		access.how = LAB_ACCESS_COPY_TO;
		give_bytes(&access);
		must_access(access);
		memcpy(held + access.offset, access.bytes, access.count);
		assert_registers("a copy to the device");

		access.how = LAB_ACCESS_COPY_FROM;
		give_bytes(&access);
		found = must_access(access);
		ck_assert_mem_eq(found.bytes, held + access.offset, access.count);
		ck_assert_mem_eq(found.bytes + access.count, access.bytes + access.count,
				 LAB_ACCESS_BYTES - access.count);

		access.how = LAB_ACCESS_SET;
		access.value = 0x1200 + next_byte();
		must_access(access);
		memset(held + access.offset, (uint8_t)access.value, access.count);
		assert_registers("a range that was set");
	}
}
END_TEST

/*
 * 12.5: a job
 */

START_TEST(job_is_answered_by_its_last_register)
{
	struct lab_access access = { LAB_ACCESS_SUBMIT, 8, 4, 1, 0, "" };
	uint32_t i, words[LAB_ACCESS_BYTES / 4];

	fill_registers();
	for (; access.count <= LAB_ACCESS_BYTES / 4; access.count++) {
		give_bytes(&access);
		memcpy(words, access.bytes, sizeof(words));
		for (i = 0; i < access.count; i++)
			set_number(access.offset + 4 * i, 4, false, words[i]);
		ck_assert_uint_eq(must_access(access).value, words[access.count - 1]);
		assert_registers("a job");
	}
}
END_TEST

/*
 * 12.8: as the device has seen it, where the host decides; and as the kernel's tracer has
 */

START_TEST(machine_saw_the_accesses_that_were_asked_for)
{
	struct access_box *box = malloc(sizeof(*box));
	uint64_t i;

	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	ck_assert_ptr_nonnull(box);
	/* Each page of it must be there for the host to write to. */
	memset(box, 0xff, sizeof(*box));
	box->magic = WITNESS_MAGIC;
	wait_for_host("access ", box, &box->state);
	for (i = 0; i < box->count && i < WITNESS_MOST_ACCESSES; i++)
		must_ioctl(LAB_IOC_ACCESS, &box->accesses[i], "LAB_IOC_ACCESS");
	wait_for_host("access ", box, &box->state);
	free(box);
}
END_TEST

/* With these accesses a width and an order is seen that QEMU's device, of 32 bits, hides. */
static const struct lab_access traced[] = {
	{ LAB_ACCESS_WRITE, 0x10, 1, 1, 0x11, "" },
	{ LAB_ACCESS_WRITE, 0x12, 2, 1, 0x1122, "" },
	{ LAB_ACCESS_WRITE, 0x14, 4, 1, 0x11223344, "" },
	{ LAB_ACCESS_WRITE, 0x18, 8, 1, 0x1122334455667788, "" },
	{ LAB_ACCESS_READ, 0x10, 1, 1, 0x11, "" },
	{ LAB_ACCESS_READ, 0x12, 2, 1, 0x1122, "" },
	{ LAB_ACCESS_READ, 0x14, 4, 1, 0x11223344, "" },
	{ LAB_ACCESS_READ, 0x18, 8, 1, 0x1122334455667788, "" },
};

/* Where no processor moves 64 bits at once, there are two halves. */
static size_t expect_traced(struct mmio_access *expected, uint64_t start)
{
	size_t i, count = 0;

	for (i = 0; i < sizeof(traced) / sizeof(*traced); i++) {
		unsigned int width = traced[i].width;
		unsigned int part = width > sizeof(long) ? sizeof(long) : width, done;

		for (done = 0; done < width; done += part)
			expected[count++] = (struct mmio_access){
				.is_write = traced[i].how == LAB_ACCESS_WRITE,
				.width = part,
				.addr = start + traced[i].offset + done,
				.value = part < width ? (uint32_t)(traced[i].value >> 8 * done) :
						       traced[i].value,
			};
	}
	return count;
}

START_TEST(kernel_traces_the_accesses_that_were_asked_for)
{
	struct mmio_access expected[32], found[32];
	uint64_t start = region_of_bar(&scsi, 2).first;
	size_t i, count;

	require_mmiotrace();
	close_and_unload();
	begin_mmiotrace();
	must_load();
	lab.fd = must_open(O_RDWR);
	for (i = 0; i < sizeof(traced) / sizeof(*traced); i++)
		must_access(traced[i]);
	close_lab();
	must_unload();
	count = read_mmiotrace(found, 32);
	end_mmiotrace();
	must_load();

	ck_assert_uint_eq(count, expect_traced(expected, start));
	for (i = 0; i < count; i++)
		ck_assert_msg(found[i].is_write == expected[i].is_write &&
			      found[i].width == expected[i].width &&
			      found[i].addr == expected[i].addr &&
			      found[i].value == expected[i].value,
			      "access %zu: %s of %u at 0x%" PRIx64 ", 0x%" PRIx64, i,
			      found[i].is_write ? "write" : "read", found[i].width,
			      found[i].addr, found[i].value);
}
END_TEST

/*
 * 12.6 and 12.7: what is refused
 */

/* What clause 12.6 says, once more: the sum of the widths, and the most accesses at once. */
static const struct limits {
	uint32_t widths, most;
} limits[] = {
	[LAB_ACCESS_READ] = { 1 + 2 + 4 + 8, 1 },
	[LAB_ACCESS_WRITE] = { 1 + 2 + 4 + 8, 1 },
	[LAB_ACCESS_READ_BE] = { 2 + 4, 1 },
	[LAB_ACCESS_WRITE_BE] = { 2 + 4, 1 },
	[LAB_ACCESS_DRAIN] = { 1 + 2 + 4, 16 },
	[LAB_ACCESS_FEED] = { 1 + 2 + 4, 16 },
	[LAB_ACCESS_SET] = { 1, LAB_ACCESS_BYTES },
	[LAB_ACCESS_COPY_FROM] = { 1, LAB_ACCESS_BYTES },
	[LAB_ACCESS_COPY_TO] = { 1, LAB_ACCESS_BYTES },
	[LAB_ACCESS_SUBMIT] = { 4, LAB_ACCESS_BYTES / 4 },
};

static bool is_one_width(uint32_t how, uint32_t width)
{
	return width && !(width & (width - 1)) && (limits[how].widths & width);
}

/* Each width with one access, and each that is right with the most, and with one more. */
static void assert_limits(uint32_t how)
{
	struct lab_access access = { how, 0, 0, 1, 0, "" };

	for (access.width = 0; access.width <= 32; access.width++) {
		bool is_right = is_one_width(how, access.width);

		ck_assert_msg(!ioctl(lab.fd, LAB_IOC_ACCESS, &access) == is_right,
			      "an access of kind %u, %u bytes wide: %s", how,
			      access.width, is_right ? "refused" : "not refused");
	}
	for (access.width = 1; access.width <= 8; access.width *= 2) {
		if (!is_one_width(how, access.width))
			continue;
		access.count = limits[how].most;
		must_access(access);
		access.count = limits[how].most + 1;
		ck_assert_msg(ioctl(lab.fd, LAB_IOC_ACCESS, &access) == -1 && errno == EINVAL,
			      "%u accesses of kind %u, %u bytes wide: not refused",
			      access.count, how, access.width);
	}
}

START_TEST(each_kind_has_its_widths_and_its_most)
{
	uint32_t how;

	for (how = LAB_ACCESS_READ; how <= LAB_ACCESS_SUBMIT; how++)
		assert_limits(how);
}
END_TEST

START_TEST(wrong_accesses_change_no_register)
{
	static const struct lab_access wrong[] = {
		{ LAB_ACCESS_SUBMIT + 1, 0, 4, 1, 0, "" },
		{ -1, 0, 4, 1, 0, "" },
		{ LAB_ACCESS_WRITE, 0, 0, 1, 0, "" },
		{ LAB_ACCESS_WRITE, 0, 3, 1, 0, "" },
		{ LAB_ACCESS_READ, 0, 16, 1, 0, "" },
		{ LAB_ACCESS_WRITE, 0, 4, 0, 0, "" },
		{ LAB_ACCESS_WRITE, 0, 4, 2, 0, "" },
		{ LAB_ACCESS_WRITE, 2, 4, 1, 0, "" },
		{ LAB_ACCESS_WRITE, 4, 8, 1, 0, "" },
		{ LAB_ACCESS_WRITE, LAB_REGS_SIZE, 1, 1, 0, "" },
		{ LAB_ACCESS_READ, -4, 4, 1, 0, "" },
		{ LAB_ACCESS_WRITE_BE, 0, 1, 1, 0, "" },
		{ LAB_ACCESS_READ_BE, 0, 8, 1, 0, "" },
		{ LAB_ACCESS_FEED, 0, 8, 1, 0, "" },
		{ LAB_ACCESS_FEED, 0, 4, 17, 0, "" },
		{ LAB_ACCESS_DRAIN, 0, 1, 1u << 30, 0, "" },
		{ LAB_ACCESS_SET, 0, 1, 65, 0, "" },
		{ LAB_ACCESS_SET, 0, 4, 1, 0, "" },
		{ LAB_ACCESS_COPY_TO, LAB_REGS_SIZE - 1, 1, 2, 0, "" },
		{ LAB_ACCESS_COPY_TO, -1, 1, 2, 0, "" },
		{ LAB_ACCESS_COPY_FROM, 0, 1, -1, 0, "" },
		{ LAB_ACCESS_SUBMIT, LAB_REGS_SIZE - 4, 4, 2, 0, "" },
		{ LAB_ACCESS_SUBMIT, 0, 4, 1u << 30, 0, "" },
	};
	size_t i;

	fill_registers();
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct lab_access access = wrong[i];

		ck_assert_msg(ioctl(lab.fd, LAB_IOC_ACCESS, &access) == -1 &&
			      errno == EINVAL, "access %zu is not refused", i);
		ck_assert_mem_eq(&access, &wrong[i], sizeof(access));
	}
	assert_registers("wrong accesses");
}
END_TEST

START_TEST(access_request_survives_a_bad_pointer)
{
	static const struct lab_access half = { LAB_ACCESS_WRITE, 0, 4, 1, 0x12345678, "" };
	struct lab_access *access;

	fill_registers();
	assert_bad_pointers_refused(LAB_IOC_ACCESS);
	/* Half of a request is none, even if all that the device would need is there. */
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_ACCESS,
			       before_a_hole(&half, offsetof(struct lab_access, bytes))), -1);
	ck_assert_int_eq(errno, EFAULT);
	assert_registers("half of a request");

	/* Memory that holds a request, and takes no answer. */
	access = must_map(-1, sizeof(*access), READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	*access = (struct lab_access){ LAB_ACCESS_READ, 0, 4, 1, 0, "" };
	ck_assert_int_eq(mprotect(access, sizeof(*access), PROT_READ), 0);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_ACCESS, access), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

/*
 * 9.2: a job is one step. So what its last register is when it has started, is its own.
 */

static bool submit_a_job(void)
{
	struct lab_access access = { LAB_ACCESS_SUBMIT, 8, 4, 1, 0, "" };
	uint32_t word = draw(UINT32_MAX);

	memcpy(access.bytes, &word, sizeof(word));
	if (ioctl(lab.fd, LAB_IOC_ACCESS, &access))
		return object("LAB_IOC_ACCESS: %s", strerror(errno));
	return access.value == word ||
	       object("a job that ends with 0x%" PRIx32 " is answered by 0x%" PRIx64,
		      word, (uint64_t)access.value);
}

START_TEST(two_jobs_at_a_time_are_not_mixed)
{
	static const struct call job = { .name = "a job", .make = submit_a_job };

	need_two_processors();
	race_calls(&job, &job, RACER_PROCESS, 3000);
}
END_TEST

START_TEST(load_without_the_device_is_refused)
{
	assert_load_refused_without(&scsi);
}
END_TEST

START_TEST(load_beside_another_driver_is_refused)
{
	assert_load_refused_beside(&scsi, "bar=2");
}
END_TEST

START_TEST(device_that_cannot_be_switched_on_is_refused)
{
	assert_load_refused_unplaced(&scsi, 2);
}
END_TEST

START_TEST(device_with_another_bar_is_refused)
{
	/* One byte less than the lab claims. */
	assert_load_refused_as(&scsi, "bar=2 size=255", EINVAL);
	assert_load_refused_as(&scsi, "bar=2 other_kind=1", ENODEV);
}
END_TEST

START_TEST(bar_of_just_the_registers_is_enough)
{
	assert_load_accepted_as(&scsi, "bar=2 size=256");
}
END_TEST

START_TEST(platform_device_without_the_registers_is_refused)
{
	assert_load_refused_of_platform(&scsi, "platform=kmaplab_registers");
	assert_load_refused_of_platform(&scsi, "platform=kmaplab_registers size=255");
}
END_TEST

START_TEST(load_without_a_mapping_is_refused)
{
	assert_load_refused_without_ioremap();
}
END_TEST

static const struct check checks[] = {
	CHECK(registers_hold_the_lowest_byte_first, CAN_ACCESS),
	CHECK(registers_hold_the_highest_byte_first, CAN_ACCESS),
	CHECK(stream_goes_through_one_register, CAN_ACCESS),
	CHECK(ranges_reach_their_bytes_and_no_others, CAN_ACCESS),
	CHECK(job_is_answered_by_its_last_register, CAN_ACCESS),
	CHECK(machine_saw_the_accesses_that_were_asked_for, CAN_ACCESS),
	CHECK(each_kind_has_its_widths_and_its_most, CAN_ACCESS),
	CHECK(wrong_accesses_change_no_register, CAN_ACCESS),
	CHECK(access_request_survives_a_bad_pointer, CAN_ACCESS),
	THOROUGH_CHECK(kernel_traces_the_accesses_that_were_asked_for, CAN_ACCESS),
	THOROUGH_CHECK(load_without_the_device_is_refused, CAN_ACCESS),
	THOROUGH_CHECK(load_beside_another_driver_is_refused, CAN_ACCESS),
	THOROUGH_CHECK(device_that_cannot_be_switched_on_is_refused, CAN_ACCESS),
	THOROUGH_CHECK(device_with_another_bar_is_refused, CAN_ACCESS),
	THOROUGH_CHECK(bar_of_just_the_registers_is_enough, CAN_ACCESS),
	THOROUGH_CHECK(platform_device_without_the_registers_is_refused, CAN_ACCESS),
	THOROUGH_CHECK(load_without_a_mapping_is_refused, CAN_ACCESS),
	RACE_CHECK(two_jobs_at_a_time_are_not_mixed, CAN_ACCESS),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_regs",
	.mapping = &no_mapping,
	.operations = CAN_ACCESS,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
