// SPDX-License-Identifier: GPL-2.0
/*
 * Both sides of a race stand still at moments that neither chooses
 */
#include "disturber.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "racer.h"
#include "random/draw.h"
#include "shared/checks.h"

/* In between both sides make several calls. */
#define MOST_QUIET 200 /* microseconds */

/*
 * A few steps of the other side, or time for it to be woken up and to make several calls:
 * as many short ones as long ones. The longest takes 2 to the power of this in thousands of
 * steps of dawdle(), about a millisecond.
 */
#define LONGEST 9

static struct {
	volatile bool ready;
	const volatile bool *over;
	pid_t process;
} *disturber;

/* The scheduler lets a process of SCHED_FIFO run before all others of its processor. */
static bool disturb_until_it_is_over(void)
{
	const struct sched_param lowest = { .sched_priority = 1 };
	bool able;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_lab();
	draw_from_seed(lab.seed + 1);
	able = !sched_setscheduler(0, SCHED_FIFO, &lowest);
	disturber->ready = true;
	while (able && !*disturber->over) {
		if (one_in(2))
			go_to_our_processor();
		else
			go_to_the_racers_processor();
		usleep(1 + (useconds_t)draw(MOST_QUIET));
		dawdle(1u << draw(LONGEST + 1));
	}
	return able;
}

void start_disturber(const volatile bool *over)
{
	if (!disturber)
		disturber = shared_memory(sizeof(*disturber));
	disturber->ready = false;
	disturber->over = over;
	disturber->process = start_child(disturb_until_it_is_over);
	while (!disturber->ready)
		sched_yield();
}

void await_end_of_disturber(void)
{
	pid_t process = disturber ? disturber->process : 0;

	if (!process)
		return;
	disturber->process = 0;
	ck_assert_msg(status_of(process) == 0,
		      "the process that disturbs the race did not run");
}
