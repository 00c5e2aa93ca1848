// SPDX-License-Identifier: GPL-2.0
/*
 * lab_dma: a buffer that a device reads and writes as well
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "races/racer.h"
#include "races/races.h"
#include "shared/checks.h"
#include "shared/children.h"
#include "shared/edu.h"
#include "shared/kernel_log.h"
#include "shared/linear_map.h"
#include "shared/pci_device.h"
#include "shared/refusals.h"
#include "shared/waiting.h"
#include "shared/witness.h"

/*
 * The lab's request
 */

static struct lab_dma copy_of(uint32_t direction, uint64_t offset,
			      uint32_t inside, uint32_t count)
{
	return (struct lab_dma){
		.offset = offset, .inside = inside, .count = count,
		.direction = direction, .wait_ms = LAB_DMA_MOST_WAIT,
		.address = 0x55,
	};
}

static int ask(struct lab_dma *dma)
{
	return ioctl(lab.fd, LAB_IOC_DMA, dma) ? -errno : 0;
}

static void must_ask(struct lab_dma *dma)
{
	int err = ask(dma);

	ck_assert_msg(!err, "%u bytes from offset 0x%" PRIx64
		      ", to or from byte %u of the device: %s", dma->count,
		      (uint64_t)dma->offset, dma->inside, strerror(-err));
}

/* The device takes less than a page at once: what is left from an offset on, or that. */
static uint32_t at_once(uint64_t offset)
{
	uint64_t left = lab.info.size - offset;

	return left < LAB_DMA_INSIDE ? (uint32_t)left : LAB_DMA_INSIDE;
}

/* Any copy, for checks to which it does not matter which. */
static int copy_something(uint32_t wait_ms)
{
	struct lab_dma dma = copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1);

	dma.wait_ms = wait_ms;
	return ask(&dma);
}

/*
 * 14.1 and 14.2: the same bytes for kernel, program and device, and no others
 *
 * The check has a model of the memory and of the device's own.
 */

static struct {
	uint8_t *memory;
	uint8_t inside[LAB_DMA_INSIDE];
} model;

static volatile uint8_t *mapped(void)
{
	return (volatile uint8_t *)lab.map;
}

/* The kernel, or the program, writes all of it anew. */
static void fill_all(bool by_kernel)
{
	uint64_t i;
	uint32_t word;

	lab.seed++;
	if (by_kernel)
		kernel_fills();
	else
		write_unguarded(lab.map);
	for (i = 0; i < lab.words; i++) {
		word = expect_pattern(i);
		memcpy(model.memory + i * sizeof(word), &word, sizeof(word));
	}
}

static void copy_in_both(uint32_t direction, uint64_t offset, uint32_t inside,
			 uint32_t count)
{
	struct lab_dma dma = copy_of(direction, offset, inside, count);

	must_ask(&dma);
	if (direction == LAB_DMA_TO_DEVICE)
		memcpy(model.inside + inside, model.memory + offset, count);
	else
		memcpy(model.memory + offset, model.inside + inside, count);
}

/* libcheck notes each assertion in a file, and here are some 100,000 bytes to compare. */
static void assert_byte(uint64_t offset, uint8_t found, const char *reader)
{
	if (found != model.memory[offset])
		ck_abort_msg("%s byte 0x%" PRIx64
			     ": expected 0x%02x, found 0x%02x",
			     reader, offset, model.memory[offset], found);
}

/* As the program reads it, and as the kernel does. */
static void assert_memory(void)
{
	uint8_t *read_by_kernel = malloc(lab.info.size);
	uint64_t i;

	ck_assert_ptr_nonnull(read_by_kernel);
	ck_assert_int_eq(pread(lab.fd, read_by_kernel, lab.info.size, 0),
			 lab.info.size);
	for (i = 0; i < lab.info.size; i++) {
		assert_byte(i, mapped()[i], "the program reads");
		assert_byte(i, read_by_kernel[i], "the kernel reads");
	}
	free(read_by_kernel);
}

static void make_model(void)
{
	model.memory = malloc(lab.info.size);
	ck_assert_ptr_nonnull(model.memory);
	fill_all(true);
	copy_in_both(LAB_DMA_TO_DEVICE, 0, 0, LAB_DMA_INSIDE);
}

