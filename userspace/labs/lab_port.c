// SPDX-License-Identifier: GPL-2.0
/*
 * lab_port: a device behind ports and behind memory, for its driver and for programs
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "races/racer.h"
#include "races/races.h"
#include "shared/checks.h"
#include "shared/children.h"
#include "shared/kernel_log.h"
#include "shared/pci_device.h"
#include "shared/ports.h"
#include "shared/refusals.h"
#include "shared/seconds.h"
#include "shared/waiting.h"
#include "shared/witness.h"

#include "testdev.h"

static struct pci_device testdev = { .vendor = "0x1b36", .device = "0x0005" };

/* Behind which BAR the lab uses it. */
static int bar_in_use(void)
{
	return is_loaded_with("bar=0") ? TESTDEV_MEMORY : TESTDEV_PORTS;
}

/*
 * The lab's request
 */

static int ask(uint32_t begin, uint32_t writes, struct lab_port *port)
{
	memset(port, 0x55, sizeof(*port));
	port->begin = begin;
	port->writes = writes;
	return ioctl(lab.fd, LAB_IOC_PORT, port) ? -errno : 0;
}

static struct lab_port must_ask(uint32_t begin, uint32_t writes)
{
	struct lab_port port;
	int err = ask(begin, writes, &port);

	ck_assert_msg(!err, "LAB_IOC_PORT: %s", strerror(-err));
	return port;
}

/*
 * The registers as a program has them: through the file of the port BAR, or by
 * instructions of the processor
 */

static int file_of_ports;

static uint8_t get_by_file(unsigned int offset)
{
	uint8_t value;

	ck_assert_int_eq(pread(file_of_ports, &value, 1, offset), 1);
	return value;
}

static void put_by_file(uint8_t value, unsigned int offset)
{
	ck_assert_int_eq(pwrite(file_of_ports, &value, 1, offset), 1);
}

static uint16_t first_port;

static uint8_t get_by_instruction(unsigned int offset)
{
	return inb((uint16_t)(first_port + offset));
}

static void put_by_instruction(uint8_t value, unsigned int offset)
{
	outb(value, (uint16_t)(first_port + offset));
}

struct way {
	const char *name;
	uint8_t (*get)(unsigned int offset);
	void (*put)(uint8_t value, unsigned int offset);
};

static const struct way by_file = { "resource1", get_by_file, put_by_file };
static const struct way by_instruction = {
	"inb() and outb()", get_by_instruction, put_by_instruction,
};

static void open_ports(void)
{
	struct region ports = region_of_bar(&testdev, TESTDEV_PORTS);

	file_of_ports = open_file_of(&testdev, "resource1");
	first_port = (uint16_t)ports.first;
	if (HAVE_PORTS)
		ck_assert_msg(!ioperm(ports.first,
				      ports.last - ports.first + 1, 1),
			      "ioperm: %s", strerror(errno));
}

/* The lowest byte comes first. */
static uint32_t get_word(const struct way *way, unsigned int offset)
{
	uint32_t word = 0;
	unsigned int i;

	for (i = 0; i < sizeof(word); i++)
		word |= (uint32_t)way->get(offset + i) << 8 * i;
	return word;
}

/*
 * 13.1: one device, whichever way it is reached
 */

static void assert_seen(const struct way *way, const struct lab_port *port)
{
	unsigned int i;

	ck_assert_msg(get_word(way, TESTDEV_COUNT) == port->count,
		      "by %s the device has counted %" PRIu32 ", the driver says %" PRIu32,
		      way->name, get_word(way, TESTDEV_COUNT), port->count);
	ck_assert_uint_eq(get_word(way, TESTDEV_OFFSET), port->offset);
	ck_assert_uint_eq(get_word(way, TESTDEV_DATA), port->data);
	ck_assert_uint_eq(way->get(TESTDEV_WIDTH), port->width);
	for (i = 0; i < TESTDEV_NAME_SIZE; i++)
		ck_assert_uint_eq(way->get(TESTDEV_NAME + i), port->name[i]);
}

