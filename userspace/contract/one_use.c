// SPDX-License-Identifier: GPL-2.0
/*
 * All that a program can do with a lab, each thing once
 *
 * What is left behind is left by one of these, and often by one that fails, or by the
 * unmapping of a part.
 */
#include "one_use.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shared/checks.h"

static void make_request(const struct request *request)
{
	union {
		uint64_t words[16];
		struct lab_export export;
	} argument = { .words = { 0 } };

	if (request->number == LAB_IOC_USER_PAGE)
		argument.words[0] = (uintptr_t)lab.map;
	must_ioctl(request->number, &argument, request->name);
	if (request->number == LAB_IOC_EXPORT)
		close(argument.export.fd);
}

static void make_requests(void)
{
	uint64_t argument[16] = { 0 };
	uint64_t i;

	for (i = 0; i < lab.info.pages; i++) {
		if (can(CAN_PAGE))
			kernel_page(i);
		if (can(CAN_USER_PAGE)) {
			(void)*mapped_page(i);
			argument[0] = (uintptr_t)mapped_page(i);
			must_ioctl(LAB_IOC_USER_PAGE, argument,
				   "LAB_IOC_USER_PAGE");
		}
	}
	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			make_request(&requests[i]);
}

/* No memory at the address; no page of that number; no mapping of ours. */
static void make_wrong_requests(void)
{
	uint64_t argument[16] = { UINT64_MAX };
	size_t i;

	for (i = 0; i < REQUESTS; i++)
		if (can(requests[i].operation))
			ck_assert_int_eq(ioctl(lab.fd, requests[i].number,
					       NULL), -1);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_PAGE, argument), -1);
	argument[0] = (uintptr_t)argument;
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_USER_PAGE, argument), -1);
	ck_assert_int_eq(ioctl(lab.fd, _IO(LAB_IOC_MAGIC, 0xff)), -1);
}

/* NULL, of which the compiler does not know. */
static void *volatile nowhere;

static void read_and_write(void)
{
	char bytes[64];
	off_t last = (off_t)lab.info.size - 1;

	if (can(CAN_READ)) {
		ck_assert_int_eq(pread(lab.fd, bytes, sizeof(bytes), 0),
				 sizeof(bytes));
		ck_assert_int_eq(pread(lab.fd, bytes, sizeof(bytes), last), 1);
		ck_assert_int_eq(pread(lab.fd, nowhere, 1, 0), -1);
	}
	if (can(CAN_WRITE)) {
		ck_assert_int_eq(pwrite(lab.fd, "x", 1, last), 1);
		ck_assert_int_eq(pwrite(lab.fd, "x", 1, last + 1), -1);
		ck_assert_int_eq(pwrite(lab.fd, nowhere, 1, 0), -1);
	}
}

static void be_refused_mappings(void)
{
	size_t size = lab.info.size;

	assert_refused(mmap(NULL, 2 * size, PROT_READ, MAP_SHARED, lab.fd, 0),
		       EINVAL, "twice the length");
	assert_refused(mmap(NULL, size, PROT_READ, MAP_PRIVATE, lab.fd, 0),
		       EINVAL, "MAP_PRIVATE");
	assert_refused(mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED,
			    lab.fd, 0), EPERM, "PROT_EXEC");
}

/*
 * The first page, the middle, whatever is left; a part moved, a part protected. What
 * these must answer is the matter of others.
 */
static void unmap_in_parts(void)
{
	size_t page = lab.info.page_size, size = lab.info.size;
	char *map = must_map(lab.fd, size, usual_protection(), MAP_SHARED, 0);
	void *last = map + size - page;
	void *moved;

	mprotect(last, page, PROT_READ);
	moved = mremap(last, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
		       find_room(page));
	must_unmap(map + size / page / 2 * page, page);
	must_unmap(map, page);
	must_unmap(map, size);
	if (moved != MAP_FAILED)
		must_unmap(moved, page);
}

/* What a driver answers to these is the matter of others; it must get over them. */
static void try_mappings(void)
{
	const size_t size = lab.info.size, page = lab.info.page_size;
	const struct {
		size_t length;
		int prot, flags;
		off_t offset;
	} tries[] = {
		{ 2 * size, PROT_READ, MAP_SHARED, 0 },
		{ size, PROT_READ, MAP_PRIVATE, 0 },
		{ size, PROT_READ | PROT_EXEC, MAP_SHARED, 0 },
		{ page, PROT_READ, MAP_SHARED, (off_t)size },
	};
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		void *map = mmap(NULL, tries[i].length, tries[i].prot,
				 tries[i].flags, lab.fd, tries[i].offset);

		if (map != MAP_FAILED)
			must_unmap(map, tries[i].length);
	}
}

void use_once(void)
{
	open_lab();
	if (is_driver()) {
		try_mappings();
	} else {
		make_requests();
		make_wrong_requests();
		read_and_write();
		be_refused_mappings();
	}
	unmap_in_parts();
	close_lab();
}
