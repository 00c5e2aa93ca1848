// SPDX-License-Identifier: GPL-2.0
/*
 * lab_bar: one device for its driver, for programs, and for nobody else
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "contract/memory_type.h"
#include "edu_registers.h"
#include "races/racer.h"
#include "races/races.h"
#include "random/draw.h"
#include "shared/checks.h"
#include "shared/children.h"
#include "shared/edu.h"
#include "shared/kernel_log.h"
#include "shared/module.h"
#include "shared/pci_device.h"
#include "shared/refusals.h"
#include "shared/seconds.h"

/*
 * The devices in sysfs
 */

static struct pci_device ivshmem = { .vendor = "0x1af4", .device = "0x1110" };
static struct pci_device testdev = { .vendor = "0x1b36", .device = "0x0005" };

static void write_enable(struct pci_device *device, const char *text)
{
	char path[400];

	find_device(device);
	snprintf(path, sizeof(path), "%s/enable", device->path);
	write_file(path, text);
}

static void switch_on(struct pci_device *device)
{
	write_enable(device, "1");
}

static void *map_page(int fd, off_t offset)
{
	return mmap(NULL, lab.info.page_size, READ_WRITE, MAP_SHARED, fd,
		    offset);
}

/*
 * The driver of the registers
 */

static struct edu_live live(int fd, uint32_t word)
{
	struct edu_live live = { .word = word };

	ask_edu(fd, EDU_IOC_LIVE, &live);
	return live;
}

/*
 * Contract 5.4 and 6.1: one claim, and one memory type
 */

/* As the kernel says it, whatever the lab reports. */
static struct region mapped_part_of_the_bar(void)
{
	struct region region = region_of_bar(&ivshmem, 2);

	ck_assert_msg(region.first, "%s shows no BAR 2", ivshmem.path);
	region.last = region.first + lab.info.size - 1;
	return region;
}

/* Does /proc/iomem have an entry of this name around it? */
static bool bar_lies_in(const char *name)
{
	return entries_of("/proc/iomem", name, mapped_part_of_the_bar()).hold;
}

START_TEST(bar_is_claimed_in_the_name_of_the_lab)
{
	find_device(&ivshmem);
	ck_assert_msg(bar_lies_in(strrchr(ivshmem.path, '/') + 1),
		      "the memory is not within a BAR of the device");
	ck_assert_msg(bar_lies_in("lab_bar"), "nobody claimed the BAR");
}
END_TEST

START_TEST(flags_say_how_the_kernel_maps)
{
	uint32_t both = LAB_INFO_IOMEM | LAB_INFO_UNCACHED;

	ck_assert_uint_eq(lab.info.flags & both, both);
}
END_TEST

START_TEST(both_sides_have_the_same_memory_type)
{
	assert_memory_type(UNCACHED);
}
END_TEST

/*
 * Contract 6.3: what a driver has claimed nobody else maps
 */

START_TEST(claimed_bar_is_not_mapped_through_its_file)
{
	int memory = open_file_of(&ivshmem, "resource2");
	int registers, node;

	assert_refused(map_page(memory, 0), EINVAL, "a claimed BAR");
	close(memory);
	node = load_edu("");
	registers = open_file_of(&edu, "resource0");
	assert_refused(map_page(registers, 0), EINVAL, "claimed registers");
	close(registers);
	unload_edu(node);
}
END_TEST

START_TEST(claimed_bar_is_not_mapped_through_dev_mem)
{
	int mem = open("/dev/mem", O_RDWR | O_CLOEXEC);

	if (mem < 0)
		skip("/dev/mem: %s", strerror(errno));
	find_device(&ivshmem);
	assert_refused(map_page(mem, (off_t)mapped_part_of_the_bar().first), EPERM,
		       "a claimed BAR through /dev/mem");
	close(mem);
}
END_TEST

/* Whoever maps it before the driver claims it loses it then. */
static volatile uint32_t *mapped_before;

static bool touch(void)
{
	return *mapped_before || true;
}

static void *map_unclaimed(void)
{
	int fd = open_file_of(&ivshmem, "resource2");
	void *page = map_page(fd, 0);

	ck_assert_msg(page != MAP_FAILED, "resource2 of a device without a driver: %s",
		      strerror(errno));
	close(fd);
	return page;
}