static const uint32_t numbers_of_writes[] = { 0, 1, 2, 7, 100, LAB_PORT_MOST };

START_TEST(device_counts_each_write_of_the_driver)
{
	const char *name = bar_in_use() == TESTDEV_PORTS ?
		"portio-no-eventfd" : "mmio-no-eventfd";
	struct lab_port port;
	uint32_t sum = 0;
	size_t i;

	open_ports();
	for (i = 0; i < sizeof(numbers_of_writes) / sizeof(uint32_t); i++) {
		port = must_ask(1, numbers_of_writes[i]);
		ck_assert_uint_eq(port.count, numbers_of_writes[i]);
		ck_assert_str_eq((const char *)port.name, name);
		assert_seen(&by_file, &port);
	}
	must_ask(1, 0);
	for (i = 0; i < sizeof(numbers_of_writes) / sizeof(uint32_t); i++) {
		sum += numbers_of_writes[i];
		port = must_ask(0, numbers_of_writes[i]);
		ck_assert_uint_eq(port.count, sum);
	}
}
END_TEST

/* The program begins the test of the ports; each side writes, and each sees both. */
static void assert_counted_together(const struct way *way)
{
	uint32_t own, i;
	struct lab_port port;

	way->put(TESTDEV_PLAIN, TESTDEV_TEST);
	for (own = 1; own < 6; own++) {
		way->put((uint8_t)get_word(way, TESTDEV_DATA),
			 get_word(way, TESTDEV_OFFSET));
		port = must_ask(0, 10);
		ck_assert_msg(port.count == 11 * own,
			      "%" PRIu32 " writes by %s and %" PRIu32
			      " of the driver: it says that the device has counted %" PRIu32,
			      own, way->name, 10 * own, port.count);
		assert_seen(way, &port);
	}
	/* Another byte, or another place, does not count. */
	for (i = 0; i < 256; i++)
		if (i != port.data)
			way->put((uint8_t)i, port.offset);
	way->put((uint8_t)port.data, port.offset + 1);
	ck_assert_uint_eq(must_ask(0, 0).count, port.count);
}

START_TEST(writes_of_driver_and_program_are_counted_together)
{
	open_ports();
	assert_counted_together(&by_file);
	if (HAVE_PORTS)
		assert_counted_together(&by_instruction);
}
END_TEST

static void *map_memory(void)
{
	int fd = open_file_of(&testdev, "resource0");
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), READ_WRITE,
			  MAP_SHARED, fd, 0);

	close(fd);
	return page;
}

/* What is begun through memory is read through ports. */
static void begin_through_memory(void)
{
	volatile uint8_t *memory = map_memory();
	unsigned int i;

	ck_assert_msg(memory != MAP_FAILED, "resource0: %s", strerror(errno));
	memory[TESTDEV_TEST] = TESTDEV_PLAIN;
	for (i = 0; i < 5; i++)
		memory[get_word(&by_file, TESTDEV_OFFSET)] =
			by_file.get(TESTDEV_DATA);
	must_unmap(memory, (size_t)sysconf(_SC_PAGESIZE));
}

START_TEST(memory_and_ports_lead_to_one_device)
{
	struct region ports = region_of_bar(&testdev, TESTDEV_PORTS);

	open_ports();
	if (bar_in_use() == TESTDEV_MEMORY)
		must_ask(1, 5); /* no program maps memory that is claimed */
	else
		begin_through_memory();
	ck_assert_uint_eq(by_file.get(TESTDEV_NAME), 'm');
	ck_assert_uint_gt(get_word(&by_file, TESTDEV_OFFSET),
			  ports.last - ports.first);
	ck_assert_uint_eq(get_word(&by_file, TESTDEV_COUNT), 5);
}
END_TEST

