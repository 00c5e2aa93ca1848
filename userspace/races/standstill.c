// SPDX-License-Identifier: GPL-2.0
/*
 * The racer is stopped wherever it is, also inside of the kernel
 */
#include "standstill.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "racer.h"
#include "shared/checks.h"

#define LOOK_EVERY 100 /* microseconds */
#define MOST_LOOKS 100000

/* In memory that both processes share. */
static struct {
	volatile bool asked, standing;
} *racer_is;

static int orders[2];

/* The scheduler lets a process of SCHED_FIFO run before all others of its processor. */
static bool take_the_processor_when_asked(void)
{
	const struct sched_param lowest = { .sched_priority = 1 };
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(orders[1]);
	/* What a child has inherited would keep the module from being removed. */
	must_unmap(lab.map, lab.info.size);
	close(lab.fd);
	go_to_the_racers_processor();
	if (sched_setscheduler(0, SCHED_FIFO, &lowest))
		return false;
	while (read(orders[0], &order, 1) == 1) {
		racer_is->standing = true;
		while (racer_is->asked)
			;
		racer_is->standing = false;
	}
	return true;
}

void prepare_standstill(void)
{
	racer_is = shared_memory(sizeof(*racer_is));
	ck_assert_int_eq(pipe(orders), 0);
	start_child(take_the_processor_when_asked);
	close(orders[0]);
}

static void await_standing(bool standing, const char *what)
{
	int looks;

	for (looks = 0; looks < MOST_LOOKS; looks++) {
		if (racer_is->standing == standing)
			return;
		usleep(LOOK_EVERY);
	}
	ck_abort_msg("the process that takes the racer's processor does not %s",
		     what);
}

void stop_the_racer(void)
{
	racer_is->asked = true;
	ck_assert_int_eq(write(orders[1], "", 1), 1);
	await_standing(true, "run");
}

void let_the_racer_go_on(void)
{
	racer_is->asked = false;
	await_standing(false, "go away");
}