/* Written by one side, fetched by the device, overwritten, and brought back. */
START_TEST(device_fetches_and_brings_back_every_byte)
{
	uint64_t at;

	make_model();
	for (at = 0; at < lab.info.size; at += LAB_DMA_INSIDE) {
		bool by_kernel = at / LAB_DMA_INSIDE % 2;

		fill_all(by_kernel);
		copy_in_both(LAB_DMA_TO_DEVICE, at, 0, at_once(at));
		fill_all(!by_kernel);
		copy_in_both(LAB_DMA_FROM_DEVICE, at, 0, at_once(at));
		assert_memory();
	}
	free(model.memory);
}
END_TEST

START_TEST(device_moves_the_bytes_asked_for_and_no_others)
{
	const uint64_t last = lab.info.size - 1;
	const uint64_t page = lab.info.page_size;
	const struct {
		uint64_t from, to;
		uint32_t inside, count;
	} copies[] = {
		{ 0, 1, 0, 1 },
		{ last, 0, LAB_DMA_INSIDE - 1, 1 },
		{ 5, last, 7, 1 },
		{ last + 1, last + 1, LAB_DMA_INSIDE, 0 },
		/* Across the end of a page, where the memory has one. */
		{ lab.info.pages > 1 ? page - 3 : 3, 11, 1001, 13 },
		{ 77, last - 2222, 1, 2223 },
	};
	size_t i;

	make_model();
	for (i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		fill_all(i % 2);
		copy_in_both(LAB_DMA_TO_DEVICE, copies[i].from,
			     copies[i].inside, copies[i].count);
		assert_memory();
		copy_in_both(LAB_DMA_FROM_DEVICE, copies[i].to,
			     copies[i].inside, copies[i].count);
		assert_memory();
	}
	/* What the device has not been asked to fetch is as it was. */
	copy_in_both(LAB_DMA_FROM_DEVICE, 0, 0, LAB_DMA_INSIDE);
	assert_memory();
	free(model.memory);
}
END_TEST

START_TEST(copies_outside_of_the_memory_are_refused)
{
	const uint64_t size = lab.info.size;
	struct lab_dma bad[] = {
		copy_of(LAB_DMA_TO_DEVICE, size + 1, 0, 0),
		copy_of(LAB_DMA_TO_DEVICE, 0, LAB_DMA_INSIDE + 1, 0),
		copy_of(LAB_DMA_TO_DEVICE, size, 0, 1),
		copy_of(LAB_DMA_TO_DEVICE, size - 1, 0, 2),
		copy_of(LAB_DMA_TO_DEVICE, size - LAB_DMA_INSIDE + 1, 0,
			LAB_DMA_INSIDE),
		/* What wraps around: to the beginning, and to the end. */
		copy_of(LAB_DMA_TO_DEVICE, UINT64_MAX, 0, 1),
		copy_of(LAB_DMA_TO_DEVICE, UINT64_MAX, 0, 2),
		copy_of(LAB_DMA_TO_DEVICE, -(uint64_t)16, 0, 32),
		copy_of(LAB_DMA_TO_DEVICE, (uint64_t)1 << 32, 0, 1),
		copy_of(LAB_DMA_TO_DEVICE, 0, 0, LAB_DMA_INSIDE + 1),
		copy_of(LAB_DMA_TO_DEVICE, 0, 0, UINT32_MAX),
		copy_of(LAB_DMA_TO_DEVICE, 0, 1, LAB_DMA_INSIDE),
		copy_of(LAB_DMA_TO_DEVICE, 0, LAB_DMA_INSIDE, 1),
		copy_of(LAB_DMA_TO_DEVICE, 0, UINT32_MAX, 1),
		copy_of(LAB_DMA_TO_DEVICE, 0, UINT32_MAX, 2),
		copy_of(LAB_DMA_FROM_DEVICE + 1, 0, 0, 1),
		copy_of(UINT32_MAX, 0, 0, 1),
		copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1),
	};
	const size_t count = sizeof(bad) / sizeof(*bad);
	size_t i;

	bad[count - 1].wait_ms = LAB_DMA_MOST_WAIT + 1;
	make_model();
	for (i = 0; i < count; i++) {
		int err = ask(&bad[i]);

		ck_assert_msg(err == -EINVAL, "number %zu: %s", i,
			      strerror(-err));
		if (bad[i].direction)
			continue;
		bad[i].direction = LAB_DMA_FROM_DEVICE;
		err = ask(&bad[i]);
		ck_assert_msg(err == -EINVAL, "number %zu, from the device: %s",
			      i, strerror(-err));
	}
	assert_memory();
	copy_in_both(LAB_DMA_FROM_DEVICE, 0, 0, LAB_DMA_INSIDE);
	assert_memory();
	free(model.memory);
}
END_TEST

