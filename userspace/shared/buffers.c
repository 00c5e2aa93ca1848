// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that a device of the kernel makes
 */
#include "buffers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks.h"
#include "driver.h"

/* What was opened on the way goes, and the error stays. */
static int keep(int result, int on_the_way)
{
	int error = errno;

	close(on_the_way);
	errno = error;
	return result;
}

static int ask(const char *path, unsigned long request, void *argument)
{
	int node = open(path, O_RDWR | O_CLOEXEC);

	return node < 0 ? -1 : keep(ioctl(node, request, argument), node);
}

/* The size of a memfd that others have the pages of must stay. */
int pages_of_a_memfd(int mode)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC, .size = driver_info().size,
	};
	int pages;

	if ((mode & O_ACCMODE) != O_RDWR)
		not_for_driver("its descriptors are for reading and writing");
	pages = memfd_create("pages", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (pages < 0)
		return -1;
	if (ftruncate(pages, (off_t)create.size) ||
	    fcntl(pages, F_ADD_SEALS, F_SEAL_SHRINK))
		return keep(-1, pages);
	create.memfd = (uint32_t)pages;
	return keep(ask(lab.path, UDMABUF_CREATE, &create), pages);
}

int memory_of_a_heap(int mode)
{
	struct dma_heap_allocation_data wanted = {
		.len = driver_info().size,
		.fd_flags = (uint32_t)(mode & O_ACCMODE) | O_CLOEXEC,
	};

	return ask(lab.path, DMA_HEAP_IOCTL_ALLOC, &wanted) ? -1 : (int)wanted.fd;
}
