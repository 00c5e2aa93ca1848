// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI device, as sysfs shows it
 */
#include "pci_device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checks.h"
#include "kernel_log.h"

#define DEVICES "/sys/bus/pci/devices"

static bool file_says(const char *directory, const char *file,
		      const char *expected)
{
	char path[400], word[64] = "";
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	stream = fopen(path, "r");
	if (!stream)
		return false;
	if (fscanf(stream, "%63s", word) != 1)
		word[0] = 0;
	fclose(stream);
	return !strcmp(word, expected);
}

bool device_is_there(struct pci_device *device)
{
	DIR *directory = opendir(DEVICES);
	struct dirent *entry;
	bool found = false;

	ck_assert_msg(directory, DEVICES ": %s", strerror(errno));
	while (!found && (entry = readdir(directory))) {
		snprintf(device->path, sizeof(device->path), DEVICES "/%s",
			 entry->d_name);
		found = file_says(device->path, "vendor", device->vendor) &&
			file_says(device->path, "device", device->device);
	}
	closedir(directory);
	return found;
}

void find_device(struct pci_device *device)
{
	ck_assert_msg(device_is_there(device), "no device %s:%s in " DEVICES,
		      device->vendor, device->device);
}

int open_file_of(struct pci_device *device, const char *name)
{
	char path[400];
	int fd;

	find_device(device);
	snprintf(path, sizeof(path), "%s/%s", device->path, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

/* The file has a line for each BAR: its first and its last address, and its kind. */
struct region region_of_bar(struct pci_device *device, int bar)
{
	struct region region = { 0, 0 };
	char path[400];
	FILE *file;
	int line;

	find_device(device);
	snprintf(path, sizeof(path), "%s/resource", device->path);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	for (line = 0; line <= bar; line++)
		ck_assert_int_eq(fscanf(file, "%" SCNx64 " %" SCNx64 " %*x",
					&region.first, &region.last), 2);
	fclose(file);
	return region;
}

uint16_t read_command(struct pci_device *device)
{
	int fd = open_file_of(device, "config");
	uint16_t command;

	ck_assert_int_eq(pread(fd, &command, sizeof(command), PCI_COMMAND),
			 sizeof(command));
	close(fd);
	return command;
}

void write_command(struct pci_device *device, uint16_t command)
{
	int fd = open_file_of(device, "config");

	ck_assert_int_eq(pwrite(fd, &command, sizeof(command), PCI_COMMAND),
			 sizeof(command));
	close(fd);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_msg(write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		      "%s: %s", path, strerror(errno));
	close(fd);
}

void take_away(struct pci_device *device)
{
	char path[400];

	find_device(device);
	snprintf(path, sizeof(path), "%s/remove", device->path);
	write_file(path, "1");
	ck_assert(!device_is_there(device));
}

void bring_back(struct pci_device *device)
{
	write_file("/sys/bus/pci/rescan", "1");
	find_device(device);
}

static void read_parameter_of_another_driver(const char *name, char *text, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/another_driver/parameters/%s", name);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, size, file));
	fclose(file);
}

static bool another_driver_loads(const struct pci_device *device, const char *parameters)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "modprobe another_driver vendor=%s device=%s %s 2>/dev/null",
		 device->vendor, device->device, parameters);
	return !system(command);
}

void have_another_driver(const struct pci_device *device, const char *parameters)
{
	ck_assert_msg(another_driver_loads(device, parameters),
		      "another_driver %s cannot be loaded", parameters);
}

int handlers_that_take_anothers_interrupt(const struct pci_device *device)
{
	char text[32];

	if (!another_driver_loads(device, "line=1 shared=1"))
		return -1;
	read_parameter_of_another_driver("answered", text, sizeof(text));
	remove_another_driver();
	return (int)strtoul(text, NULL, 0);
}

void remove_another_driver(void)
{
	ck_assert_msg(!syscall(SYS_delete_module, "another_driver", O_NONBLOCK),
		      "another_driver cannot be removed: %s", strerror(errno));
}

void switch_off(struct pci_device *device)
{
	char path[400];

	find_device(device);
	snprintf(path, sizeof(path), "%s/enable", device->path);
	while (!file_says(device->path, "enable", "0"))
		write_file(path, "0");
}

static void unload_lab(void)
{
	close_and_unload();
	skip_kernel_log();
}

/*
 * What became of a load. It is asserted when all is as it was before: who asserts ends the
 * check, and the next one needs the module, and the device.
 */
struct load {
	int error;
	bool says_why;
	bool keeps_device;
};

/* The log has a line of the lab's, and one with these words. */
static struct load try_to_load_for(const char *words)
{
	struct load load = { .error = load_with("") ? errno : 0 };
	char *said = read_kernel_log();