/* The host chooses how many, and asks the device itself. */
START_TEST(machine_counts_the_same_writes)
{
	struct port_box *box = calloc(1, sizeof(*box));

	if (!settings.witness)
		skip("nobody looks at this machine from outside");
	ck_assert_ptr_nonnull(box);
	box->magic = WITNESS_MAGIC;
	wait_for_host("port ", box, &box->state);
	box->count = must_ask(1, (uint32_t)box->writes).count;
	wait_for_host("port ", box, &box->state);
	free(box);
}
END_TEST

/*
 * 13.2: whose they are, and who may
 */

static void assert_claims_in(const char *list, int bar, int expected)
{
	struct entries claims = entries_of(list, "lab_port",
					   region_of_bar(&testdev, bar));

	ck_assert_int_eq(claims.count, expected);
	ck_assert_int_eq(claims.exact, expected);
}

static void assert_claims(int of_ports, int of_memory)
{
	assert_claims_in("/proc/ioports", TESTDEV_PORTS, of_ports);
	assert_claims_in("/proc/iomem", TESTDEV_MEMORY, of_memory);
}

START_TEST(only_the_bar_in_use_is_claimed)
{
	bool ports = bar_in_use() == TESTDEV_PORTS;

	assert_claims(ports, !ports);
	close_and_unload();
	assert_claims(0, 0);
	must_load();
	assert_claims(ports, !ports);
}
END_TEST

/* The kernel guards memory that is claimed against root, and leaves ports to root. */
START_TEST(claim_keeps_programs_from_memory_and_not_from_ports)
{
	void *page = map_memory();

	if (bar_in_use() == TESTDEV_MEMORY)
		assert_refused(page, EINVAL, "memory that is claimed");
	else
		ck_assert_msg(page != MAP_FAILED, "memory that nobody has claimed: %s",
			      strerror(errno));
	must_ask(1, 3);
	open_ports();
	ck_assert_uint_eq(get_word(&by_file, TESTDEV_COUNT), 3);
	if (HAVE_PORTS)
		ck_assert_uint_eq(get_word(&by_instruction, TESTDEV_COUNT), 3);
}
END_TEST

static bool become_nobody(void)
{
	const uid_t nobody = 65534;

	return !setresgid(nobody, nobody, nobody) &&
	       !setresuid(nobody, nobody, nobody);
}

static bool is_refused_as_nobody(void)
{
	bool refused = true;
	char path[400];

	snprintf(path, sizeof(path), "%s/resource1", testdev.path);
	if (!become_nobody())
		return false;
	if (ioperm(first_port, 1, 1) == 0 ||
	    errno != (HAVE_PORTS ? EPERM : EOPNOTSUPP))
		refused = false;
#ifdef SYS_iopl
	if (syscall(SYS_iopl, 3) == 0 || errno != EPERM)
		refused = false;
#endif
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		refused = false;
	return refused;
}

START_TEST(ports_need_a_privilege)
{
	first_port = (uint16_t)region_of_bar(&testdev, TESTDEV_PORTS).first;
	ck_assert_msg(run_in_child(is_refused_as_nobody),
		      "a process without privileges reaches ports");
}
END_TEST

static unsigned int port_to_try;

static bool use_port(void)
{
	return get_by_instruction(port_to_try) || true;
}

START_TEST(ioperm_opens_the_ports_asked_for_and_no_others)
{
	struct region ports = region_of_bar(&testdev, TESTDEV_PORTS);
	unsigned int last = (unsigned int)(ports.last - ports.first);

	if (!HAVE_PORTS)
		skip("this processor has no instructions for ports");
	first_port = (uint16_t)ports.first;
	/* A check before this one may have asked for them. */
	ck_assert_int_eq(ioperm(first_port, last + 1, 0), 0);
	port_to_try = 0;
	assert_killed(use_port, SIGSEGV, "a port without ioperm()");
	ck_assert_int_eq(ioperm(first_port, last, 1), 0);
	for (port_to_try = 0; port_to_try < last; port_to_try += last - 1)
		ck_assert(run_in_child(use_port));
	port_to_try = last;
	assert_killed(use_port, SIGSEGV, "the port behind those of ioperm()");
	ck_assert_int_eq(ioperm(first_port, last, 0), 0);
	port_to_try = 0;
	assert_killed(use_port, SIGSEGV, "a port that was given back");
}
END_TEST

