// SPDX-License-Identifier: GPL-2.0
/*
 * The state of the model
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/checks.h"

struct model model;

void model_begin(unsigned long base)
{
	struct statvfs mount;
	uint64_t i;

	ck_assert_int_eq(fstatvfs(lab.fd, &mount), 0);
	model.noexec = mount.f_flag & ST_NOEXEC;
	model.release = kernel_release();
	model.kind = mapping_kind();
	must_ioctl(LAB_IOC_INFO, &model.info, "LAB_IOC_INFO");
	model.page = calloc(model.info.pages, sizeof(*model.page));
	for (i = 0; i < model.info.pages; i++)
		model.page[i] = kernel_page(i);
	model.bytes = malloc(model.info.size);
	ck_assert_int_eq(pread(lab.fd, model.bytes, model.info.size, 0),
			 model.info.size);
	if (can(CAN_RING))
		must_ioctl(LAB_IOC_RING, &model.ring, "LAB_IOC_RING");
	model.base = base;
	model.room = 24 + 6 * model.info.pages;
	model.spot = calloc(model.room, sizeof(*model.spot));
}

void model_unmap_all(void)
{
	memset(model.spot, 0, model.room * sizeof(*model.spot));
}

bool model_since(unsigned int major, unsigned int minor)
{
	return model.release >= major * 0x10000 + minor;
}

bool model_readable(enum descriptor by)
{
	return by == BY_BOTH || by == BY_READER;
}

bool model_writable(enum descriptor by)
{
	return by == BY_BOTH || by == BY_WRITER;
}

struct spot *model_spot(unsigned long addr)
{
	size_t i = (addr - model.base) / page_size();

	return i < model.room ? &model.spot[i] : NULL;
}
