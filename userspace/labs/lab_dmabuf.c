// SPDX-License-Identifier: GPL-2.0
/*
 * lab_dmabuf: a buffer with a descriptor of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "races/racer.h"
#include "races/races.h"
#include "shared/checks.h"
#include "shared/children.h"

#include "edu_import.h"

/* The descriptor, or the error. */
static int export_from(int node, uint32_t flags)
{
	struct lab_export export = { .flags = flags, .fd = -1 };

	return ioctl(node, LAB_IOC_EXPORT, &export) ? -errno : export.fd;
}

static int must_export(uint32_t flags)
{
	int fd = export_from(lab.fd, flags);

	ck_assert_msg(fd >= 0, "LAB_IOC_EXPORT: %s", strerror(-fd));
	return fd;
}

/*
 * 18.1: a descriptor of the same memory
 */

START_TEST(exported_descriptor_shows_the_same_memory)
{
	int fd = must_export(O_RDWR | O_CLOEXEC);
	volatile uint32_t *all, *page;
	uint64_t i;

	ck_assert_int_eq(lseek(fd, 0, SEEK_END), lab.info.size);
	all = must_map(fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	kernel_fills();
	assert_words(all, lab.words, 0, expect_pattern,
		     "the descriptor's mapping shows");
	lab.seed++;
	write_unguarded(all);
	kernel_checks();
	for (i = 0; i < lab.info.pages; i++) {
		page = must_map(fd, lab.info.page_size, PROT_READ, MAP_SHARED,
				i * lab.info.page_size);
		assert_words(page, lab.page_words, i * lab.page_words,
			     expect_pattern, "from its page on it shows");
		must_unmap(page, lab.info.page_size);
	}
	must_unmap(all, lab.info.size);
	close(fd);
}
END_TEST

START_TEST(two_descriptors_show_the_same)
{
	int first = must_export(O_RDWR), second = must_export(O_RDONLY);
	volatile uint32_t *written, *read;

	ck_assert_int_ne(first, second);
	written = must_map(first, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	read = must_map(second, lab.info.size, PROT_READ, MAP_SHARED, 0);
	close(first);
	write_unguarded(written);
	assert_words(read, lab.words, 0, expect_pattern,
		     "the other descriptor's mapping shows");
	must_unmap(written, lab.info.size);
	must_unmap(read, lab.info.size);
	close(second);
}
END_TEST

/*
 * 18.2: passed on to another process
 */

static int channel[2];

static void send_descriptor(int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(int));
	ck_assert_int_eq(sendmsg(channel[0], &message, 0), 1);
}

static int receive_descriptor(void)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *control;
	int fd;

	if (recvmsg(channel[1], &message, 0) != 1)
		return -1;
	control = CMSG_FIRSTHDR(&message);
	if (!control || control->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(control), sizeof(int));
	return fd;
}