/*
 * 13.3: a device that is silent, or gone
 */

/* Whether the device answers to ports and to memory. */
static void set_answers(bool on)
{
	const uint16_t answers = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
	uint16_t command = read_command(&testdev);

	write_command(&testdev, on ? command | answers : command & ~answers);
}

START_TEST(silent_device_is_noticed)
{
	struct lab_port port;
	int begun, going_on;

	ck_assert_uint_eq(must_ask(1, 5).count, 5);
	set_answers(false);
	begun = ask(1, 5, &port);
	going_on = ask(0, 5, &port);
	set_answers(true);
	ck_assert_int_eq(begun, -EIO);
	ck_assert_int_eq(going_on, -EIO);
	/* What nobody has answered is not told. */
	ck_assert_uint_eq(port.width, 0x55555555);
	ck_assert_uint_eq(port.data, 0x55555555);
	ck_assert_uint_eq(must_ask(0, 1).count, 6);
}
END_TEST

START_TEST(driver_has_the_device_answer)
{
	close_and_unload();
	set_answers(false);
	must_load();
	open_lab();
	ck_assert_uint_eq(must_ask(1, 5).count, 5);
}
END_TEST

START_TEST(device_that_was_taken_away_is_noticed)
{
	struct lab_port port;
	int found, begun;
	char path[400];

	find_device(&testdev);
	snprintf(path, sizeof(path), "%s/remove", testdev.path);
	write_file(path, "1");
	begun = ask(1, 1, &port);
	found = access(lab.path, F_OK);
	write_file("/sys/bus/pci/rescan", "1");
	ck_assert_int_eq(begun, -ENODEV);
	ck_assert_msg(found, "%s is still there, without the device", lab.path);
	ck_assert_msg(!access(lab.path, F_OK), "no %s for a device that has come",
		      lab.path);
	ck_assert_uint_eq(must_ask(1, 4).count, 4);
}
END_TEST

/*
 * 7.3 and 7.6: loads that are refused
 */

static const struct refusal wrong_loads[] = {
	REFUSAL("bar=2", ENODEV), /* not there */
	REFUSAL("bar=5", ENODEV),
	REFUSAL("bar=6", ENODEV), /* the ROM is none */
	REFUSAL("bar=-1", ENODEV),
	REFUSAL("bar=2147483647", ENODEV), /* far from all that can be read */
	REFUSAL("bar=-2147483648", ENODEV),
	REFUSAL("bar=two", EINVAL),
	REFUSAL("bar=18446744073709551617", EINVAL),
	REFUSAL("numbers=3", EINVAL),
	REFUSAL("bar=0 numbers=1", ENODEV), /* memory has no number of a port */
	REFUSAL("bytes=1", EINVAL),
	REFUSAL("bytes=47", EINVAL), /* one less than the registers need */
	REFUSAL("bytes=4097", EINVAL), /* more than either BAR has */
	REFUSAL("bytes=4294967295", EINVAL),
	REFUSAL("bar=1 bytes=131", EIO), /* the last that it wants is byte 131 */
	REFUSAL("numbers=1 bar=1 bytes=131", EIO),
	REFUSAL("numbers=0 bar=0 bytes=2048", EIO),
	{ .parameters = NULL },
};

START_TEST(load_of_a_wrong_bar_is_refused)
{
	assert_refusals(wrong_loads);
	must_unload();
	assert_claims(0, 0);
	must_load();
}
END_TEST

