// SPDX-License-Identifier: GPL-2.0
/*
 * A call that returns late
 *
 * This is a tool of the tests, not a lab. As long as it is loaded, the function of the
 * kernel that function= names has done its work some time before its caller goes on. So
 * another processor sees the moment between that call and the caller's next line, which
 * otherwise is some instructions long.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "whose callers wait");

static unsigned int ms = 100;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "how long, in milliseconds (default 100)");

/* The caller's processor does nothing else meanwhile: a probe must not sleep. */
static int late_return_wait(struct kretprobe_instance *instance,
			    struct pt_regs *regs)
{
	mdelay(ms);
	return 0;
}

static struct kretprobe late_return = {
	.handler = late_return_wait,
};

static int __init late_return_init(void)
{
	late_return.kp.symbol_name = function;
	return register_kretprobe(&late_return);
}

static void __exit late_return_exit(void)
{
	unregister_kretprobe(&late_return);
}

module_init(late_return_init);
module_exit(late_return_exit);

MODULE_DESCRIPTION("kmaplab: a call that returns late");
MODULE_LICENSE("GPL");