/* What the device writes comes through the descriptor, as what a write() writes. */
START_TEST(copy_needs_the_mode_of_the_file)
{
	struct lab_dma to = copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1);
	struct lab_dma from = copy_of(LAB_DMA_FROM_DEVICE, 0, 0, 1);
	int reader = must_open(O_RDONLY), writer = must_open(O_WRONLY);

	ck_assert_int_eq(ioctl(reader, LAB_IOC_DMA, &to), 0);
	ck_assert_int_eq(ioctl(writer, LAB_IOC_DMA, &from), 0);
	ck_assert_int_eq(ioctl(reader, LAB_IOC_DMA, &from), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(ioctl(writer, LAB_IOC_DMA, &to), -1);
	ck_assert_int_eq(errno, EBADF);
	close(reader);
	close(writer);
}
END_TEST

/* It cannot answer: the copy was made, and the caller does not take it for an answer. */
START_TEST(copy_request_without_room_for_its_answer_fails)
{
	struct lab_dma *dma = mmap(NULL, lab.info.page_size, READ_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(dma, MAP_FAILED);
	*dma = copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1);
	ck_assert_int_eq(mprotect(dma, lab.info.page_size, PROT_READ), 0);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_DMA, dma), -1);
	ck_assert_int_eq(errno, EFAULT);
	must_unmap((volatile void *)dma, lab.info.page_size);
}
END_TEST

/*
 * 14.3: the device reaches the memory
 */

/* The first byte of RAM that the kernel has. */
static uint64_t first_of_ram(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	uint64_t start = UINT64_MAX;
	char line[256];

	ck_assert_msg(iomem, "/proc/iomem: %s", strerror(errno));
	while (start == UINT64_MAX && fgets(line, sizeof(line), iomem))
		if (strstr(line, " : System RAM"))
			sscanf(line, "%" SCNx64, &start);
	fclose(iomem);
	ck_assert_msg(start != UINT64_MAX, "/proc/iomem shows no RAM");
	return start;
}

static bool has_iommu(void)
{
	char path[400];

	find_device(&edu);
	snprintf(path, sizeof(path), "%s/iommu_group", edu.path);
	return !access(path, F_OK);
}

static unsigned int bits_in_use(void)
{
	unsigned int bits;

	for (bits = 1; bits <= 32; bits++) {
		char parameter[16];

		snprintf(parameter, sizeof(parameter), "bits=%u", bits);
		if (is_loaded_with(parameter))
			return bits;
	}
	ck_abort_msg("no parameter bits= that can be");
}

/* The device's address of each page, which has to be one that the device can have. */
static void assert_reached(unsigned int bits)
{
	uint64_t at, first = 0;

	for (at = 0; at < lab.info.size; at += lab.info.page_size) {
		struct lab_dma dma = copy_of(LAB_DMA_TO_DEVICE, at, 0, 0);
		uint64_t last;

		must_ask(&dma);
		first = at ? first : dma.address;
		last = dma.address + lab.info.page_size - 1;
		ck_assert_uint_eq(dma.address, first + at);
		ck_assert_msg(last >> bits == 0, "0x%" PRIx64
			      " has more than %u bits", last, bits);
	}
}

START_TEST(device_address_is_within_its_reach)
{
	assert_reached(bits_in_use());
}
END_TEST

/*
 * With a shorter address there is less memory, or none at all; an IOMMU makes up for it.
 * What was there before cannot follow, so memory is allocated for the device in its place.
 */
