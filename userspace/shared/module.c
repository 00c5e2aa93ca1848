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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "driver.h"
#include "fixture.h"
#include "parameters.h"

/* What init_module() takes: "name=value " for each parameter that was given. */
struct module {
	void *bytes;
	size_t size;
	char *parameters;
};

static struct module module;

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

/* Returns false, and errno, if there is no such module for this kernel. */
static bool read_file(const char *path, struct module *which)
{
	struct stat node;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &node))
		return false;
	which->size = node.st_size;
	which->bytes = malloc(which->size);
	ck_assert_int_eq(read(fd, which->bytes, which->size), which->size);
	close(fd);
	return true;
}

static bool read_ours(const char *name, struct module *which)
{
	struct utsname kernel;
	char path[256];

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", kernel.release,
		 name);
	return read_file(path, which);
}

static void read_driver(void)
{
	if (!driver.file)
		not_for_driver("it is no module");
	ck_assert_msg(read_file(driver.file, &module), "%s: %s", driver.file,
		      strerror(errno));
	module.parameters = strdup(driver.parameters);
}

void read_module(void)
{
	if (is_driver()) {
		read_driver();
		return;
	}
	if (!read_ours(lab.program->lab, &module))
		skip("no module %s: %s", lab.program->lab, strerror(errno));
	read_parameters();
}

/* The kernel takes the last value of a parameter that is given twice. */
int load_with(const char *more)
{
	char *parameters;
	int answer;

	ck_assert_int_ge(asprintf(&parameters, "%s%s", module.parameters, more),
			 0);
	answer = syscall(SYS_init_module, module.bytes, module.size,
			 parameters);
	free(parameters);
	return answer;
}

void must_load_with(const char *more)
{
	int error = load_with(more) ? errno : 0;

	/* Here this check ends, and those behind it need the module. */
	if (error && *more)
		load_with("");
	ck_assert_msg(!error, "%s cannot be loaded with \"%s%s\": %s",
		      lab.program->lab, module.parameters, more,
		      strerror(error));
}

void must_load(void)
{
	must_load_with("");
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

void close_and_unload(void)
{
	read_module();
	close_lab();
	must_unload();
}

uint64_t many_pages(void)
{
	const char *small_with = lab.program->small_with;

	return small_with && is_loaded_with(small_with) ?
		lab.program->most_pages : 513;
}

static void must_reload(const char *more, uint64_t pages)
{
	close_lab();
	must_unload();
	must_load_with(more);
	open_lab();
	ck_assert_msg(lab.info.pages == pages &&
		      lab.info.size == pages * lab.info.page_size,
		      "loaded with \"%s%s\", expected %" PRIu64
		      " pages, LAB_IOC_INFO says %" PRIu64 ", 0x%" PRIx64
		      " bytes", module.parameters, more, pages,
		      (uint64_t)lab.info.pages, (uint64_t)lab.info.size);
}

void must_reload_with_pages(uint64_t pages)
{
	char parameter[32];

	snprintf(parameter, sizeof(parameter), "pages=%" PRIu64, pages);
	must_reload(parameter, pages);
}

void must_reload_without_pages(uint64_t pages)
{
	char *all = module.parameters, *others = strdup(all);
	char *given, *end;

	ck_assert_ptr_nonnull(others);
	given = strstr(others, "pages=");
	if (given) {
		end = strchr(given, ' ');
		ck_assert_ptr_nonnull(end);
		memmove(given, end + 1, strlen(end));
	}
	module.parameters = others;
	must_reload("", pages);
	module.parameters = all;
	free(others);
}

/*
 * Another lab, beside the one under check
 */

/*
 * Mapped by page frame number, as most labs are. Neither may be unfinished in a way that
 * would count against the lab under check: a lab that warns when it is removed has no
 * place here.
 */
static const struct other_lab {
	const char *name;
	const char *parameters;
} other_labs[] = {
	{ "lab_kmalloc", "" },
	{ "lab_vmalloc", "how=page" },
};

const char *load_another(void)
{
	struct module module = { .size = 0 };
	const struct other_lab *other;
	bool loaded;
	size_t i;

	for (i = 0; i < sizeof(other_labs) / sizeof(*other_labs); i++) {
		other = &other_labs[i];
		if (!strcmp(other->name, lab.program->lab) ||
		    !read_ours(other->name, &module))
			continue;
		loaded = !syscall(SYS_init_module, module.bytes, module.size,
				  other->parameters);
		free(module.bytes);
		if (loaded)
			return other->name;
	}
	skip("there is no other lab that can be loaded");
}

void unload_another(const char *name)
{
	ck_assert_msg(!syscall(SYS_delete_module, name, O_NONBLOCK),
		      "%s cannot be removed: %s", name, strerror(errno));
}
