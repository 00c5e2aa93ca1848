// SPDX-License-Identifier: GPL-2.0
/* Has an edu device compute, and waits for its interrupt: a driver in user space. */
#include <err.h>
#include <stdlib.h>

#include "../shared/uio_device.h"

#define USAGE "a driver of UIO, as lab_uio, a number, and how many ms to wait"

int main(int argc, char **argv)
{
	const int wait_ms = argc == 4 ? atoi(argv[3]) : 10000;
	uint32_t number, factorial, first, count;
	struct uio_device uio;
	char node[32];
	int error;

	if (argc < 3 || argc > 4)
		errx(1, USAGE);
	number = (uint32_t)strtoul(argv[2], NULL, 0);
	if (!uio_find(argv[1], node, sizeof(node)))
		errx(1, "%s has no node in " UIO_CLASS, argv[1]);
	error = uio_attach(&uio, node);
	/* gcc, too, is to see that there are registers behind this. */
	if (error || !uio.registers)
		errx(1, "/dev/%s: %s", node, strerror(-error));
	first = uio_get(&uio, EDU_ID);
	error = uio_factorial(&uio, number, wait_ms, &factorial);
	if (error)
		errx(1, "%u!: %s", number, strerror(-error));
	/* One more, for a reason of our own, so that its number can be shown. */
	uio_set(&uio, EDU_RAISE, 0x10);
	error = uio_wait(&uio, wait_ms, &count);
	if (error)
		errx(1, "the interrupt: %s", strerror(-error));
	printf("identification  0x%08x\n", first);
	printf("%u!%*s%u\n", number, number < 10 ? 14 : 13, "", factorial);
	printf("reasons         0x%x, interrupt number %u\n", uio_answer(&uio), count);
	uio_detach(&uio);
	return 0;
}
