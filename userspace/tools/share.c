// SPDX-License-Identifier: GPL-2.0
/* Shares the buffer of lab_dmabuf with another process, and with another driver if there is one. */
#include <err.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu_import.h"

#define NODE "/dev/lab_dmabuf"
#define SIZE 4096

/* A number of this process means nothing to another: the kernel passes the open file. */
static void pass(int socket, int *fd, int receive)
{
	char byte = 0, room[CMSG_SPACE(sizeof(*fd))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	if (receive) {
		if (recvmsg(socket, &message, 0) != 1)
			err(1, "recvmsg");
		memcpy(fd, CMSG_DATA(control), sizeof(*fd));
		return;
	}
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(*fd));
	memcpy(CMSG_DATA(control), fd, sizeof(*fd));
	if (sendmsg(socket, &message, 0) != 1)
		err(1, "sendmsg");
}

static char *map(int fd)
{
	char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED)
		err(1, "mmap");
	return bytes;
}

static void turn(int fd, unsigned long long flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
		err(1, "DMA_BUF_IOCTL_SYNC");
}

static void have_it_fetched(int fd, char *bytes)
{
	struct edu_import_copy copy = { .count = 100, .to_device = 1 };
	struct edu_import import = { .fd = fd };
	int driver = open("/dev/edu_import", O_RDWR);

	if (driver < 0)
		return;
	if (ioctl(driver, EDU_IOC_IMPORT, &import) || ioctl(driver, EDU_IOC_IMPORT_COPY, &copy))
		err(1, "edu_import");
	turn(fd, DMA_BUF_SYNC_START);
	memset(bytes, 0, 100);
	turn(fd, DMA_BUF_SYNC_END);
	copy.to_device = 0;
	if (ioctl(driver, EDU_IOC_IMPORT_COPY, &copy))
		err(1, "edu_import");
	turn(fd, DMA_BUF_SYNC_START);
	printf("another driver's device brings back: %s\n", bytes);
	turn(fd, DMA_BUF_SYNC_END);
}

int main(int argc, char **argv)
{
	struct lab_export export = { .flags = O_RDWR };
	int node = open(NODE, O_RDWR), sockets[2];
	char *bytes;

	if (argc != 2 || strlen(argv[1]) > 99)
		errx(1, "one text");
	if (node < 0 || ioctl(node, LAB_IOC_EXPORT, &export))
		err(1, NODE);
	bytes = map(export.fd);
	strcpy(bytes, argv[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		err(1, "socketpair");
	if (!fork()) {
		close(export.fd);
		pass(sockets[1], &export.fd, 1);
		printf("another process reads: %s\n", map(export.fd));
		return 0;
	}
	pass(sockets[0], &export.fd, 0);
	wait(NULL);
	have_it_fetched(export.fd, bytes);
	return 0;
}