/* All that the device wants lies within these. */
START_TEST(part_of_a_bar_is_enough)
{
	bool ports = bar_in_use() == TESTDEV_PORTS;

	close_and_unload();
	must_load_with(ports ? "bytes=132" : "bytes=2049");
	open_lab();
	ck_assert_uint_eq(must_ask(1, 5).count, 5);
	close_lab();
	must_unload();
	must_load();
}
END_TEST

START_TEST(load_without_the_device_is_refused)
{
	assert_load_refused_without(&testdev);
}
END_TEST

START_TEST(load_beside_another_driver_is_refused)
{
	bool ports = bar_in_use() == TESTDEV_PORTS;

	assert_load_refused_beside(&testdev, "");
	assert_load_refused_beside(&testdev, ports ? "bar=1" : "bar=0");
}
END_TEST

START_TEST(load_beside_a_driver_of_its_name_is_refused)
{
	static const struct pci_device nothing = { .vendor = "1", .device = "1" };

	assert_load_refused_beside(&nothing, "name=lab_port");
}
END_TEST

START_TEST(device_that_cannot_be_switched_on_is_refused)
{
	assert_load_refused_unplaced(&testdev, bar_in_use());
}
END_TEST

/* It lacks a byte of what the registers need. */
START_TEST(device_with_another_bar_is_refused)
{
	bool ports = bar_in_use() == TESTDEV_PORTS;

	assert_load_refused_as(&testdev, ports ? "bar=1 size=47" : "bar=0 size=47", EINVAL);
}
END_TEST

START_TEST(load_without_a_mapping_is_refused)
{
	if (bar_in_use() == TESTDEV_PORTS)
		skip("ports are not mapped");
	assert_load_refused_without_ioremap();
}
END_TEST

START_TEST(load_beside_a_node_of_its_name_is_refused)
{
	assert_load_refused_beside_its_node();
}
END_TEST

START_TEST(claim_of_the_other_bar_is_no_obstacle)
{
	bool ports = bar_in_use() == TESTDEV_PORTS;

	close_and_unload();
	have_another_driver(&testdev, ports ? "bar=0" : "bar=1");
	must_load();
	open_lab();
	ck_assert_uint_eq(must_ask(1, 5).count, 5);
	close_lab();
	remove_another_driver();
}
END_TEST

/*
 * 3.6 and 9.2: arguments, and two callers
 */

START_TEST(port_request_is_checked)
{
	static const struct lab_port half = { .begin = 1, .writes = 3 };
	struct lab_port port, *answer;

	ck_assert_uint_eq(must_ask(1, 5).count, 5);
	ck_assert_int_eq(ask(0, LAB_PORT_MOST + 1, &port), -EINVAL);
	ck_assert_int_eq(ask(0, UINT32_MAX, &port), -EINVAL);
	ck_assert_int_eq(ask(2, 1, &port), -EINVAL);
	assert_bad_pointers_refused(LAB_IOC_PORT);
	/* Half of a request is none, even if all that the device would need is there. */
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PORT,
			       before_a_hole(&half, offsetof(struct lab_port, count))), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_uint_eq(must_ask(0, 0).count, 5);

	/* Memory that holds a request, and takes no answer. */
	answer = must_map(-1, sizeof(*answer), READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	ck_assert_int_eq(mprotect(answer, sizeof(*answer), PROT_READ), 0);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PORT, answer), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

static bool count_alone(void)
{
	struct lab_port port;
	int err = ask(1, 100, &port);

	return (!err && port.count == 100) ||
	       object("100 writes of a request that begins: error %d, count %" PRIu32,
		      err, port.count);
}

START_TEST(two_counts_at_a_time_are_not_mixed)
{
	static const struct call counting = {
		.name = "LAB_IOC_PORT", .make = count_alone,
	};

	need_two_processors();
	race_calls(&counting, &counting, RACER_PROCESS, 300);
}
END_TEST

/*
 * Who waits for another program's request can be interrupted. A waiter does not sleep as long
 * as nobody else wants its processor, for the other may be about to end: so somebody does.
 */

