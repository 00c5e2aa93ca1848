// SPDX-License-Identifier: GPL-2.0
/*
 * lab_uio: a device whose driver is a program
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <poll.h>
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
#include "races/racer.h"
#include "shared/checks.h"
#include "shared/children.h"
#include "shared/edu.h"
#include "shared/module.h"
#include "shared/pci_device.h"
#include "shared/uio_device.h"

/* The device interrupts at once, and takes a moment to compute; this is for a busy machine. */
#define PATIENCE_MS 2000
#define PATIENCE_TO_COMPUTE_MS 4000

/*
 * The node
 */

enum region_number { REGISTERS, BUFFER, REGIONS };

/* As "uio0". */
static const char *node_name(void)
{
	static char node[32];

	ck_assert_msg(uio_find(lab.program->lab, node, sizeof(node)),
		      "no %s/uio*/name is %s", UIO_CLASS, lab.program->lab);
	return node;
}

static int open_node(int mode)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", node_name());
	fd = open(path, mode | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

/* UIO takes the page offset for the number of the region. */
static off_t offset_of(uint64_t region)
{
	return (off_t)(region * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void *map_buffer_of(int fd)
{
	return must_map(fd, lab.info.size, READ_WRITE, MAP_SHARED,
			(uint64_t)offset_of(BUFFER));
}

/* For the fixture: lab.map of this lab. */
static void *map_buffer(void)
{
	int fd = open_node(O_RDWR);
	void *map = map_buffer_of(fd);

	close(fd);
	return map;
}

static void unmap_buffer(void)
{
	must_unmap(lab.map, lab.info.size);
	lab.map = NULL;
}

static struct uio_device attach_to(const char *node)
{
	struct uio_device uio;
	int err = uio_attach(&uio, node);

	ck_assert_msg(!err, "/dev/%s: %s", node, strerror(-err));
	return uio;
}

static struct uio_device attach(void)
{
	return attach_to(node_name());
}

/* A file of the node's directory in sysfs. */
static void read_attribute(const char *name, char *text, size_t size)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), UIO_CLASS "/%s/%s", node_name(), name);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_msg(fgets(text, (int)size, file), "%s is empty", path);
	text[strcspn(text, "\n")] = 0;
	fclose(file);
}

static uint64_t read_number(const char *name)
{
	char text[64];

	read_attribute(name, text, sizeof(text));
	return strtoull(text, NULL, 0);
}

/* Interrupts since the device came. */
static uint32_t event(void)
{
	return (uint32_t)read_number("event");
}

/*
 * 15.1: what is listed can be mapped, and nothing else
 */

static void assert_region(int number, const char *name, uint64_t addr, uint64_t size)
{
	char file[32], text[64];

	snprintf(file, sizeof(file), "maps/map%d/name", number);
	read_attribute(file, text, sizeof(text));
	ck_assert_str_eq(text, name);
	snprintf(file, sizeof(file), "maps/map%d/addr", number);
	ck_assert_uint_eq(read_number(file), addr);
	snprintf(file, sizeof(file), "maps/map%d/size", number);
	ck_assert_uint_eq(read_number(file), size);
	snprintf(file, sizeof(file), "maps/map%d/offset", number);
	ck_assert_uint_eq(read_number(file), 0);
}

START_TEST(regions_are_listed_in_sysfs)
{
	char path[160], version[16];

	read_attribute("version", version, sizeof(version));
	ck_assert_str_eq(version, "1");
	assert_region(REGISTERS, "registers", region_of_bar(&edu, 0).first,
		      lab.info.page_size);
	assert_region(BUFFER, "buffer", lab.info.kernel_addr, lab.info.size);
	snprintf(path, sizeof(path), UIO_CLASS "/%s/maps/map%d", node_name(),
		 REGIONS);
	ck_assert_msg(access(path, F_OK), "there is a region %d", REGIONS);
	snprintf(path, sizeof(path), UIO_CLASS "/%s/portio", node_name());
	ck_assert_msg(access(path, F_OK), "ports are listed, and edu has none");
}
END_TEST