START_TEST(claim_ends_the_mappings_of_others)
{
	close_and_unload();
	switch_on(&ivshmem);
	mapped_before = map_unclaimed();
	ck_assert_msg(touch(), "it is there");
	must_load();
	assert_killed(touch, SIGBUS, "an access to a BAR that was claimed since");
}
END_TEST

/* The bytes are the device's: they stay when the driver goes. */
START_TEST(file_of_the_bar_shows_the_same_bytes)
{
	uint32_t word = 0x5eed;
	uint32_t *page;

	kernel_fills();
	close_and_unload();
	switch_on(&ivshmem);
	page = map_unclaimed();
	assert_words(page, lab.info.page_size / sizeof(word), 0, expect_pattern,
		     "resource2 shows");
	must_unmap(page, lab.info.page_size);
	must_load();
}
END_TEST

/*
 * Contract 6.4: registers answer, whoever asks
 */

START_TEST(driver_reaches_the_registers)
{
	int fd = load_edu("");
	size_t i;

	for (i = 0; i < EDU_WORDS; i++) {
		struct edu_live found = live(fd, edu_words[i]);

		ck_assert_uint_eq(found.id & EDU_ID_MASK, EDU_ID_EXPECTED);
		ck_assert_uint_eq(found.answer, (uint32_t)~edu_words[i]);
	}
	unload_edu(fd);
}
END_TEST

START_TEST(program_reaches_the_registers)
{
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);

	assert_registers_answer(page);
	/* What one side has written, the other finds. */
	*register_at(page, EDU_LIVE) = 0x12345678;
	ck_assert_uint_eq(live(fd, 0x9abcdef0).answer, (uint32_t)~0x9abcdef0);
	ck_assert_uint_eq(*register_at(page, EDU_LIVE), (uint32_t)~0x9abcdef0);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

START_TEST(program_reaches_the_registers_through_sysfs)
{
	int fd = open_file_of(&edu, "resource0");
	volatile uint32_t *page;

	/* A check that failed may have left the driver there. */
	syscall(SYS_delete_module, "edu_registers", O_NONBLOCK);
	switch_on(&edu);
	page = map_page(fd, 0);
	ck_assert_msg(page != MAP_FAILED, "resource0: %s", strerror(errno));
	close(fd);
	assert_registers_answer(page);
	must_unmap(page, lab.info.page_size);
}
END_TEST

START_TEST(registers_are_one_page_that_is_guarded)
{
	size_t page = lab.info.page_size;
	int fd = load_edu("");
	struct stat status;

	assert_refused(mmap(NULL, 2 * page, READ_WRITE, MAP_SHARED, fd, 0),
		       EINVAL, "two pages");
	assert_refused(map_page(fd, (off_t)page), EINVAL, "the second page");
	assert_refused(mmap(NULL, page, READ_WRITE, MAP_PRIVATE, fd, 0), EINVAL,
		       "a private mapping");
	assert_refused(mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_SHARED, fd,
			    0), EPERM, "an executable mapping");
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFCHR | 0600);
	ck_assert_int_eq(ioctl(fd, LAB_IOC_FILL, &status), -1);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(syscall(SYS_delete_module, "edu_registers", O_NONBLOCK),
			 -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	unload_edu(fd);
}
END_TEST