static void stay_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	ck_assert_msg(!sched_setaffinity(0, sizeof(set), &set), "processor %d: %s",
		      processor, strerror(errno));
}

static bool want_our_processor(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(0);
	for (;;)
		;
	return false;
}

static bool count_for_ever(void)
{
	struct lab_port port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(1);
	while (!ask(1, LAB_PORT_MOST, &port) && port.count == LAB_PORT_MOST)
		;
	return false;
}

static void ignore(int signal)
{
	(void)signal;
}

/* Seconds in which a signal must end a wait, also on a host that is busy. */
#define PATIENCE 20

static bool is_interrupted(void)
{
	time_t end = monotonic_seconds() + PATIENCE;
	struct sigaction no_restart = { .sa_handler = ignore };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct itimerval never = { 0 };
	struct lab_port port;
	int err = 0;

	sigaction(SIGALRM, &no_restart, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (!err && monotonic_seconds() < end)
		err = ask(1, 100, &port);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_msg(!err || err == -EINTR, "LAB_IOC_PORT: %s", strerror(-err));
	return err;
}

START_TEST(signal_ends_the_wait_for_another_count)
{
	pid_t counter, other;
	cpu_set_t all;
	bool ended;

	need_two_processors();
	ck_assert(!sched_getaffinity(0, sizeof(all), &all));
	counter = start_child(count_for_ever);
	other = start_child(want_our_processor);
	stay_on(0);
	ended = is_interrupted();
	kill(counter, SIGKILL);
	kill(other, SIGKILL);
	status_of(counter);
	status_of(other);
	ck_assert(!sched_setaffinity(0, sizeof(all), &all));
	ck_assert_msg(ended, "no signal ended a wait for another request");
}
END_TEST

static const struct check checks[] = {
	CHECK(device_counts_each_write_of_the_driver, CAN_PORT),
	CHECK(writes_of_driver_and_program_are_counted_together, CAN_PORT),
	CHECK(memory_and_ports_lead_to_one_device, CAN_PORT),
	CHECK(machine_counts_the_same_writes, CAN_PORT),
	CHECK(only_the_bar_in_use_is_claimed, CAN_PORT),
	CHECK(claim_keeps_programs_from_memory_and_not_from_ports, CAN_PORT),
	CHECK(ports_need_a_privilege, CAN_PORT),
	CHECK(ioperm_opens_the_ports_asked_for_and_no_others, CAN_PORT),
	CHECK(silent_device_is_noticed, CAN_PORT),
	THOROUGH_CHECK(driver_has_the_device_answer, CAN_PORT),
	THOROUGH_CHECK(device_that_was_taken_away_is_noticed, CAN_PORT),
	THOROUGH_CHECK(load_of_a_wrong_bar_is_refused, CAN_PORT),
	THOROUGH_CHECK(part_of_a_bar_is_enough, CAN_PORT),
	THOROUGH_CHECK(load_without_the_device_is_refused, CAN_PORT),
	THOROUGH_CHECK(load_beside_another_driver_is_refused, CAN_PORT),
	THOROUGH_CHECK(load_beside_a_driver_of_its_name_is_refused, CAN_PORT),
	THOROUGH_CHECK(device_that_cannot_be_switched_on_is_refused, CAN_PORT),
	THOROUGH_CHECK(device_with_another_bar_is_refused, CAN_PORT),
	THOROUGH_CHECK(load_without_a_mapping_is_refused, CAN_PORT),
	THOROUGH_CHECK(load_beside_a_node_of_its_name_is_refused, CAN_PORT),
	THOROUGH_CHECK(claim_of_the_other_bar_is_no_obstacle, CAN_PORT),
	CHECK(port_request_is_checked, CAN_PORT),
	RACE_CHECK(two_counts_at_a_time_are_not_mixed, CAN_PORT),
	RACE_CHECK(signal_ends_the_wait_for_another_count, CAN_PORT),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_port",
	.mapping = &no_mapping,
	.operations = CAN_PORT,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