START_TEST(memory_follows_from_what_the_device_reaches)
{
	const char *kind = is_loaded_with("kind=mapped") ? "kind=pages " : "";
	const unsigned int bits = bits_in_use();
	unsigned int fewer;

	for (fewer = 20; fewer < bits; fewer += 2) {
		/* The kernel keeps the first 16 MiB for such devices, and nothing below. */
		bool is_ram = has_iommu() ||
			      (fewer >= 24 && first_of_ram() >> fewer == 0);
		char parameter[32];
		int err;

		close_and_unload();
		snprintf(parameter, sizeof(parameter), "%sbits=%u", kind, fewer);
		err = load_with(parameter) ? errno : 0;
		if (!err) {
			open_lab();
			assert_reached(fewer);
			close_and_unload();
		}
		must_load();
		open_lab();
		ck_assert_msg(err == (is_ram ? 0 : EIO),
			      "%s: %s, and RAM begins at 0x%" PRIx64, parameter,
			      strerror(err), first_of_ram());
	}
}
END_TEST

/*
 * 14.5: an IOMMU has the last word, or a bounce buffer
 */

/* Memory that was there before and lies beyond the device's reach. */
static bool is_bounced(uint64_t page)
{
	uint64_t last = (kernel_page(page).pfn + 1) * lab.info.page_size - 1;

	return is_loaded_with("kind=mapped") && !has_iommu() &&
	       last >> bits_in_use();
}

START_TEST(device_address_is_the_physical_one_without_an_iommu_only)
{
	uint64_t page;

	for (page = 0; page < lab.info.pages; page++) {
		uint64_t at = page * lab.info.page_size;
		struct lab_dma dma = copy_of(LAB_DMA_TO_DEVICE, at, 0, 0);
		bool other = has_iommu() || is_bounced(page);
		bool same;

		must_ask(&dma);
		same = dma.address / lab.info.page_size == kernel_page(page).pfn;
		ck_assert_msg(same != other, "page %" PRIu64
			      ": the device's address is 0x%" PRIx64
			      ", and there is %s IOMMU, and %s bounce buffer",
			      page, (uint64_t)dma.address,
			      has_iommu() ? "an" : "no",
			      is_bounced(page) ? "a" : "no");
	}
}
END_TEST

/* A register of the device, which a program has mapped; edu_registers.h. */
static void tell(volatile uint8_t *registers, unsigned int offset, uint32_t value)
{
	*(volatile uint32_t *)(registers + offset) = value;
}

static bool is_copying(volatile uint8_t *registers)
{
	return *(volatile uint32_t *)(registers + EDU_DMA_COMMAND) & EDU_DMA_RUN;
}

static void wait_for_the_device(volatile uint8_t *registers)
{
	while (is_copying(registers))
		usleep(1000);
}

/*
 * A program maps the registers of a device that has no driver. What the device may do besides
 * answering stays as it is.
 */
static volatile uint8_t *map_registers(void)
{
	int resource = open_file_of(&edu, "resource0");
	volatile uint8_t *registers = must_map(resource, (size_t)sysconf(_SC_PAGESIZE),
					       READ_WRITE, MAP_SHARED, 0);

	close(resource);
	write_command(&edu, read_command(&edu) | PCI_COMMAND_MEMORY);
	return registers;
}

static void unmap_registers(volatile uint8_t *registers)
{
	must_unmap(registers, (size_t)sysconf(_SC_PAGESIZE));
}

/* Somebody else has told it to. */
static void wait_until_it_copies(void)
{
	volatile uint8_t *registers = map_registers();

	while (!is_copying(registers))
		usleep(1000);
	unmap_registers(registers);
}

/* Has the device fetch or bring the first bytes of its own memory. */
static void start_by_hand(volatile uint8_t *registers, uint32_t address, uint32_t count,
			  bool to_memory)
{
	tell(registers, EDU_DMA_SOURCE, to_memory ? EDU_DMA_INSIDE : address);
	tell(registers, EDU_DMA_DESTINATION, to_memory ? address : EDU_DMA_INSIDE);
	tell(registers, EDU_DMA_COUNT, count);
	tell(registers, EDU_DMA_COMMAND,
	     EDU_DMA_RUN | (to_memory ? EDU_DMA_TO_MEMORY : 0));
}

static void try_four_bytes(volatile uint8_t *registers, uint32_t address, bool to_memory)
{
	start_by_hand(registers, address, 4, to_memory);
	wait_for_the_device(registers);
}

/* What the kernel says when an IOMMU refuses an access: of Arm's, and of Intel's. */
static bool is_fault(const char *said)
{
	return (strstr(said, "smmu") && strstr(said, "event")) ||
	       (strstr(said, "DMAR") && strstr(said, "fault addr"));
}

