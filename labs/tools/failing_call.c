// SPDX-License-Identifier: GPL-2.0
/*
 * A call that fails
 *
 * This is a tool of the tests, not a lab. As long as it is loaded, the function of the
 * kernel that function= names returns NULL to whoever calls it, as if there were no memory.
 * Kernels for users are built without fault injection; but most can have a probe at the
 * beginning of a function, and a probe can go on somewhere else.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "that returns a pointer, and now NULL");

/* In place of the function: it returns to the function's caller. */
static void *failing_call_answer(void)
{
	return NULL;
}

static int failing_call_begin(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)failing_call_answer);
	return 1;
}

/*
 * Never called. But without it the kernel may make a jump of the probe, and then
 * the way cannot be changed (Documentation/trace/kprobes.rst).
 */
static void failing_call_end(struct kprobe *probe, struct pt_regs *regs,
			     unsigned long flags)
{
}

static struct kprobe failing_call = {
	.pre_handler = failing_call_begin,
	.post_handler = failing_call_end,
};

static int __init failing_call_init(void)
{
	failing_call.symbol_name = function;
	return register_kprobe(&failing_call);
}

static void __exit failing_call_exit(void)
{
	unregister_kprobe(&failing_call);
}

module_init(failing_call_init);
module_exit(failing_call_exit);

MODULE_DESCRIPTION("kmaplab: a call that fails");
MODULE_LICENSE("GPL");
