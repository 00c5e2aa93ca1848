// SPDX-License-Identifier: GPL-2.0
/*
 * The lab's module: loading and unloading it
 *
 * By init_module(), from memory: it can be called a thousand times without
 * another program, and also while somebody has the file open for writing.
 */
#include "module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fixture.h"
#include "parameters.h"

static struct {
	void *bytes;
	size_t size;
	char *parameters; /* "name=value " for each that was given */
} module;

static void append_parameter(const char *name)
{
	char value[64] = "";
	char *longer;

	read_parameter(lab.program->lab, name, value, sizeof(value));
	if (!strcmp(value, "not given"))
		return;
	ck_assert_int_ge(asprintf(&longer, "%s%s=%s ", module.parameters, name,
				  value), 0);
	free(module.parameters);
	module.parameters = longer;
}

static void read_parameters(void)
{
	char directory[128];
	struct dirent *entry;
	DIR *entries;

	snprintf(directory, sizeof(directory), "/sys/module/%s/parameters",
		 lab.program->lab);
	module.parameters = strdup("");
	entries = opendir(directory);
	while (entries && (entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			append_parameter(entry->d_name);
	if (entries)
		closedir(entries);
}

static void read_file(void)
{
	struct utsname name;
	struct stat node;
	char path[256];
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", name.release,
		 lab.program->lab);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &node))
		skip("%s: %s", path, strerror(errno));
	module.size = node.st_size;
	module.bytes = malloc(module.size);
	ck_assert_int_eq(read(fd, module.bytes, module.size), module.size);
	close(fd);
}

void read_module(void)
{
	read_file();
	read_parameters();
}

void must_load(void)
{
	ck_assert_msg(!syscall(SYS_init_module, module.bytes, module.size,
			       module.parameters),
		      "%s cannot be loaded again with \"%s\": %s",
		      lab.program->lab, module.parameters, strerror(errno));
}

int unload(void)
{
	return syscall(SYS_delete_module, lab.program->lab, O_NONBLOCK);
}

void must_unload(void)
{
	ck_assert_msg(!unload(), "%s cannot be removed: %s", lab.program->lab,
		      strerror(errno));
}