/* Of a region that is mapped in part, it is the beginning. */
START_TEST(region_is_mapped_by_its_number)
{
	const size_t page = lab.info.page_size;
	int fd = open_node(O_RDWR);
	volatile uint32_t *registers = must_map(fd, page, READ_WRITE, MAP_SHARED,
						(uint64_t)offset_of(REGISTERS));
	volatile uint32_t *first = must_map(fd, page, READ_WRITE, MAP_SHARED,
					    (uint64_t)offset_of(BUFFER));

	ck_assert_uint_eq(*register_at(registers, EDU_ID) & EDU_ID_MASK,
			  EDU_ID_EXPECTED);
	kernel_fills();
	assert_words(first, lab.page_words, 0, expect_pattern, "region 1 shows");
	must_unmap(first, page);
	must_unmap(registers, page);
	close(fd);
}
END_TEST

START_TEST(what_is_no_region_is_not_mapped)
{
	const size_t page = lab.info.page_size;
	const struct {
		uint64_t offset;
		size_t length;
	} bad[] = {
		{ REGISTERS * page, 2 * page },
		{ BUFFER * page, lab.info.size + 1 },
		{ BUFFER * page, lab.info.size + page },
		{ BUFFER * page, 0 },
		{ REGIONS * page, page },
		{ 4 * page, page }, /* UIO has places for five regions */
		{ 5 * page, page },
		{ 0x10000 * page, page },
		{ 1, page },
	};
	int fd = open_node(O_RDWR);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		long answer = raw_mmap(0, bad[i].length, READ_WRITE, MAP_SHARED,
				       fd, bad[i].offset);

		ck_assert_msg(answer == -1 && errno == EINVAL,
			      "0x%zx bytes at offset 0x%" PRIx64
			      ": expected EINVAL, found %s", bad[i].length,
			      bad[i].offset,
			      answer == -1 ? strerrorname_np(errno) : "a mapping");
	}
	close(fd);
}
END_TEST