	load.says_why = strstr(said, lab.program->lab) && strstr(said, words);
	free(said);
	if (!load.error)
		must_unload();
	return load;
}

static struct load try_to_load(void)
{
	return try_to_load_for("");
}

static void assert_load_refused(struct load load, int expected, const char *when)
{
	must_load();
	ck_assert_msg(load.error, "loaded %s", when);
	ck_assert_msg(load.error == expected, "load %s: expected %s, found %s", when,
		      strerrorname_np(expected), strerrorname_np(load.error));
	ck_assert_msg(load.says_why, "load %s: the log has no line that says why", when);
	ck_assert_msg(!load.keeps_device,
		      "load %s: it was refused, and has not let go of the device", when);
}

void assert_load_refused_without(struct pci_device *device)
{
	struct load load;

	unload_lab();
	take_away(device);
	load = try_to_load();
	bring_back(device);
	assert_load_refused(load, ENODEV, "without the device");
}

/*
 * Loads the lab, or tries to, beside another driver. If that has changed a BAR, a line of the
 * log must name it. Afterwards the lab is not loaded, and has to have let go of the device.
 */
static struct load try_to_load_beside(const struct pci_device *device,
				      const char *parameters)
{
	bool is_another_bar = strstr(parameters, "size=") && strstr(parameters, "bar=");
	char before[32], after[32];
	struct load load;

	have_another_driver(device, parameters);
	read_parameter_of_another_driver("uses", before, sizeof(before));
	load = try_to_load_for(is_another_bar || strstr(parameters, "kind=") ? " BAR " : "");
	read_parameter_of_another_driver("uses", after, sizeof(after));
	load.keeps_device = strcmp(before, after);
	remove_another_driver();
	return load;
}

static void assert_refused_beside(const struct pci_device *device,
				  const char *parameters, int expected)
{
	struct load load = try_to_load_beside(device, parameters);
	char when[128];

	snprintf(when, sizeof(when), "beside another driver %s", parameters);
	assert_load_refused(load, expected, when);
}

void assert_load_refused_beside(const struct pci_device *device, const char *parameters)
{
	unload_lab();
	assert_refused_beside(device, parameters, EBUSY);
}

void assert_load_refused_as(struct pci_device *device, const char *parameters, int expected)
{
	unload_lab();
	switch_off(device);
	assert_refused_beside(device, parameters, expected);
}

void assert_load_accepted_as(struct pci_device *device, const char *parameters)
{
	struct load load;

	unload_lab();
	switch_off(device);
	load = try_to_load_beside(device, parameters);
	must_load();
	ck_assert_msg(!load.error, "not loaded beside another driver %s: %s", parameters,
		      strerrorname_np(load.error));
	ck_assert_msg(!load.keeps_device,
		      "loaded beside another driver %s, and unloaded: it has not let go of the device",
		      parameters);
}

/*
 * By which name ioremap() is in the kernel depends on the architecture and the series. On arm64
 * it is an inline function: what is in the kernel by that name nobody calls from a module.
 */
bool have_no_ioremap(void)
{
#ifdef __aarch64__
	static const char *const names[] = { "__ioremap_prot", "ioremap_prot" };
#else
	static const char *const names[] = { "ioremap" };
#endif
	char command[80];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(command, sizeof(command),
			 "modprobe failing_call function=%s 2>/dev/null", names[i]);
		if (!system(command))
			return true;
	}
	return false;
}

void have_ioremap_again(void)
{
	ck_assert_msg(!syscall(SYS_delete_module, "failing_call", O_NONBLOCK),
		      "failing_call cannot be removed: %s", strerror(errno));
}

void assert_load_refused_without_ioremap(void)
{
	struct load load;

	unload_lab();
	if (!have_no_ioremap()) {
		must_load();
		skip("this kernel cannot make ioremap() fail");
	}
	load = try_to_load();
	have_ioremap_again();
	assert_load_refused(load, ENOMEM, "when ioremap() fails");
}

void assert_load_refused_beside_its_node(void)
{
	static const struct pci_device nothing = { .vendor = "1", .device = "1" };
	char parameters[64];

	unload_lab();
	snprintf(parameters, sizeof(parameters), "node=%s", lab.program->lab);
	assert_refused_beside(&nothing, parameters, EEXIST);
}

void assert_load_refused_of_platform(struct pci_device *device, const char *parameters)
{
	static const struct pci_device nothing = { .vendor = "1", .device = "1" };
	struct load load;

	unload_lab();
	take_away(device);
	load = try_to_load_beside(&nothing, parameters);
	bring_back(device);
	assert_load_refused(load, ENODEV, parameters);
}

void assert_load_refused_unplaced(struct pci_device *device, int bar)
{
	char parameters[32];

	snprintf(parameters, sizeof(parameters), "bar=%d unplaced=1", bar);
	assert_load_refused_as(device, parameters, EINVAL);
}