/* It has a thread for that. */
static bool log_has_a_fault(void)
{
	int looks;

	for (looks = 0; looks < 100; looks++) {
		char *said = read_kernel_log();
		bool found = is_fault(said);

		free(said);
		if (found)
			return true;
		usleep(10000);
	}
	return false;
}

/* There is no RAM, on none of the machines: whatever the device does there harms nobody. */
#define NOT_RAM 0xa0000

/*
 * The kernel leaves out some of many: the driver for Intel's IOMMU reports three in five
 * seconds, and those of the load before this one count.
 */
static bool is_reported(volatile uint8_t *registers, bool to_memory)
{
	int tries;

	for (tries = 0; tries < 10; tries++) {
		skip_kernel_log();
		try_four_bytes(registers, NOT_RAM, to_memory);
		if (log_has_a_fault())
			return true;
	}
	return false;
}

/*
 * Without its driver the device has no memory, and a program that tells it to copy has
 * the IOMMU against it, to read as well as to write.
 */
START_TEST(access_outside_of_the_mapping_is_reported)
{
	bool read_is_found, write_is_found;
	volatile uint8_t *registers;
	uint16_t command;

	if (!has_iommu())
		skip("this machine has no IOMMU");
	read_module();
	close_lab();
	must_unload();
	registers = map_registers();
	command = read_command(&edu);
	write_command(&edu, command | PCI_COMMAND_MASTER);
	read_is_found = is_reported(registers, false);
	write_is_found = is_reported(registers, true);
	write_command(&edu, command);
	unmap_registers(registers);
	must_load();
	ck_assert_msg(read_is_found && write_is_found,
		      "the log has no word of %s that the IOMMU refused",
		      read_is_found ? "a write" : "a read");
	open_lab();
	ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
}
END_TEST

static const struct refusal wrong_reaches[] = {
	REFUSAL("bits=0", EINVAL),
	REFUSAL("bits=33", EINVAL),
	REFUSAL("bits=64", EINVAL),
	REFUSAL("bits=4294967324", EINVAL), /* 2^32 + 28 */
	REFUSAL("bits=-1", EINVAL),
	REFUSAL("bits=many", EINVAL),
	REFUSAL("bits=1", EINVAL),
	REFUSAL("bits=15", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_with_a_wrong_reach_is_refused)
{
	assert_refusals(wrong_reaches);
}
END_TEST

static bool address_is_hidden(void)
{
	struct lab_dma dma = copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1);
	const uid_t nobody = 65534;

	if (setresgid(nobody, nobody, nobody) ||
	    setresuid(nobody, nobody, nobody))
		return object("cannot become nobody: %s", strerror(errno));
	if (ask(&dma))
		return object("LAB_IOC_DMA: %s", strerror(errno));
	return !dma.address || object("it is told 0x%" PRIx64,
				      (uint64_t)dma.address);
}

START_TEST(device_address_is_hidden_without_cap_sys_admin)
{
	struct lab_dma dma = copy_of(LAB_DMA_TO_DEVICE, 0, 0, 1);

	must_ask(&dma);
	ck_assert_uint_ne(dma.address, 0);
	ck_assert(run_in_child(address_is_hidden));
}
END_TEST

/*
 * 14.4: a copy ends, or is given up
 */

/* What is copied meanwhile is refused, or done; it is never forgotten. */
START_TEST(copy_that_was_given_up_goes_on)
{
	int tries, err = 0;

	make_model();
	/* The device takes 100 ms, and this program may be kept waiting longer. */
	for (tries = 0; tries < 50 && err != -EBUSY; tries++) {
		struct lab_dma first = copy_of(LAB_DMA_TO_DEVICE, 100, 0, 8);
		struct lab_dma second = copy_of(LAB_DMA_TO_DEVICE, 200, 8, 8);

		fill_all(tries % 2);
		first.wait_ms = 0;
		ck_assert_int_eq(ask(&first), -ETIMEDOUT);
		memcpy(model.inside, model.memory + 100, 8);
		err = ask(&second);
		ck_assert_msg(!err || err == -EBUSY, "%s", strerror(-err));
		if (!err)
			memcpy(model.inside + 8, model.memory + 200, 8);
		/* It says when it is free again. */
		while (copy_something(LAB_DMA_MOST_WAIT) == -EBUSY)
			usleep(1000);
		model.inside[0] = model.memory[0];
		copy_in_both(LAB_DMA_FROM_DEVICE, 0, 0, LAB_DMA_INSIDE);
		assert_memory();
	}
	ck_assert_msg(err == -EBUSY, "no copy was refused while the device was at one");
	free(model.memory);
}
END_TEST

