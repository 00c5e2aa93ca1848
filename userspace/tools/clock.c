// SPDX-License-Identifier: GPL-2.0
/* Prints what a clock says, by lab_rtc, and how often its registers were read for that. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#include "lab.h"

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct lab_time said;
	time_t seconds;
	char text[64];

	if (ioctl(fd, LAB_IOC_TIME, &said))
		err(1, "LAB_IOC_TIME");
	seconds = said.seconds;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
	printf("%s UTC after %u passes\n", text, said.passes);
	return 0;
}