START_TEST(requests_for_registers_survive_a_bad_pointer)
{
	const long bad[] = { 0, -4096, (long)mmap(NULL, 1, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);
	uint32_t before = *register_at(page, EDU_LIVE);
	size_t i;

	/* To nothing, to the kernel's memory: without a question nothing is asked. */
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(ioctl(fd, EDU_IOC_LIVE, (void *)bad[i]), -1);
		ck_assert_int_eq(errno, EFAULT);
		ck_assert_uint_eq(*register_at(page, EDU_LIVE), before);
	}
	/* To where it cannot answer. */
	ck_assert_int_eq(ioctl(fd, EDU_IOC_LIVE, (void *)bad[2]), -1);
	ck_assert_int_eq(errno, EFAULT);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

/* As the kernel's mapping of the other BAR, which is clause 6.1. */
START_TEST(registers_are_mapped_as_a_device)
{
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);

	ck_assert_uint_eq(*register_at(page, EDU_ID) & EDU_ID_MASK,
			  EDU_ID_EXPECTED);
	ck_assert_uint_eq(memory_type_at((uintptr_t)page),
			  memory_type_at(kernel_page(0).kernel_addr));
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

/*
 * Contract 6.5: interrupts
 */

static uint32_t interrupts_of(int fd)
{
	return live(fd, 0).interrupts;
}

/* For a second or so. */
static void await_interrupt(int fd)
{
	int looks;

	for (looks = 0; looks < 1000 && !interrupts_of(fd); looks++)
		usleep(1000);
}

static void assert_interrupts(int fd)
{
	struct edu_interrupt interrupt;
	uint32_t bit;

	ck_assert_uint_eq(interrupts_of(fd), 0);
	for (bit = 0; bit < 32; bit++) {
		interrupt.reasons = 1u << bit;
		interrupt.wait_ms = EDU_MOST_WAIT;
		ask_edu(fd, EDU_IOC_INTERRUPT, &interrupt);
		ck_assert_uint_eq(interrupt.reasons, 1u << bit);
		ck_assert_uint_eq(interrupts_of(fd), bit + 1);
	}
}

/* This directory is there while a driver uses messages. */
static bool edu_sends_messages(void)
{
	char path[400];

	find_device(&edu);
	snprintf(path, sizeof(path), "%s/msi_irqs", edu.path);
	return !access(path, F_OK);
}

/*
 * The kernel gives messages only to a device that it has switched on itself for this driver, and
 * one that was on already, as a program can have it, is left as it is.
 */
START_TEST(each_interrupt_is_answered_once)
{
	int fd;

	unload_edu(load_edu(""));
	switch_off(&edu);
	fd = load_edu("intx=0");
	assert_interrupts(fd);
	ck_assert_msg(edu_sends_messages(), "with intx=0 there are no messages");
	unload_edu(fd);
	fd = load_edu("intx=1");
	assert_interrupts(fd);
	ck_assert_msg(!edu_sends_messages(), "with intx=1 there are messages");
	unload_edu(fd);
}
END_TEST

START_TEST(interrupt_of_another_device_is_left_to_it)
{
	int fd = load_edu("intx=1");
	int taken = handlers_that_take_anothers_interrupt(&edu);
	uint32_t counted = interrupts_of(fd);

	unload_edu(fd);
	ck_assert_msg(taken >= 0, "another driver cannot have the line as well");
	ck_assert_msg(!taken && !counted,
		      "the interrupt of another device is taken for this one's");
}
END_TEST

START_TEST(result_comes_with_an_interrupt)
{
	struct edu_factorial factorial;
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);

	for (factorial.number = 0; factorial.number <= EDU_MOST_FACTORIAL;
	     factorial.number++) {
		ask_edu(fd, EDU_IOC_FACTORIAL, &factorial);
		ck_assert_uint_eq(factorial.factorial,
				  factorials[factorial.number]);
		ck_assert_uint_eq(interrupts_of(fd), factorial.number + 1);
		/* Programs have the device compute without interrupts. */
		ck_assert_uint_eq(*register_at(page, EDU_STATUS) &
				  EDU_STATUS_INTERRUPT, 0);
	}
	ck_assert_int_eq(ioctl(fd, EDU_IOC_FACTORIAL, &factorial), -1);
	ck_assert_int_eq(errno, ERANGE);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

/* For this number QEMU multiplies for a second at least. */
#define MANY_FACTORS 0x80000000u

/* In seconds: far longer than that takes on a busy machine. */
#define PATIENCE 60

static void await_result(volatile uint32_t *status)
{
	time_t end = monotonic_seconds() + PATIENCE;

	while (*status & EDU_STATUS_COMPUTING) {
		ck_assert_msg(monotonic_seconds() < end,
			      "the device computes for ever");
		usleep(1000);
	}
}

/* A number that is written meanwhile is lost, and the result is that of another one. */
START_TEST(device_that_computes_already_is_busy)
{
	struct edu_factorial factorial = { .number = 5 };
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);
	volatile uint32_t *status = register_at(page, EDU_STATUS);
	int answer, found;

	*register_at(page, EDU_FACTORIAL) = MANY_FACTORS;
	answer = ioctl(fd, EDU_IOC_FACTORIAL, &factorial);
	found = errno;
	await_result(status);
	ck_assert_int_eq(answer, -1);
	ck_assert_int_eq(found, EBUSY);
	/* That it would interrupt is no computation. */
	*status = EDU_STATUS_INTERRUPT;
	ask_edu(fd, EDU_IOC_FACTORIAL, &factorial);
	ck_assert_uint_eq(factorial.factorial, 120);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

START_TEST(interrupt_that_never_comes_is_waited_for_in_vain)
{
	struct edu_interrupt none = { .reasons = 0, .wait_ms = 20 };
	struct edu_interrupt one = { .reasons = 4, .wait_ms = EDU_MOST_WAIT };
	struct edu_interrupt long_one = { .wait_ms = EDU_MOST_WAIT + 1 };
	int fd = load_edu("");

	ck_assert_int_eq(ioctl(fd, EDU_IOC_INTERRUPT, &none), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_eq(ioctl(fd, EDU_IOC_INTERRUPT, &long_one), -1);
	ck_assert_int_eq(errno, EINVAL);
	ask_edu(fd, EDU_IOC_INTERRUPT, &one);
	ck_assert_uint_eq(one.reasons, 4);
	unload_edu(fd);
}
END_TEST

static int raced_edu;

static void ignore(int signal)
{
	(void)signal;
}

START_TEST(signal_ends_the_wait_for_an_interrupt)
{
	struct edu_interrupt none = { .reasons = 0, .wait_ms = EDU_MOST_WAIT };
	struct sigaction no_restart = { .sa_handler = ignore };
	/* Again and again, for the first may come before the wait. */
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval never = { 0 };
	int fd = load_edu("");
	int answer, found;

	sigaction(SIGALRM, &no_restart, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	answer = ioctl(fd, EDU_IOC_INTERRUPT, &none);
	found = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_eq(answer, -1);
	ck_assert_int_eq(found, EINTR);
	unload_edu(fd);
}
END_TEST

/* In memory that the child shares: from now on it can sleep in its request only. */
static volatile bool *has_begun;

/* It lasts until it is killed, and has the lock meanwhile. */
static bool wait_in_vain(void)
{
	struct edu_interrupt none = { .reasons = 0, .wait_ms = EDU_MOST_WAIT };

	*has_begun = true;
	ioctl(raced_edu, EDU_IOC_INTERRUPT, &none);
	return true;
}

START_TEST(signal_ends_the_wait_for_another_request)
{
	struct sigaction no_restart = { .sa_handler = ignore };
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval never = { 0 };
	struct edu_live live = { .word = 1 };
	int answer, found;
	pid_t child;

	raced_edu = load_edu("");
	has_begun = shared_memory(sizeof(*has_begun));
	child = start_child(wait_in_vain);
	while (!*has_begun || !sleeps(child))
		usleep(1000);
	sigaction(SIGALRM, &no_restart, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	answer = ioctl(raced_edu, EDU_IOC_LIVE, &live);
	found = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	kill(child, SIGKILL);
	status_of(child);
	ck_assert_msg(answer == -1 && found == EINTR,
		      "a request beside another one: expected EINTR, found %s",
		      answer ? strerrorname_np(found) : "an answer");
	unload_edu(raced_edu);
}
END_TEST

static volatile uint32_t *raise_here;

/* For some seconds, unless it is killed before. */
static bool raise_again_and_again(void)
{
	int times;

	for (times = 0; times < 2000; times++) {
		*raise_here = 0x40;
		usleep(2000);
	}
	return true;
}

START_TEST(interrupt_for_another_reason_ends_no_wait)
{
	struct edu_interrupt none = { .reasons = 0, .wait_ms = 200 };
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);
	int answer, found;
	pid_t child;

	raise_here = register_at(page, EDU_RAISE);
	child = start_child(raise_again_and_again);
	await_interrupt(fd);
	answer = ioctl(fd, EDU_IOC_INTERRUPT, &none);
	found = errno;
	kill(child, SIGKILL);
	status_of(child);
	ck_assert_uint_ge(interrupts_of(fd), 1);
	ck_assert_int_eq(answer, -1);
	ck_assert_int_eq(found, ETIMEDOUT);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

/* Its reasons stay, and come with the next interrupt. */
START_TEST(interrupt_that_is_lost_is_waited_for_in_vain)
{
	struct edu_interrupt one = { .reasons = 4, .wait_ms = EDU_MOST_WAIT };
	struct edu_interrupt lost = { .reasons = 4, .wait_ms = 20 };
	struct edu_interrupt next = { .reasons = 8, .wait_ms = EDU_MOST_WAIT };
	struct edu_factorial factorial = { .number = 5 };
	int fd = load_edu("");
	uint16_t command = read_command(&edu);

	/* For the same reason one came before. */
	ask_edu(fd, EDU_IOC_INTERRUPT, &one);
	write_command(&edu, (command & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_DISABLE);
	ck_assert_int_eq(ioctl(fd, EDU_IOC_INTERRUPT, &lost), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_uint_eq(lost.reasons, 4);
	ck_assert_int_eq(ioctl(fd, EDU_IOC_FACTORIAL, &factorial), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_uint_eq(interrupts_of(fd), 1);
	write_command(&edu, command);
	ask_edu(fd, EDU_IOC_INTERRUPT, &next);
	ck_assert_uint_eq(next.reasons, 8);
	ask_edu(fd, EDU_IOC_FACTORIAL, &factorial);
	ck_assert_uint_eq(factorial.factorial, 120);
	unload_edu(fd);
}
END_TEST

/* It is the device that interrupts, whoever told it to. */
START_TEST(program_can_have_the_device_interrupt)
{
	int fd = load_edu("");
	volatile uint32_t *page = must_map(fd, lab.info.page_size, READ_WRITE,
					   MAP_SHARED, 0);

	*register_at(page, EDU_RAISE) = 0x40;
	await_interrupt(fd);
	ck_assert_uint_eq(interrupts_of(fd), 1);
	ck_assert_uint_eq(*register_at(page, EDU_REASONS), 0);
	must_unmap(page, lab.info.page_size);
	unload_edu(fd);
}
END_TEST

/*
 * Contract 9.2: two programs at a time
 */

/* A factorial takes several accesses and an interrupt, so another request comes in between. */
static bool compute(void)
{
	struct edu_factorial factorial = { .number = draw(EDU_MOST_FACTORIAL + 1) };

	if (ioctl(raced_edu, EDU_IOC_FACTORIAL, &factorial))
		return object("EDU_IOC_FACTORIAL: %s", strerror(errno));
	return factorial.factorial == factorials[factorial.number] ||
	       object("%" PRIu32 "! is %" PRIu32, factorial.number,
		      factorial.factorial);
}

static bool invert(void)
{
	struct edu_live live = { .word = draw(UINT32_MAX) };

	if (ioctl(raced_edu, EDU_IOC_LIVE, &live))
		return object("EDU_IOC_LIVE: %s", strerror(errno));
	return live.answer == ~live.word ||
	       object("the inverse of 0x%" PRIx32 " is 0x%" PRIx32, live.word,
		      live.answer);
}

START_TEST(two_requests_for_registers_are_not_mixed)
{
	static const struct call computing = { "EDU_IOC_FACTORIAL", compute, 0 };
	static const struct call inverting = { "EDU_IOC_LIVE", invert, 0 };

	need_two_processors();
	raced_edu = load_edu("");
	race_calls(&computing, &computing, RACER_PROCESS, 300);
	race_calls(&inverting, &inverting, RACER_PROCESS, 3000);
	unload_edu(raced_edu);
}
END_TEST

/*
 * Contract 7.6: a device that is not as it should be
 */

static const struct refusal wrong_bars[] = {
	REFUSAL("bar=0", EINVAL), /* 256 bytes */
	REFUSAL("bar=1", ENODEV), /* not there */
	REFUSAL("bar=3", ENODEV), /* the upper half of BAR 2's address */
	REFUSAL("bar=6", ENODEV),
	REFUSAL("bar=-1", ENODEV),
	REFUSAL("bar=2147483647", ENODEV), /* far from all that can be read */
	REFUSAL("bar=-2147483648", ENODEV),
	REFUSAL("bar=18446744073709551618", EINVAL),
	REFUSAL("bar=two", EINVAL),
	{ .parameters = NULL },
};

START_TEST(load_of_a_wrong_bar_is_refused)
{
	assert_refusals(wrong_bars);
}
END_TEST

START_TEST(load_of_more_than_the_bar_is_refused)
{
	assert_ends_with(region_of_bar(&ivshmem, 2));
}
END_TEST

START_TEST(load_without_the_device_is_refused)
{
	assert_load_refused_without(&ivshmem);
}
END_TEST

/* Another driver has the device, or has claimed the BAR and nothing more. */
START_TEST(load_beside_another_driver_is_refused)
{
	assert_load_refused_beside(&ivshmem, "");
	assert_load_refused_beside(&ivshmem, "bar=2");
}
END_TEST

START_TEST(load_beside_a_driver_of_its_name_is_refused)
{
	static const struct pci_device nothing = { .vendor = "1", .device = "1" };

	assert_load_refused_beside(&nothing, "name=lab_bar");
}
END_TEST

START_TEST(device_that_cannot_be_switched_on_is_refused)
{
	assert_load_refused_unplaced(&ivshmem, 2);
}
END_TEST

START_TEST(device_with_another_bar_is_refused)
{
	assert_load_refused_as(&ivshmem, "bar=2 size=2048", EINVAL);
	assert_load_refused_as(&ivshmem, "bar=2 other_kind=1", ENODEV);
}
END_TEST

START_TEST(load_without_a_mapping_is_refused)
{
	assert_load_refused_without_ioremap();
}
END_TEST

START_TEST(load_beside_a_node_of_its_name_is_refused)
{
	assert_load_refused_beside_its_node();
}
END_TEST

/*
 * The driver of the registers loads without a device as well: one may be plugged in later.
 * So it refuses devices, and not the load.
 */

static bool file_names_edu(const char *path)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[512];

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "edu_registers"))
			found = true;
	fclose(file);
	return found;
}

static void assert_drives_nothing(const char *when)
{
	ck_assert_msg(access(EDU_NODE, F_OK), "%s: " EDU_NODE " is there", when);
	ck_assert_msg(!file_names_edu("/proc/iomem"), "%s: a BAR is claimed", when);
	ck_assert_msg(!file_names_edu("/proc/interrupts"),
		      "%s: an interrupt is waited for", when);
}

static void assert_drives_edu(void)
{
	int fd = open_edu();

	ck_assert_uint_eq(live(fd, 0x1234).answer, (uint32_t)~0x1234);
	close(fd);
}

/* By this file a device would lose its driver while a program has the node open. */
static void assert_cannot_be_unbound(const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver);
	ck_assert_msg(!access(path, F_OK), "%s: %s", path, strerror(errno));
	strcat(path, "/unbind");
	ck_assert_msg(access(path, F_OK), "%s is there", path);
}

START_TEST(registers_come_and_go_with_their_device)
{
	int fd = load_edu("");

	assert_cannot_be_unbound("lab_bar");
	assert_cannot_be_unbound("edu_registers");
	unload_edu(fd);
	take_away(&edu);
	load_driver_of_edu("");
	assert_drives_nothing("without the device");
	bring_back(&edu);
	assert_drives_edu();
	take_away(&edu);
	assert_drives_nothing("when the device has gone");
	bring_back(&edu);
	assert_drives_edu();
	unload_edu(-1);
}
END_TEST

/* Tells a driver that it can drive these devices as well; returns what it says to that. */
static char *offer(const char *driver, const struct pci_device *device)
{
	char path[128], numbers[32];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/new_id", driver);
	snprintf(numbers, sizeof(numbers), "%s %s", device->vendor,
		 device->device);
	skip_kernel_log();
	write_file(path, numbers);
	return read_kernel_log();
}

static bool has_driver(struct pci_device *device)
{
	char path[400];

	find_device(device);
	snprintf(path, sizeof(path), "%s/driver", device->path);
	return !access(path, F_OK);
}

/* That probe() has failed the kernel itself says, but not if it was with ENODEV. */
#define FAILED "failed with error"
#define FAILED_WITH_ENOMEM FAILED " -12"
#define FAILED_WITH_EBUSY FAILED " -16"
#define FAILED_WITH_EEXIST FAILED " -17"
#define FAILED_WITH_EINVAL FAILED " -22"

static void assert_refuses(const char *driver, struct pci_device *device,
			   const char *expected)
{
	char *said = offer(driver, device);

	ck_assert_msg(!has_driver(device), "%s drives %s", driver, device->path);
	ck_assert_msg(strstr(said, driver) && strstr(said, expected),
		      "%s refuses %s: expected \"%s\", found \"%s\"", driver,
		      device->path, expected, said);
	ck_assert_msg(strstr(expected, FAILED) || !strstr(said, FAILED),
		      "expected ENODEV, found %s", said);
	free(said);
}

START_TEST(device_of_another_kind_is_refused)
{
	close_and_unload();
	unload_edu(load_edu(""));
	take_away(&edu);
	load_driver_of_edu("");
	/* BAR 0 of the one has 256 bytes, that of the other a page of something else. */
	assert_refuses("edu_registers", &ivshmem, "BAR 0");
	assert_refuses("edu_registers", &testdev, "0x");
	assert_drives_nothing("after devices of another kind");
	bring_back(&edu);
	assert_drives_edu();
	unload_edu(-1);
	must_load();
}
END_TEST

START_TEST(second_device_is_refused)
{
	unload_edu(load_edu(""));
	assert_refuses("lab_bar", &testdev, FAILED_WITH_EBUSY);
	load_driver_of_edu("");
	assert_refuses("edu_registers", &testdev, FAILED_WITH_EBUSY);
	assert_drives_edu();
	unload_edu(-1);
	kernel_fills();
}
END_TEST

static void assert_edu_refused_beside(const char *parameters, const char *own,
				      const char *expected)
{
	char *said;

	unload_edu(load_edu(""));
	switch_off(&edu);
	have_another_driver(&edu, parameters);
	skip_kernel_log();
	load_driver_of_edu(own);
	said = read_kernel_log();
	assert_drives_nothing("beside another driver");
	unload_edu(-1);
	remove_another_driver();
	ck_assert_msg(strstr(said, expected), "%s", said);
	ck_assert_msg(strstr(expected, FAILED) || !strstr(said, FAILED),
		      "expected ENODEV, found %s", said);
	free(said);
	unload_edu(load_edu(""));
}

START_TEST(claimed_registers_are_refused)
{
	assert_edu_refused_beside("bar=0", "", FAILED_WITH_EBUSY);
}
END_TEST

START_TEST(line_that_another_driver_does_not_share_is_refused)
{
	assert_edu_refused_beside("line=1", "intx=1", FAILED_WITH_EBUSY);
}
END_TEST

START_TEST(registers_that_cannot_be_switched_on_are_refused)
{
	assert_edu_refused_beside("bar=0 unplaced=1", "", FAILED_WITH_EINVAL);
}
END_TEST

START_TEST(registers_that_cannot_be_mapped_are_refused)
{
	char *said;

	unload_edu(load_edu(""));
	if (!have_no_ioremap())
		skip("this kernel cannot make ioremap() fail");
	skip_kernel_log();
	load_driver_of_edu("");
	said = read_kernel_log();
	have_ioremap_again();
	assert_drives_nothing("when ioremap() fails");
	unload_edu(-1);
	ck_assert_msg(strstr(said, FAILED_WITH_ENOMEM), "%s", said);
	free(said);
	unload_edu(load_edu(""));
}
END_TEST

START_TEST(registers_behind_another_bar_are_refused)
{
	assert_edu_refused_beside("bar=0 size=2048", "", "BAR 0");
	assert_edu_refused_beside("bar=0 other_kind=1", "", "BAR 0");
}
END_TEST

/* The node there is not the driver's; when it has gone, the driver makes its own. */
START_TEST(registers_wait_for_their_name)
{
	char *said;

	unload_edu(load_edu(""));
	have_another_driver(&edu, "node=edu_registers");
	skip_kernel_log();
	load_driver_of_edu("");
	said = read_kernel_log();
	remove_another_driver();
	assert_drives_nothing("beside a node of its name");
	take_away(&edu);
	bring_back(&edu);
	assert_drives_edu();
	unload_edu(-1);
	ck_assert_msg(strstr(said, FAILED_WITH_EEXIST), "%s", said);
	free(said);
}
END_TEST

/* All bits of what nobody answers are alike: set on most machines, clear on QEMU's PC. */
START_TEST(device_that_does_not_answer_is_refused)
{
	uint16_t command;
	char *said;

	unload_edu(load_edu(""));
	/* It is enabled, so the driver has no reason to do it. */
	switch_on(&edu);
	command = read_command(&edu);
	write_command(&edu, command & ~PCI_COMMAND_MEMORY);
	skip_kernel_log();
	load_driver_of_edu("");
	said = read_kernel_log();
	assert_drives_nothing("with a device that does not answer");
	unload_edu(-1);
	write_command(&edu, command);
	write_enable(&edu, "0");
	ck_assert_msg(strstr(said, "0x") && !strstr(said, FAILED),
		      "the log does not say why, or of another error: %s", said);
	free(said);
	unload_edu(load_edu(""));
}
END_TEST

static const struct check checks[] = {
	CHECK(bar_is_claimed_in_the_name_of_the_lab, CAN_INFO),
	CHECK(flags_say_how_the_kernel_maps, CAN_INFO),
	CHECK(both_sides_have_the_same_memory_type, MAPS | CAN_PAGE),
	CHECK(claimed_bar_is_not_mapped_through_its_file, CAN_INFO),
	CHECK(claimed_bar_is_not_mapped_through_dev_mem, CAN_INFO),
	THOROUGH_CHECK(claim_ends_the_mappings_of_others, CAN_INFO),
	THOROUGH_CHECK(file_of_the_bar_shows_the_same_bytes, CAN_INFO | CAN_FILL),
	CHECK(driver_reaches_the_registers, CAN_INFO),
	CHECK(program_reaches_the_registers, CAN_INFO),
	CHECK(program_reaches_the_registers_through_sysfs, CAN_INFO),
	CHECK(registers_are_one_page_that_is_guarded, CAN_INFO),
	CHECK(requests_for_registers_survive_a_bad_pointer, CAN_INFO),
	CHECK(registers_are_mapped_as_a_device, CAN_INFO | CAN_PAGE),
	CHECK(each_interrupt_is_answered_once, CAN_INFO),
	CHECK(interrupt_of_another_device_is_left_to_it, CAN_INFO),
	CHECK(result_comes_with_an_interrupt, CAN_INFO),
	THOROUGH_CHECK(device_that_computes_already_is_busy, CAN_INFO),
	CHECK(interrupt_that_never_comes_is_waited_for_in_vain, CAN_INFO),
	CHECK(signal_ends_the_wait_for_an_interrupt, CAN_INFO),
	CHECK(signal_ends_the_wait_for_another_request, CAN_INFO),
	CHECK(interrupt_for_another_reason_ends_no_wait, CAN_INFO),
	THOROUGH_CHECK(interrupt_that_is_lost_is_waited_for_in_vain, CAN_INFO),
	CHECK(program_can_have_the_device_interrupt, CAN_INFO),
	THOROUGH_CHECK(load_of_a_wrong_bar_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_of_more_than_the_bar_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_without_the_device_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_beside_another_driver_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_beside_a_driver_of_its_name_is_refused, CAN_INFO),
	THOROUGH_CHECK(device_that_cannot_be_switched_on_is_refused, CAN_INFO),
	THOROUGH_CHECK(device_with_another_bar_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_without_a_mapping_is_refused, CAN_INFO),
	THOROUGH_CHECK(load_beside_a_node_of_its_name_is_refused, CAN_INFO),
	THOROUGH_CHECK(registers_come_and_go_with_their_device, CAN_INFO),
	THOROUGH_CHECK(device_of_another_kind_is_refused, CAN_INFO),
	THOROUGH_CHECK(second_device_is_refused, CAN_INFO | CAN_FILL),
	THOROUGH_CHECK(claimed_registers_are_refused, CAN_INFO),
	THOROUGH_CHECK(line_that_another_driver_does_not_share_is_refused, CAN_INFO),
	THOROUGH_CHECK(registers_that_cannot_be_switched_on_are_refused, CAN_INFO),
	THOROUGH_CHECK(registers_that_cannot_be_mapped_are_refused, CAN_INFO),
	THOROUGH_CHECK(registers_behind_another_bar_are_refused, CAN_INFO),
	THOROUGH_CHECK(registers_wait_for_their_name, CAN_INFO),
	THOROUGH_CHECK(device_that_does_not_answer_is_refused, CAN_INFO),
	RACE_CHECK(two_requests_for_registers_are_not_mixed, CAN_INFO),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_bar",
	.mapping = &pfnmap,
	.page_by_page = true,
	.operations = USUAL_OPERATIONS,
	.not_in_kcore = "/proc/kcore shows no ioremap() mappings",
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
