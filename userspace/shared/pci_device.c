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

void have_another_driver(const struct pci_device *device, const char *parameters)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "modprobe another_driver vendor=%s device=%s %s",
		 device->vendor, device->device, parameters);
	ck_assert_msg(!system(command), "%s failed", command);
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

/* Returns the error of a load, or 0; the log must have a line of the lab for an error. */
static int error_of_load(void)
{
	int error = load_with("") ? errno : 0;
	char *said = read_kernel_log();
	bool says_why = strstr(said, lab.program->lab);

	free(said);
	ck_assert_msg(!error || says_why, "the log has no line that says why");
	return error;
}

void assert_load_refused_without(struct pci_device *device)
{
	int error;

	unload_lab();
	take_away(device);
	error = error_of_load();
	bring_back(device);
	ck_assert_msg(error, "loaded without the device");
	ck_assert_int_eq(error, ENODEV);
	must_load();
}

static void assert_refused_beside(const struct pci_device *device,
				  const char *parameters, int expected)
{
	int error;

	have_another_driver(device, parameters);
	error = error_of_load();
	remove_another_driver();
	ck_assert_msg(error, "loaded beside another driver %s", parameters);
	ck_assert_int_eq(error, expected);
	must_load();
}

void assert_load_refused_beside(const struct pci_device *device, const char *parameters)
{
	unload_lab();
	assert_refused_beside(device, parameters, EBUSY);
}

void assert_load_refused_unplaced(struct pci_device *device, int bar)
{
	char parameters[32];

	unload_lab();
	switch_off(device);
	snprintf(parameters, sizeof(parameters), "bar=%d unplaced=1", bar);
	assert_refused_beside(device, parameters, EINVAL);
}