START_TEST(mapping_needs_the_mode_of_the_node)
{
	const size_t page = lab.info.page_size;
	int reader = open_node(O_RDONLY), writer = open_node(O_WRONLY);
	struct stat status;
	uint64_t region;

	ck_assert_int_eq(fstat(reader, &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFCHR | 0600);
	for (region = 0; region < REGIONS; region++) {
		void *map = must_map(reader, page, PROT_READ, MAP_SHARED,
				     (uint64_t)offset_of(region));

		ck_assert_int_eq(mprotect(map, page, READ_WRITE), -1);
		ck_assert_int_eq(errno, EACCES);
		must_unmap(map, page);
		assert_refused(mmap(NULL, page, READ_WRITE, MAP_SHARED, reader,
				    offset_of(region)), EACCES,
			       "writing through a descriptor for reading");
		assert_refused(mmap(NULL, page, PROT_READ, MAP_SHARED, writer,
				    offset_of(region)), EACCES,
			       "reading through a descriptor for writing");
	}
	close(reader);
	close(writer);
}
END_TEST

static volatile uint32_t *untouched;

static bool touch(void)
{
	return *untouched || true;
}

/* UIO takes the offset of what is left for the number of a region that there is not. */
START_TEST(rest_of_a_region_is_a_bus_error)
{
	const size_t page = lab.info.page_size;
	volatile uint32_t *map;
	int fd = open_node(O_RDWR);

	needs_pages(2, "one page has no rest");
	map = map_buffer_of(fd);
	close(fd);
	must_unmap(map, page);
	untouched = map + lab.page_words;
	assert_killed(touch, SIGBUS, "an access to the rest of a region");
	must_unmap(untouched, lab.info.size - page);
}
END_TEST

/*
 * 15.2: the buffer
 */

START_TEST(all_who_map_the_buffer_see_the_same)
{
	int one = open_node(O_RDWR), other = open_node(O_RDWR);
	volatile uint32_t *first = map_buffer_of(one);
	volatile uint32_t *second = map_buffer_of(other);

	write_unguarded(first);
	assert_words(second, lab.words, 0, expect_pattern, "another opener reads");
	kernel_checks();
	must_unmap(first, lab.info.size);
	must_unmap(second, lab.info.size);
	close(one);
	close(other);
}
END_TEST

/* The lab's own node has requests only. */
START_TEST(node_of_the_lab_is_not_mapped)
{
	assert_refused(mmap(NULL, lab.info.page_size, READ_WRITE, MAP_SHARED,
			    lab.fd, 0), ENODEV, "mmap() of /dev/lab_uio");
}
END_TEST

static bool hold_the_node(void)
{
	pause();
	return true;
}

START_TEST(module_stays_while_its_regions_are_used)
{
	int fd = open_node(O_RDWR);
	pid_t child;

	read_module();
	unmap_buffer();
	close(lab.fd);
	lab.fd = -1;
	ck_assert_msg(unload() == -1 && errno == EWOULDBLOCK,
		      "removed while its node is open");
	lab.map = map_buffer_of(fd);
	close(fd);
	ck_assert_msg(unload() == -1 && errno == EWOULDBLOCK,
		      "removed while its buffer is mapped");
	child = start_child(hold_the_node);
	unmap_buffer();
	ck_assert_msg(unload() == -1 && errno == EWOULDBLOCK,
		      "removed while a child has its buffer mapped");
	kill(child, SIGKILL);
	status_of(child);
	must_unload();
	must_load();
}
END_TEST

/*
 * 15.3: the registers
 */

START_TEST(registers_answer_a_program)
{
	struct uio_device uio = attach();

	assert_registers_answer(uio.registers);
	uio_detach(&uio);
}
END_TEST

/* Every type that is for devices will do: on arm64 UIO takes another one than ioremap(). */
START_TEST(registers_are_mapped_uncached)
{
	struct uio_device uio = attach();
	unsigned int of_registers, of_buffer;

	(void)uio_get(&uio, EDU_ID);
	of_registers = memory_type_at((uintptr_t)uio.registers);
	(void)*lab.map;
	of_buffer = memory_type_at((uintptr_t)lab.map);
	uio_detach(&uio);
	ck_assert_uint_eq(of_buffer, memory_type_at(kernel_page(0).kernel_addr));
	ck_assert_msg(of_registers != of_buffer,
		      "the registers have the memory type of RAM, 0x%x",
		      of_registers);
}
END_TEST

START_TEST(registers_are_claimed_in_the_name_of_the_lab)
{
	struct region region = region_of_bar(&edu, 0);
	int resource = open_file_of(&edu, "resource0");

	region.last = region.first + lab.info.page_size - 1;
	ck_assert_msg(entries_of("/proc/iomem", lab.program->lab, region).hold,
		      "nobody claimed the registers");
	assert_refused(mmap(NULL, lab.info.page_size, READ_WRITE, MAP_SHARED,
			    resource, 0), EINVAL, "claimed registers");
	close(resource);
}
END_TEST

/* A program that has the registers could have the device copy to any place. */
START_TEST(device_is_kept_from_memory)
{
	struct uio_device uio = attach();
	uint16_t command = read_command(&edu);

	uio_detach(&uio);
	ck_assert_msg(!(command & PCI_COMMAND_MASTER),
		      "the device can read and write memory");
}
END_TEST

/*
 * 15.4: the program switches the interrupt
 */

static bool line_is_off(void)
{
	return read_command(&edu) & PCI_COMMAND_INTX_DISABLE;
}

static void switch_to(const struct uio_device *uio, int32_t on)
{
	ck_assert_msg(write(uio->fd, &on, sizeof(on)) == sizeof(on),
		      "%" PRId32 " to the node: %s", on, strerror(errno));
}

START_TEST(program_switches_the_interrupt)
{
	static const int32_t wrong[] = { 2, -1, INT32_MIN, INT32_MAX, 0x100 };
	struct uio_device uio = attach();
	size_t i;

	for (i = 0; i < 2 * sizeof(wrong) / sizeof(*wrong); i++) {
		const int32_t *number = &wrong[i / 2];

		switch_to(&uio, i % 2);
		ck_assert_int_eq(line_is_off(), i % 2 == 0);
		ck_assert_int_eq(write(uio.fd, number, sizeof(*number)), -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(line_is_off(), i % 2 == 0);
	}
	uio_detach(&uio);
}
END_TEST

/*
 * 15.5: an interrupt is a number that is read, and off until it is answered
 */

static void must_wait(const struct uio_device *uio, uint32_t expected)
{
	uint32_t count = 0;
	int err = uio_wait(uio, PATIENCE_MS, &count);

	ck_assert_msg(!err, "no interrupt number %" PRIu32 ": %s", expected,
		      strerror(-err));
	ck_assert_uint_eq(count, expected);
}

START_TEST(each_interrupt_is_read_once)
{
	struct uio_device uio = attach();
	uint32_t before = event(), count, bit;

	for (bit = 0; bit < 32; bit++) {
		uio_set(&uio, EDU_RAISE, 1u << bit);
		must_wait(&uio, before + bit + 1);
		ck_assert_uint_eq(uio_answer(&uio), 1u << bit);
		ck_assert_uint_eq(uio_get(&uio, EDU_REASONS), 0);
	}
	ck_assert_int_eq(uio_wait(&uio, 20, &count), -ETIMEDOUT);
	ck_assert_uint_eq(event(), before + 32);
	uio_detach(&uio);
}
END_TEST

/* The line is that of other devices as well, and their interrupts are not the program's. */
START_TEST(interrupt_of_another_device_is_not_counted)
{
	struct uio_device uio = attach();
	uint32_t before = event(), after;
	int taken = handlers_that_take_anothers_interrupt(&edu);
	bool is_off = line_is_off();

	after = event();
	uio_detach(&uio);
	ck_assert_msg(taken >= 0, "another driver cannot have the line as well");
	ck_assert_msg(!taken && after == before,
		      "the interrupt of another device is taken for this one's");
	ck_assert_msg(!is_off, "the interrupt of another device switches this one off");
}
END_TEST

START_TEST(interrupts_take_four_bytes)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 5, 8 };
	struct uio_device uio = attach();
	uint32_t before = event();
	int32_t words[2] = { 1, 1 };
	size_t i;

	uio_set(&uio, EDU_RAISE, 1);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ck_assert_int_eq(read(uio.fd, words, sizes[i]), -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(write(uio.fd, words, sizes[i]), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	must_wait(&uio, before + 1);
	ck_assert_uint_eq(uio_answer(&uio), 1);
	/* What cannot be told is not lost. */
	uio_set(&uio, EDU_RAISE, 2);
	ck_assert_int_eq(read(uio.fd, (void *)-4096L, 4), -1);
	ck_assert_int_eq(errno, EFAULT);
	must_wait(&uio, before + 2);
	ck_assert_uint_eq(uio_answer(&uio), 2);
	ck_assert_int_eq(write(uio.fd, (void *)-4096L, 4), -1);
	ck_assert_int_eq(errno, EFAULT);
	uio_detach(&uio);
}
END_TEST

static void ignore(int signal)
{
	(void)signal;
}

START_TEST(wait_without_an_interrupt_ends)
{
	struct sigaction no_restart = { .sa_handler = ignore };
	/* Again and again, for the first may come before the wait. */
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval never = { 0 };
	struct uio_device uio = attach();
	int impatient = open_node(O_RDWR | O_NONBLOCK);
	uint32_t count;
	int found;

	ck_assert_int_eq(uio_wait(&uio, 20, &count), -ETIMEDOUT);
	ck_assert_int_eq(read(impatient, &count, sizeof(count)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	sigaction(SIGALRM, &no_restart, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(read(uio.fd, &count, sizeof(count)), -1);
	found = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_eq(found, EINTR);
	close(impatient);
	uio_detach(&uio);
}
END_TEST

static int waited_at;
static uint32_t awaited;

static bool read_one(void)
{
	uint32_t count;

	/* If nothing comes, this ends it. */
	alarm(PATIENCE_MS / 1000);
	if (read(waited_at, &count, sizeof(count)) != sizeof(count))
		return object("read() of the node: %s", strerror(errno));
	return count == awaited ||
	       object("expected %" PRIu32 ", read %" PRIu32, awaited, count);
}

/* A child that sleeps in read(), of a descriptor of its own kind. */
static pid_t start_reader(int fd)
{
	pid_t child;

	waited_at = fd;
	child = start_child(read_one);
	while (!sleeps(child))
		usleep(1000);
	return child;
}

/* Each descriptor has read so far: the number is new for each. */
START_TEST(all_who_wait_are_woken)
{
	struct uio_device uio = attach();
	int others[2] = { open_node(O_RDWR), open_node(O_RDWR) };
	pid_t children[2];
	int i;

	awaited = event() + 1;
	for (i = 0; i < 2; i++)
		children[i] = start_reader(others[i]);
	uio_set(&uio, EDU_RAISE, 1);
	must_wait(&uio, awaited);
	ck_assert_uint_eq(uio_answer(&uio), 1);
	for (i = 0; i < 2; i++) {
		ck_assert_msg(ends_within(children[i], 10),
			      "an interrupt does not wake everybody who reads");
		ck_assert_int_eq(status_of(children[i]), 0);
		close(others[i]);
	}
	uio_detach(&uio);
}
END_TEST

/* Raises some, and sees each come; the descriptor under check reads none of them. */
static void raise_and_answer(const struct uio_device *uio, int times)
{
	uint32_t before = event();
	int i;

	for (i = 0; i < times; i++) {
		uio_set(uio, EDU_RAISE, 1);
		must_wait(uio, before + i + 1);
		ck_assert_uint_eq(uio_answer(uio), 1);
	}
}

START_TEST(missed_interrupts_show_in_the_number)
{
	struct uio_device uio = attach(), late = attach();
	uint32_t before = event(), count;
	int fresh;

	raise_and_answer(&uio, 3);
	must_wait(&late, before + 3);
	ck_assert_int_eq(uio_wait(&late, 0, &count), -ETIMEDOUT);
	/* What came before it was opened is no news. */
	fresh = open_node(O_RDWR | O_NONBLOCK);
	ck_assert_int_eq(read(fresh, &count, sizeof(count)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(fresh);
	uio_detach(&late);
	uio_detach(&uio);
}
END_TEST

START_TEST(interrupt_is_off_until_it_is_answered)
{
	struct uio_device uio = attach();
	uint32_t before = event();

	/* While it is off nobody is told. */
	switch_to(&uio, 0);
	uio_set(&uio, EDU_RAISE, 4);
	ck_assert_uint_eq(event(), before);
	switch_to(&uio, 1);
	must_wait(&uio, before + 1);
	ck_assert_msg(line_is_off(), "it is on before the program has answered");
	/* The next reason is there, and nobody is told. */
	uio_set(&uio, EDU_RAISE, 8);
	ck_assert_uint_eq(event(), before + 1);
	/* Whoever has not answered is told at once. */
	switch_to(&uio, 1);
	must_wait(&uio, before + 2);
	ck_assert(line_is_off());
	ck_assert_uint_eq(uio_get(&uio, EDU_REASONS), 4 | 8);
	ck_assert_uint_eq(uio_answer(&uio), 4 | 8);
	ck_assert(!line_is_off());
	ck_assert_uint_eq(event(), before + 2);
	uio_detach(&uio);
}
END_TEST

/*
 * 15.6: programs end
 */

START_TEST(interrupt_is_on_while_somebody_has_the_node)
{
	int first, second;

	unmap_buffer();
	ck_assert_msg(line_is_off(), "it is on, and nobody is there");
	first = open_node(O_RDWR);
	ck_assert_msg(!line_is_off(), "it is off, and the node is open");
	second = open_node(O_RDWR);
	ck_assert(!line_is_off());
	close(first);
	ck_assert_msg(!line_is_off(), "it is off, and the node is open once more");
	close(second);
	ck_assert_msg(line_is_off(), "it is on, and all have closed the node");
}
END_TEST

/* It leaves the device at work, with an interrupt that nobody has answered. */
static bool leave_it_so(void)
{
	struct uio_device uio = attach();
	uint32_t count;

	uio_set(&uio, EDU_RAISE, 0x20);
	if (uio_wait(&uio, PATIENCE_MS, &count))
		return object("no interrupt");
	uio_set(&uio, EDU_STATUS, EDU_STATUS_INTERRUPT);
	/* Until it is killed. */
	ck_assert_int_eq(read(uio.fd, &count, sizeof(count)), -1);
	return true;
}

/* Sleeps it in read(), behind the first interrupt? */
static bool awaits_its_end(pid_t child, uint32_t before)
{
	int tries;

	for (tries = 0; tries < PATIENCE_MS; tries++) {
		if (event() != before && line_is_off() && sleeps(child))
			return true;
		usleep(1000);
	}
	return false;
}

START_TEST(program_that_dies_leaves_the_device_quiet)
{
	struct uio_device uio;
	uint32_t before = event();
	bool has_left_it_so;
	pid_t child;

	/* Nobody else has the node open. */
	unmap_buffer();
	child = start_child(leave_it_so);
	has_left_it_so = awaits_its_end(child, before);
	kill(child, SIGKILL);
	status_of(child);
	ck_assert_msg(has_left_it_so, "no interrupt came, or it stayed on");
	ck_assert_msg(line_is_off(), "its interrupt is on, and nobody is there");
	uio = attach();
	ck_assert_uint_eq(uio_get(&uio, EDU_REASONS), 0);
	ck_assert_uint_eq(uio_get(&uio, EDU_STATUS) & EDU_STATUS_INTERRUPT, 0);
	ck_assert(!line_is_off());
	raise_and_answer(&uio, 1);
	uio_detach(&uio);
}
END_TEST

/* While one has the node, another one comes and goes. */
START_TEST(another_opener_disturbs_nobody)
{
	struct uio_device uio = attach();
	uint32_t before = event();
	int other;

	uio_set(&uio, EDU_RAISE, 0x40);
	must_wait(&uio, before + 1);
	other = open_node(O_RDWR);
	ck_assert_uint_eq(uio_get(&uio, EDU_REASONS), 0x40);
	ck_assert(line_is_off());
	close(other);
	ck_assert_uint_eq(uio_get(&uio, EDU_REASONS), 0x40);
	ck_assert_uint_eq(uio_answer(&uio), 0x40);
	ck_assert(!line_is_off());
	raise_and_answer(&uio, 1);
	uio_detach(&uio);
}
END_TEST

/*
 * 15.7: devices go
 */

static bool read_until_it_is_gone(void)
{
	uint32_t count;

	return (read(waited_at, &count, sizeof(count)) == -1 && errno == EIO) ||
	       object("read() of a device that has gone: %s", strerror(errno));
}

static void assert_gone(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int32_t word = 1;

	ck_assert_int_eq(read(fd, &word, sizeof(word)), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(write(fd, &word, sizeof(word)), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(poll(&one, 1, PATIENCE_MS), 1);
	ck_assert_msg(one.revents & POLLERR, "poll() says 0x%x", one.revents);
	assert_refused(mmap(NULL, lab.info.page_size, READ_WRITE, MAP_SHARED, fd,
			    offset_of(BUFFER)), EINVAL,
		       "a region of a device that has gone");
}

/*
 * Whoever waits is told; what was mapped by an access stays, and what was not is refused.
 * The buffer is the module's.
 */
START_TEST(device_that_goes_ends_waits_and_no_mapping)
{
	int fd = open_node(O_RDWR);
	volatile uint32_t *map;
	struct uio_device uio;
	char path[64];
	pid_t child;

	needs_pages(2, "one page to touch, and one not to");
	snprintf(path, sizeof(path), "/dev/%s", node_name());
	write_unguarded(lab.map);
	map = map_buffer_of(fd);
	ck_assert_uint_eq(*map, expect_pattern(0));
	untouched = map + lab.page_words;
	waited_at = fd;
	child = start_child(read_until_it_is_gone);
	while (!sleeps(child))
		usleep(1000);
	take_away(&edu);
	if (!ends_within(child, 10))
		kill(child, SIGKILL);
	ck_assert_int_eq(status_of(child), 0);
	ck_assert_msg(access(path, F_OK), "%s is still there", path);
	assert_gone(fd);
	assert_words(lab.map, lab.words, 0, expect_pattern, "a mapping shows");
	assert_killed(touch, SIGBUS, "the first access to a page");
	kernel_checks();
	bring_back(&edu);
	uio = attach();
	raise_and_answer(&uio, 2);
	uio_detach(&uio);
	assert_gone(fd);
	ck_assert_msg(line_is_off(), "it is on, and nobody has the new node open");
	must_unmap(map, lab.info.size);
	close(fd);
}
END_TEST

#define DRIVER "/sys/bus/pci/drivers/lab_uio"

/* The next driver must not find the interrupt of this one. */
START_TEST(device_is_let_go_without_a_reason)
{
	volatile uint32_t *registers;
	struct uio_device uio = attach();
	uint32_t reasons, status;
	const char *name;
	int fd;

	find_device(&edu);
	name = strrchr(edu.path, '/') + 1;
	switch_to(&uio, 0);
	uio_set(&uio, EDU_STATUS, EDU_STATUS_INTERRUPT);
	uio_set(&uio, EDU_RAISE, 0x100000);
	write_file(DRIVER "/unbind", name);
	fd = open_file_of(&edu, "resource0");
	registers = must_map(fd, lab.info.page_size, READ_WRITE, MAP_SHARED, 0);
	close(fd);
	write_command(&edu, read_command(&edu) | PCI_COMMAND_MEMORY);
	reasons = *register_at(registers, EDU_REASONS);
	status = *register_at(registers, EDU_STATUS);
	must_unmap(registers, lab.info.page_size);
	write_file(DRIVER "/bind", name);
	ck_assert_uint_eq(reasons, 0);
	ck_assert_uint_eq(status, 0);
	uio_detach(&uio);
	uio = attach();
	raise_and_answer(&uio, 1);
	uio_detach(&uio);
}
END_TEST

/*
 * 15.8: the same job
 */

static uint32_t compute(const struct uio_device *uio, uint32_t number)
{
	uint32_t factorial = 0;
	int err = uio_factorial(uio, number, PATIENCE_TO_COMPUTE_MS, &factorial);

	ck_assert_msg(!err, "%" PRIu32 "!: %s", number, strerror(-err));
	return factorial;
}

static void assert_factorials(const struct uio_device *uio)
{
	uint32_t number;

	for (number = 0; number <= EDU_MOST_FACTORIAL; number++)
		ck_assert_uint_eq(compute(uio, number), factorials[number]);
}

START_TEST(program_computes_by_interrupt)
{
	struct uio_device uio = attach();
	uint32_t before = event(), factorial;

	assert_factorials(&uio);
	ck_assert_uint_eq(event(), before + EDU_MOST_FACTORIAL + 1);
	ck_assert_int_eq(uio_factorial(&uio, EDU_MOST_FACTORIAL + 1, 0,
				       &factorial), -ERANGE);
	/* An interrupt for another reason, before and meanwhile. */
	uio_set(&uio, EDU_RAISE, 0x80);
	ck_assert_uint_eq(compute(&uio, 6), 720);
	/* It never comes: the wait ends, and the next number is computed. */
	switch_to(&uio, 0);
	uio_set(&uio, EDU_RAISE, 1);
	ck_assert_int_eq(uio_wait(&uio, 20, &factorial), -ETIMEDOUT);
	switch_to(&uio, 1);
	ck_assert_uint_eq(compute(&uio, 7), 5040);
	uio_detach(&uio);
}
END_TEST

START_TEST(driver_in_the_kernel_says_the_same)
{
	uint32_t found[EDU_MOST_FACTORIAL + 1];
	struct edu_factorial asked;
	struct uio_device uio = attach();
	uint32_t number;
	int fd;

	for (number = 0; number <= EDU_MOST_FACTORIAL; number++)
		found[number] = compute(&uio, number);
	uio_detach(&uio);
	close_and_unload();
	fd = load_edu("");
	for (number = 0; number <= EDU_MOST_FACTORIAL; number++) {
		asked.number = number;
		ask_edu(fd, EDU_IOC_FACTORIAL, &asked);
		ck_assert_uint_eq(asked.factorial, found[number]);
	}
	unload_edu(fd);
	must_load();
}
END_TEST

/*
 * uio_pci_generic, which knows nothing of the device
 */

#define GENERIC "uio_pci_generic"
#define GENERIC_DRIVER "/sys/bus/pci/drivers/" GENERIC

static void unload_generic(void)
{
	ck_assert_msg(!syscall(SYS_delete_module, GENERIC, O_NONBLOCK),
		      GENERIC " cannot be removed: %s", strerror(errno));
}

/* It has no list of devices: it is told which ones are for it. */
START_TEST(generic_driver_does_the_same_job)
{
	struct uio_device uio;
	char node[32];
	uint32_t count;

	close_and_unload();
	if (system("modprobe " GENERIC)) {
		must_load();
		skip("this kernel has no " GENERIC);
	}
	write_file(GENERIC_DRIVER "/new_id", "1234 11e8");
	ck_assert_msg(uio_find(GENERIC, node, sizeof(node)), GENERIC
		      " has not taken the device");
	uio = attach_to(node);
	ck_assert_int_ge(uio.config, 0);
	assert_factorials(&uio);
	uio_set(&uio, EDU_RAISE, 4);
	ck_assert_int_eq(uio_wait(&uio, PATIENCE_MS, &count), 0);
	ck_assert(line_is_off());
	ck_assert_uint_eq(uio_answer(&uio), 4);
	ck_assert(!line_is_off());
	uio_detach(&uio);
	unload_generic();
	must_load();
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
	assert_load_refused_beside(&edu, "line=1");
}
END_TEST

#define BUFFER_CHECKS (CAN_UIO | CAN_INFO | CAN_FILL | CAN_CHECK)

static const struct check checks[] = {
	CHECK(regions_are_listed_in_sysfs, CAN_UIO | CAN_INFO),
	CHECK(region_is_mapped_by_its_number, BUFFER_CHECKS),
	CHECK(what_is_no_region_is_not_mapped, CAN_UIO | CAN_INFO),
	CHECK(mapping_needs_the_mode_of_the_node, CAN_UIO | CAN_INFO),
	CHECK(rest_of_a_region_is_a_bus_error, CAN_UIO | CAN_INFO),
	CHECK(all_who_map_the_buffer_see_the_same, BUFFER_CHECKS),
	CHECK(node_of_the_lab_is_not_mapped, CAN_UIO | CAN_INFO),
	THOROUGH_CHECK(module_stays_while_its_regions_are_used, BUFFER_CHECKS),
	CHECK(registers_answer_a_program, CAN_UIO),
	CHECK(registers_are_mapped_uncached, CAN_UIO | CAN_INFO | CAN_PAGE),
	CHECK(registers_are_claimed_in_the_name_of_the_lab, CAN_UIO | CAN_INFO),
	CHECK(device_is_kept_from_memory, CAN_UIO),
	CHECK(program_switches_the_interrupt, CAN_UIO),
	CHECK(each_interrupt_is_read_once, CAN_UIO),
	THOROUGH_CHECK(interrupt_of_another_device_is_not_counted, CAN_UIO),
	CHECK(interrupts_take_four_bytes, CAN_UIO),
	CHECK(wait_without_an_interrupt_ends, CAN_UIO),
	CHECK(all_who_wait_are_woken, CAN_UIO),
	CHECK(missed_interrupts_show_in_the_number, CAN_UIO),
	CHECK(interrupt_is_off_until_it_is_answered, CAN_UIO),
	CHECK(interrupt_is_on_while_somebody_has_the_node, CAN_UIO),
	CHECK(program_that_dies_leaves_the_device_quiet, CAN_UIO),
	CHECK(another_opener_disturbs_nobody, CAN_UIO),
	THOROUGH_CHECK(device_that_goes_ends_waits_and_no_mapping, BUFFER_CHECKS),
	CHECK(device_is_let_go_without_a_reason, CAN_UIO | CAN_INFO),
	CHECK(program_computes_by_interrupt, CAN_UIO),
	THOROUGH_CHECK(driver_in_the_kernel_says_the_same, CAN_UIO),
	THOROUGH_CHECK(generic_driver_does_the_same_job, CAN_UIO),
	THOROUGH_CHECK(load_without_the_device_is_refused, CAN_UIO),
	THOROUGH_CHECK(load_beside_another_driver_is_refused, CAN_UIO),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_uio",
	.mapping = &fault,
	.operations = CAN_LLSEEK | CAN_READ | CAN_WRITE | CAN_INFO | CAN_PAGE |
		      CAN_FILL | CAN_CHECK | CAN_USER_PAGE | CAN_UIO,
	.fresh = expect_zero,
	.map = map_buffer,
	.checks = checks,
};

REGISTER_PROGRAM(program);