/* Neither a message nor the line: and without the bus nothing is copied, either. */
START_TEST(copy_without_an_interrupt_is_given_up)
{
	uint16_t command = read_command(&edu);
	int err;

	write_command(&edu, (command & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_DISABLE);
	err = copy_something(500);
	write_command(&edu, command);
	ck_assert_int_eq(err, -ETIMEDOUT);
	ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
	make_model();
	assert_memory();
	free(model.memory);
}
END_TEST

static void ignore(int signal)
{
	(void)signal;
}

/* A message is for one driver, which need not share it: then nobody else's comes. */
START_TEST(interrupt_of_another_device_ends_no_wait)
{
	int taken;

	/* An interrupt of its own that was lost before comes with the next one. */
	ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
	taken = handlers_that_take_anothers_interrupt(&edu);
	if (taken < 0)
		skip("the device's interrupt is shared with nobody");
	ck_assert_msg(!taken, "the interrupt of another device is taken for this one's");
	ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
}
END_TEST

START_TEST(signal_ends_the_wait_for_the_device)
{
	struct sigaction no_restart = { .sa_handler = ignore };
	/* Again and again, for the first may come before the wait. */
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval never = { 0 };
	uint16_t command = read_command(&edu);
	int err;

	sigaction(SIGALRM, &no_restart, NULL);
	write_command(&edu, (command & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_DISABLE);
	setitimer(ITIMER_REAL, &often, NULL);
	err = copy_something(LAB_DMA_MOST_WAIT);
	setitimer(ITIMER_REAL, &never, NULL);
	write_command(&edu, command);
	ck_assert_int_eq(err, -EINTR);
	while (copy_something(LAB_DMA_MOST_WAIT) == -EBUSY)
		usleep(1000);
}
END_TEST

/* Where the device goes on writing without a driver. */
static uint32_t written_address;

/* Again and again, until a driver has claimed the registers: then they are mapped no more. */
static bool keep_it_writing(void)
{
	volatile uint8_t *registers = map_registers();

	while (!usleep(1000))
		if (!is_copying(registers))
			start_by_hand(registers, written_address, LAB_DMA_INSIDE, true);
	return false;
}

/*
 * The device still writes for a driver that has gone, when the next one loads. It may end just
 * after the next driver has come, and before that has memory: hence more than one load.
 */
START_TEST(device_writes_nothing_into_the_next_buffer)
{
	struct lab_dma dma;
	pid_t writer;
	int times;

	read_module();
	for (times = 0; times < 5; times++) {
		make_model();
		free(model.memory);
		dma = copy_of(LAB_DMA_FROM_DEVICE, 0, 0, 0);
		must_ask(&dma);
		written_address = (uint32_t)dma.address;
		close_and_unload();
		writer = start_child(keep_it_writing);
		wait_until_it_copies();
		must_load();
		kill(writer, SIGKILL);
		status_of(writer);
		open_lab();
		ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
		assert_words(lab.map, lab.words, 0, expect_zero,
			     "the program reads in a new buffer");
	}
}
END_TEST

/*
 * Where the device is to write the first byte, for who reads RAM: an IOMMU has it write into the
 * memory itself, and a bounce buffer has an address of its own.
 */
static uint64_t physical_address(const struct lab_dma *dma)
{
	return has_iommu() ? kernel_page(0).pfn * lab.info.page_size : dma->address;
}

#define WORDS_INSIDE (LAB_DMA_INSIDE / sizeof(uint64_t))

/* So many words of the device's own memory have come into the memory since. */
static size_t words_brought(const uint64_t *before, const uint64_t *after)
{
	size_t i, brought = 0;
	uint64_t word;

	for (i = 0; i < WORDS_INSIDE; i++) {
		memcpy(&word, model.inside + i * sizeof(word), sizeof(word));
		brought += after[i] == word && before[i] != word;
	}
	return brought;
}

/*
 * The device is told to write, and its driver goes. Who has waited for the device before the
 * memory was freed is right; but what has not come by then must not come any more.
 */
START_TEST(device_writes_nothing_into_freed_memory)
{
	uint64_t before[WORDS_INSIDE], after[WORDS_INSIDE], physical;
	volatile uint8_t *registers;
	struct lab_dma dma;
	int times;

	read_module();
	for (times = 0; times < 3; times++) {
		make_model();
		dma = copy_of(LAB_DMA_FROM_DEVICE, 0, 0, 0);
		must_ask(&dma);
		physical = physical_address(&dma);
		fill_all(false);
		free(model.memory);
		dma.count = LAB_DMA_INSIDE;
		dma.wait_ms = 0;
		ck_assert_int_eq(ask(&dma), -ETIMEDOUT);
		close_and_unload();
		read_physical(physical, before, sizeof(before));
		registers = map_registers();
		wait_for_the_device(registers);
		unmap_registers(registers);
		read_physical(physical, after, sizeof(after));
		must_load();
		open_lab();
		ck_assert_msg(!words_brought(before, after),
			      "the device has written %zu of %zu words into memory that was freed",
			      words_brought(before, after), WORDS_INSIDE);
	}
}
END_TEST

/*
 * 14.6: streaming memory belongs to one side at a time
 */

/* Nobody waits for it; then the memory is written beside what the device was lent. */
static void bring_back_unnoticed(uint32_t count)
{
	struct lab_dma dma = copy_of(LAB_DMA_FROM_DEVICE, 0, 0, count);
	const uint64_t beside = lab.info.size - 1;

	dma.wait_ms = 0;
	ck_assert_int_eq(ask(&dma), -ETIMEDOUT);
	mapped()[beside] ^= 0xff;
	model.memory[beside] ^= 0xff;
}

/*
 * With a bounce buffer the memory is as it was until it is taken back, however long ago
 * the device has written. Else it may be, or may have changed: nobody should look.
 */
START_TEST(lent_memory_comes_back_when_the_device_has_ended)
{
	const uint32_t count = 1000;

	make_model();
	fill_all(false);
	bring_back_unnoticed(count);
	if (is_bounced(0)) {
		usleep(200000);
		assert_memory();
	}
	while (copy_something(LAB_DMA_MOST_WAIT) == -EBUSY)
		usleep(1000);
	memcpy(model.memory, model.inside, count);
	model.inside[0] = model.memory[0];
	assert_memory();
	/* What is lent anew is what was written last. */
	fill_all(false);
	copy_in_both(LAB_DMA_TO_DEVICE, 0, 0, LAB_DMA_INSIDE);
	fill_all(true);
	copy_in_both(LAB_DMA_FROM_DEVICE, 0, 0, LAB_DMA_INSIDE);
	assert_memory();
	free(model.memory);
}
END_TEST

/* Slots of the pool that are in use, as the kernel counts them. */
static unsigned long slots_in_use(void)
{
	const char *path = "/sys/kernel/debug/swiotlb/io_tlb_used";
	FILE *file = fopen(path, "r");
	unsigned long slots;

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fscanf(file, "%lu", &slots), 1);
	fclose(file);
	return slots;
}

START_TEST(bounce_buffer_is_given_back)
{
	unsigned long loaded, unloaded;

	if (!is_bounced(0))
		skip("no bounce buffer: kind=mapped, memory out of reach, no IOMMU");
	read_module();
	loaded = slots_in_use();
	close_and_unload();
	unloaded = slots_in_use();
	must_load();
	open_lab();
	ck_assert_uint_gt(loaded, unloaded);
	ck_assert_uint_eq(unloaded, 0);
}
END_TEST

static const struct refusal wrong_kinds_of_memory[] = {
	REFUSAL("kind=", EINVAL),
	REFUSAL("kind=mapped2", EINVAL),
	REFUSAL("kind=coheren", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_of_a_wrong_kind_is_refused)
{
	assert_refusals(wrong_kinds_of_memory);
}
END_TEST

/* It must not have the node open itself: it would wait for itself. */
static bool take_the_device_away(void)
{
	munmap((void *)(uintptr_t)lab.map, lab.info.size);
	close(lab.fd);
	take_away(&edu);
	return true;
}

/* Who takes it away waits for those who use the buffer. */
START_TEST(buffer_stays_as_long_as_it_is_used)
{
	pid_t child;
	int copies;

	find_device(&edu);
	child = start_child(take_the_device_away);
	make_model();
	for (copies = 0; copies < 15; copies++) {
		fill_all(copies % 2);
		copy_in_both(LAB_DMA_TO_DEVICE, 0, 0, LAB_DMA_INSIDE);
		assert_memory();
		ck_assert_msg(!waitpid(child, NULL, WNOHANG),
			      "the device has gone while its buffer is mapped");
	}
	free(model.memory);
	close_lab();
	ck_assert_int_eq(status_of(child), 0);
	ck_assert_msg(access(lab.path, F_OK), "%s is there, without the device",
		      lab.path);
	bring_back(&edu);
	open_lab();
	ck_assert_int_eq(copy_something(LAB_DMA_MOST_WAIT), 0);
}
END_TEST

/*
 * 7.6: a device that is missing, or another driver's
 */

START_TEST(load_without_the_device_is_refused)
{
	assert_load_refused_without(&edu);
}
END_TEST

START_TEST(load_beside_another_driver_is_refused)
{
	assert_load_refused_beside(&edu, "");
	assert_load_refused_beside(&edu, "bar=0");
}
END_TEST

/*
 * 9.2: two callers
 */

static bool copy_alone(void)
{
	int err = copy_something(LAB_DMA_MOST_WAIT);

	return !err || object("a copy beside another: %s", strerror(-err));
}

START_TEST(two_copies_at_a_time_are_made_in_turn)
{
	static const struct call copying = {
		.name = "LAB_IOC_DMA", .make = copy_alone,
	};

	need_two_processors();
	race_calls(&copying, &copying, RACER_PROCESS, 20);
}
END_TEST

#define COPIES (WRITES | CAN_FILL | CAN_CHECK | CAN_READ | CAN_DMA)

static const struct check checks[] = {
	CHECK(device_fetches_and_brings_back_every_byte, COPIES),
	CHECK(device_moves_the_bytes_asked_for_and_no_others, COPIES),
	CHECK(copies_outside_of_the_memory_are_refused, COPIES),
	CHECK(copy_needs_the_mode_of_the_file, CAN_DMA),
	CHECK(copy_request_without_room_for_its_answer_fails, CAN_DMA),
	CHECK(device_address_is_within_its_reach, CAN_DMA),
	CHECK(device_address_is_the_physical_one_without_an_iommu_only,
	      CAN_DMA | CAN_PAGE),
	THOROUGH_CHECK(access_outside_of_the_mapping_is_reported, CAN_DMA),
	THOROUGH_CHECK(memory_follows_from_what_the_device_reaches, CAN_DMA),
	THOROUGH_CHECK(load_with_a_wrong_reach_is_refused, CAN_DMA),
	CHECK(device_address_is_hidden_without_cap_sys_admin, CAN_DMA),
	CHECK(copy_that_was_given_up_goes_on, COPIES),
	CHECK(copy_without_an_interrupt_is_given_up, COPIES),
	CHECK(interrupt_of_another_device_ends_no_wait, COPIES),
	CHECK(signal_ends_the_wait_for_the_device, CAN_DMA),
	THOROUGH_CHECK(device_writes_nothing_into_the_next_buffer, COPIES),
	THOROUGH_CHECK(device_writes_nothing_into_freed_memory, COPIES | CAN_PAGE),
	THOROUGH_CHECK(buffer_stays_as_long_as_it_is_used, COPIES),
	CHECK(lent_memory_comes_back_when_the_device_has_ended, COPIES),
	THOROUGH_CHECK(bounce_buffer_is_given_back, CAN_DMA | CAN_PAGE),
	THOROUGH_CHECK(load_of_a_wrong_kind_is_refused, CAN_DMA),
	THOROUGH_CHECK(load_without_the_device_is_refused, CAN_DMA),
	THOROUGH_CHECK(load_beside_another_driver_is_refused, CAN_DMA),
	RACE_CHECK(two_copies_at_a_time_are_made_in_turn, CAN_DMA),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_dma",
	.mapping = &pfnmap,
	.with = "kind=noncontiguous",
	.mapping_with = &mixedmap,
	/* A bounce buffer has 256 KiB at most: dma_max_mapping_size(). */
	.small_with = "kind=mapped",
	.most_pages = 64,
	.operations = USUAL_OPERATIONS | CAN_DMA,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