/* It has nothing but what comes, and waits until the other has nothing any more. */
static bool use_what_comes(void)
{
	volatile uint32_t *words;
	struct difference found;
	char byte;
	int fd;

	munmap((void *)(uintptr_t)lab.map, lab.info.size);
	close(lab.fd);
	fd = receive_descriptor();
	if (fd < 0)
		return object("no descriptor comes: %s", strerror(errno));
	words = mmap(NULL, lab.info.size, READ_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return object("mmap: %s", strerror(errno));
	if (read(channel[1], &byte, 1) != 1)
		return object("read: %s", strerror(errno));
	found = find_difference(words, lab.words, 0, expect_pattern);
	if (found.differ)
		return object("word %" PRIu64 " is 0x%x and not 0x%x",
			      found.index, found.found, found.expected);
	lab.seed++;
	write_unguarded(words);
	return true;
}

START_TEST(buffer_lives_as_long_as_one_sharer_has_it)
{
	pid_t child;
	int fd;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
	kernel_fills();
	child = start_child(use_what_comes);
	fd = must_export(O_RDWR);
	send_descriptor(fd);
	close(fd);
	read_module();
	close_lab();
	ck_assert_msg(unload(), "the module has gone, and a buffer of it is in use");
	ck_assert_int_eq(write(channel[0], "", 1), 1);
	ck_assert_int_eq(status_of(child), 0);
	open_lab();
	lab.seed++;
	kernel_checks();
}
END_TEST

START_TEST(module_stays_as_long_as_a_descriptor_is_open)
{
	volatile uint32_t *map;
	int fd = must_export(O_RDWR);

	map = must_map(fd, lab.info.size, READ_WRITE, MAP_SHARED, 0);
	read_module();
	close_lab();
	ck_assert_msg(unload(), "it has gone, and a descriptor is open");
	close(fd);
	ck_assert_msg(unload(), "it has gone, and its memory is mapped");
	lab.seed++;
	write_unguarded(map);
	assert_words(map, lab.words, 0, expect_pattern, "the program reads");
	must_unmap(map, lab.info.size);
	must_unload();
	must_load();
	open_lab();
}
END_TEST

/*
 * 18.3: no more than the node gives
 */

START_TEST(wrong_mappings_of_the_descriptor_are_refused)
{
	const size_t page = lab.info.page_size, size = lab.info.size;
	int fd = must_export(O_RDWR), reader = must_export(O_RDONLY);
	const struct {
		int fd, prot, flags;
		size_t length, offset;
		int error;
	} wrong[] = {
		{ fd, PROT_READ, MAP_PRIVATE, size, 0, EINVAL },
		{ fd, READ_WRITE, MAP_PRIVATE, page, 0, EINVAL },
		{ fd, READ_WRITE, MAP_SHARED, size + page, 0, EINVAL },
		{ fd, READ_WRITE, MAP_SHARED, page, size, EINVAL },
		{ fd, READ_WRITE, MAP_SHARED, size, page, EINVAL },
		{ fd, PROT_READ | PROT_EXEC, MAP_SHARED, page, 0, EPERM },
		{ reader, READ_WRITE, MAP_SHARED, page, 0, EACCES },
	};
	void *map;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		map = mmap(NULL, wrong[i].length, wrong[i].prot, wrong[i].flags,
			   wrong[i].fd, (off_t)wrong[i].offset);
		ck_assert_msg(map == MAP_FAILED, "number %zu is mapped", i);
		ck_assert_msg(errno == wrong[i].error, "number %zu: %s", i,
			      strerror(errno));
	}
	map = must_map(reader, page, PROT_READ, MAP_SHARED, 0);
	ck_assert_int_eq(mprotect(map, page, READ_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(mprotect(map, page, PROT_READ | PROT_EXEC), -1);
	ck_assert_int_eq(errno, EACCES);
	must_unmap(map, page);
	close(fd);
	close(reader);
}
END_TEST

START_TEST(export_gives_no_more_than_the_node)
{
	static const uint32_t wrong[] = {
		O_WRONLY, O_ACCMODE, O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK,
		O_RDWR | O_CREAT, 1u << 31, UINT32_MAX,
	};
	int reader = must_open(O_RDONLY), writer = must_open(O_WRONLY);
	size_t i;
	int fd;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_msg(export_from(lab.fd, wrong[i]) == -EINVAL,
			      "flags 0x%x", wrong[i]);
	ck_assert_int_eq(export_from(reader, O_RDWR), -EBADF);
	ck_assert_int_eq(export_from(writer, O_RDWR), -EBADF);
	ck_assert_int_eq(export_from(writer, O_RDONLY), -EBADF);
	fd = export_from(reader, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	close(fd);
	fd = export_from(lab.fd, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(reader);
	close(writer);
}
END_TEST

/* The number that the next descriptor will have. */
static int next_number(void)
{
	int fd = dup(lab.fd);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

START_TEST(export_that_fails_leaves_nothing_open)
{
	struct lab_export *export = mmap(NULL, lab.info.page_size, READ_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int next = next_number();
	struct rlimit limit;

	ck_assert_ptr_ne(export, MAP_FAILED);
	export->flags = O_RDWR;
	ck_assert_int_eq(mprotect(export, lab.info.page_size, PROT_READ), 0);
	ck_assert_int_eq(ioctl(lab.fd, LAB_IOC_EXPORT, export), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(next_number(), next);
	must_unmap((volatile void *)export, lab.info.page_size);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(export_from(lab.fd, O_RDWR), -EMFILE);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* A buffer that nobody can close would keep the module. */
	close_and_unload();
	must_load();
	open_lab();
}
END_TEST

/*
 * 18.4: another driver imports it
 *
 * The check has a model of the memory: the bytes of one pattern, and a part of those of
 * another.
 */

static int importer(void)
{
	int node;

	ck_assert_msg(!system("modprobe edu_import"),
		      "edu_import cannot be loaded");
	node = open("/dev/edu_import", O_RDWR);
	ck_assert_msg(node >= 0, "/dev/edu_import: %s", strerror(errno));
	return node;
}

static void dismiss(int node)
{
	close(node);
	ck_assert_msg(!syscall(SYS_delete_module, "edu_import", O_NONBLOCK),
		      "edu_import cannot be removed: %s", strerror(errno));
}

static int import(int node, int fd)
{
	struct edu_import import = { .fd = fd };

	return ioctl(node, EDU_IOC_IMPORT, &import) ? -errno : 0;
}

static int copy(int node, bool to_device, uint64_t offset, uint32_t count)
{
	struct edu_import_copy copy = {
		.offset = offset, .count = count, .to_device = to_device,
	};

	return ioctl(node, EDU_IOC_IMPORT_COPY, &copy) ? -errno : 0;
}

/* Whose turn it is, as a program says it. */
static void sync_buffer(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	ck_assert_msg(!ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync),
		      "DMA_BUF_IOCTL_SYNC: %s", strerror(errno));
}

static void fill_model(uint8_t *model)
{
	uint32_t word;
	uint64_t i;

	lab.seed++;
	kernel_fills();
	for (i = 0; i < lab.words; i++) {
		word = expect_pattern(i);
		memcpy(model + i * sizeof(word), &word, sizeof(word));
	}
}

static void assert_memory(const uint8_t *model, const char *when)
{
	const volatile uint8_t *found = (const volatile uint8_t *)lab.map;
	uint64_t i;

	for (i = 0; i < lab.info.size; i++)
		if (found[i] != model[i])
			ck_abort_msg("%s byte 0x%" PRIx64
				     " is 0x%02x and not 0x%02x",
				     when, i, found[i], model[i]);
}

/* Across the end of a page, where the memory has one. */
static uint64_t some_offset(void)
{
	return lab.info.pages > 1 ? lab.info.page_size - 700 : 700;
}

#define SOME_BYTES 1500

#define FEW_BYTES 50

/* Some bytes of each page; in the device they lie side by side. */
static void copy_of_each_page(int node, bool to_device)
{
	struct edu_import_copy copy = { .count = FEW_BYTES, .to_device = to_device };
	uint64_t page;

	for (page = 0; page < lab.info.pages; page++) {
		copy.offset = page * (lab.info.page_size + 4);
		copy.inside = (uint32_t)page * FEW_BYTES;
		ck_assert_int_eq(ioctl(node, EDU_IOC_IMPORT_COPY, &copy), 0);
	}
}

/* It is imported for each direction, so the memory changes hands each time. */
START_TEST(another_driver_copies_from_and_to_it)
{
	uint8_t *old = malloc(lab.info.size), *now = malloc(lab.info.size);
	int node = importer(), fd = must_export(O_RDWR);
	uint64_t page, at;

	ck_assert_ptr_nonnull(old);
	ck_assert_ptr_nonnull(now);
	fill_model(old);
	ck_assert_int_eq(import(node, fd), 0);
	copy_of_each_page(node, true);
	close(node);
	fill_model(now);
	node = importer();
	ck_assert_int_eq(import(node, fd), 0);
	close(fd);
	copy_of_each_page(node, false);
	dismiss(node);
	for (page = 0; page < lab.info.pages; page++) {
		at = page * (lab.info.page_size + 4);
		memcpy(now + at, old + at, FEW_BYTES);
	}
	assert_memory(now, "when the device has brought it back");
	free(old);
	free(now);
}
END_TEST

START_TEST(another_driver_sees_every_word)
{
	struct lab_check check = { .offset = 5 };
	int node = importer(), fd = must_export(O_RDONLY);

	lab.seed++;
	kernel_fills();
	check.seed = lab.seed;
	ck_assert_int_eq(import(node, fd), 0);
	ck_assert_int_eq(ioctl(node, LAB_IOC_CHECK, &check), 0);
	ck_assert_uint_eq(check.offset, LAB_NO_DIFFERENCE);
	sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	lab.map[lab.words - 1] ^= 0x10;
	sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	ck_assert_int_eq(ioctl(node, LAB_IOC_CHECK, &check), 0);
	ck_assert_uint_eq(check.offset, lab.info.size - sizeof(uint32_t));
	close(fd);
	dismiss(node);
}
END_TEST

/* And what was imported before stays. */
START_TEST(what_is_no_buffer_is_not_imported)
{
	int node = importer(), fd = must_export(O_RDWR), ends[2];

	ck_assert_int_eq(copy(node, true, 0, 1), -ENXIO);
	ck_assert_int_eq(import(node, fd), 0);
	close(fd);
	ck_assert_int_eq(import(node, fd), -EBADF);
	ck_assert_int_eq(import(node, -1), -EBADF);
	ck_assert_int_eq(import(node, lab.fd), -EINVAL);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(import(node, ends[0]), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	ck_assert_int_eq(copy(node, true, lab.info.size - 1, 2), -EINVAL);
	ck_assert_int_eq(copy(node, true, UINT64_MAX, 2), -EINVAL);
	ck_assert_int_eq(copy(node, true, lab.info.size - 1, 1), 0);
	dismiss(node);
}
END_TEST

/* The importer has the buffer, and nobody else. */
START_TEST(module_stays_as_long_as_a_driver_has_imported)
{
	int node = importer(), fd = must_export(O_RDWR);

	ck_assert_int_eq(import(node, fd), 0);
	close(fd);
	read_module();
	close_lab();
	ck_assert_msg(unload(), "the module has gone, and a device has its memory");
	ck_assert_int_eq(copy(node, false, 0, 1), 0);
	dismiss(node);
	must_unload();
	must_load();
	open_lab();
}
END_TEST

/*
 * 18.5: it changes hands when a program says so
 */

START_TEST(memory_changes_hands_when_a_program_says_so)
{
	uint8_t *old = malloc(lab.info.size), *now = malloc(lab.info.size);
	const uint64_t at = some_offset();
	int node = importer(), fd = must_export(O_RDWR);

	ck_assert_ptr_nonnull(old);
	ck_assert_ptr_nonnull(now);
	ck_assert_int_eq(import(node, fd), 0);
	sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	fill_model(old);
	sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	ck_assert_int_eq(copy(node, true, at, SOME_BYTES), 0);
	sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	fill_model(now);
	sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	ck_assert_int_eq(copy(node, false, at, SOME_BYTES), 0);
	sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	memcpy(now + at, old + at, SOME_BYTES);
	assert_memory(now, "when it is the processor's turn");
	sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	dismiss(node);
	close(fd);
	free(old);
	free(now);
}
END_TEST

/*
 * 18.6: the kernel's own exporters
 */

/* A device fetches bytes of a buffer, which is cleared then, and brings them back. */
static void assert_imported(int fd, uint8_t *bytes, const char *what)
{
	const size_t count = 100;
	int node = importer();
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = (uint8_t)(3 * i + 1);
	ck_assert_msg(!import(node, fd), "%s is not imported", what);
	ck_assert_int_eq(copy(node, true, 0, count), 0);
	close(node);
	memset(bytes, 0, count);
	node = importer();
	ck_assert_msg(!import(node, fd), "%s is not imported again", what);
	ck_assert_int_eq(copy(node, false, 0, count), 0);
	dismiss(node);
	for (i = 0; i < count; i++)
		ck_assert_msg(bytes[i] == (uint8_t)(3 * i + 1),
			      "%s: byte %zu is 0x%02x", what, i, bytes[i]);
}

START_TEST(pages_of_a_memfd_are_imported_alike)
{
	struct udmabuf_create create = { .size = (uint64_t)sysconf(_SC_PAGESIZE) };
	int node = open("/dev/udmabuf", O_RDWR);
	uint8_t *bytes;
	int fd;

	if (node < 0)
		skip("this kernel has no /dev/udmabuf: Debian's has one from 6.12 on");
	create.memfd = (uint32_t)memfd_create("pages", MFD_ALLOW_SEALING);
	ck_assert_int_eq(ftruncate((int)create.memfd, (off_t)create.size), 0);
	ck_assert_int_eq(fcntl((int)create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	fd = ioctl(node, UDMABUF_CREATE, &create);
	ck_assert_msg(fd >= 0, "UDMABUF_CREATE: %s", strerror(errno));
	bytes = must_map((int)create.memfd, create.size, READ_WRITE, MAP_SHARED, 0);
	assert_imported(fd, bytes, "udmabuf");
	must_unmap(bytes, create.size);
	close((int)create.memfd);
	close(fd);
	close(node);
}
END_TEST

START_TEST(memory_of_a_heap_is_imported_alike)
{
	struct dma_heap_allocation_data allocation = {
		.len = (uint64_t)sysconf(_SC_PAGESIZE),
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int node = open("/dev/dma_heap/system", O_RDONLY);
	uint8_t *bytes;

	if (node < 0)
		skip("this kernel has no heap: Debian's has one from 6.12 on, on x86_64");
	ck_assert_msg(!ioctl(node, DMA_HEAP_IOCTL_ALLOC, &allocation),
		      "DMA_HEAP_IOCTL_ALLOC: %s", strerror(errno));
	bytes = must_map((int)allocation.fd, allocation.len, READ_WRITE,
			 MAP_SHARED, 0);
	assert_imported((int)allocation.fd, bytes, "the heap's memory");
	must_unmap(bytes, allocation.len);
	close((int)allocation.fd);
	close(node);
}
END_TEST

/*
 * 9.5: the importer is open only while its device is there
 *
 * misc_register() of the importer returns late, when the node can be opened already.
 */

#define LOADS 5

static struct {
	int fd; /* of our buffer */
	int answer; /* of an importer that has its device */
} exported;

static bool import_as_soon_as_it_is_open(void)
{
	int answer, node = open("/dev/edu_import", O_RDWR | O_CLOEXEC);

	/* It comes and goes. */
	if (node < 0)
		return errno == ENOENT || errno == ENODEV || errno == ENXIO ||
		       object("open(): %s", strerror(errno));
	answer = import(node, exported.fd);
	close(node);
	return answer == exported.answer ||
	       object("it answers %s before its device is there",
		      strerror(-answer));
}

static bool load_and_remove_the_importer(void)
{
	if (system("modprobe edu_import"))
		return object("edu_import cannot be loaded");
	while (syscall(SYS_delete_module, "edu_import", O_NONBLOCK))
		if (errno != EWOULDBLOCK)
			return object("edu_import cannot be removed: %s",
				      strerror(errno));
	return true;
}

START_TEST(importer_is_open_only_while_its_device_is_there)
{
	static const struct call ours = { "load and remove the importer",
					  load_and_remove_the_importer, 0 };
	static const struct call theirs = { "import",
					    import_as_soon_as_it_is_open, 0 };
	int node;

	need_two_processors();
	node = importer();
	exported.fd = must_export(O_RDWR);
	exported.answer = import(node, exported.fd);
	dismiss(node);
	ck_assert_msg(!system("modprobe late_return function=misc_register"),
		      "late_return cannot be loaded");
	race_calls(&ours, &theirs, RACER_PROCESS, LOADS);
	ck_assert_msg(!syscall(SYS_delete_module, "late_return", O_NONBLOCK),
		      "late_return cannot be removed: %s", strerror(errno));
	close(exported.fd);
}
END_TEST

#define SHARES (WRITES | CAN_FILL | CAN_CHECK | CAN_EXPORT)

static const struct check checks[] = {
	CHECK(exported_descriptor_shows_the_same_memory, SHARES),
	CHECK(two_descriptors_show_the_same, SHARES),
	CHECK(wrong_mappings_of_the_descriptor_are_refused, MAPS | CAN_EXPORT),
	CHECK(export_gives_no_more_than_the_node, CAN_EXPORT),
	CHECK(another_driver_copies_from_and_to_it, SHARES),
	CHECK(another_driver_sees_every_word, SHARES),
	CHECK(what_is_no_buffer_is_not_imported, MAPS | CAN_EXPORT),
	CHECK(memory_changes_hands_when_a_program_says_so, SHARES),
	THOROUGH_CHECK(pages_of_a_memfd_are_imported_alike, CAN_EXPORT),
	THOROUGH_CHECK(memory_of_a_heap_is_imported_alike, CAN_EXPORT),
	CHECK(buffer_lives_as_long_as_one_sharer_has_it, SHARES),
	THOROUGH_CHECK(module_stays_as_long_as_a_descriptor_is_open, SHARES),
	THOROUGH_CHECK(module_stays_as_long_as_a_driver_has_imported, MAPS | CAN_EXPORT),
	THOROUGH_CHECK(export_that_fails_leaves_nothing_open, MAPS | CAN_EXPORT),
	RACE_CHECK(importer_is_open_only_while_its_device_is_there, CAN_EXPORT),
	{ .name = NULL },
};

static const struct program program = {
	.lab = "lab_dmabuf",
	.mapping = &mixedmap,
	.operations = USUAL_OPERATIONS | CAN_EXPORT,
	.fresh = expect_zero,
	.checks = checks,
};

REGISTER_PROGRAM(program);
