// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says from now on
 *
 * Each read of /dev/kmsg gives one message: "PRIORITY,NUMBER,TIME,FLAGS;TEXT", the
 * level in the lower three bits of the priority (Documentation/ABI/testing/dev-kmsg).
 */
#include "kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

static int log_fd = -1;

void skip_kernel_log(void)
{
	if (log_fd < 0)
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_msg(log_fd >= 0, "/dev/kmsg: %s", strerror(errno));
	lseek(log_fd, 0, SEEK_END);
}

char *read_kernel_log(void)
{
	char message[8192], *lines, *text;
	size_t size;
	FILE *all = open_memstream(&lines, &size);
	ssize_t length;

	ck_assert_ptr_nonnull(all);
	for (;;) {
		length = read(log_fd, message, sizeof(message) - 1);
		if (length < 0 && errno == EPIPE)
			continue; /* older messages are gone */
		if (length <= 0)
			break;
		message[length] = '\0';
		text = strchr(message, ';');
		if (text)
			fprintf(all, "%d %.*s\n", atoi(message) & 7,
				(int)strcspn(text + 1, "\n"), text + 1);
	}
	fclose(all);
	return lines;
}
