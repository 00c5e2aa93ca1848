// SPDX-License-Identifier: GPL-2.0
/* For test_mutants.py: each rule matches something here. */
static int small_add(struct small *small, unsigned long count)
{
	int err = 0;

	if (count > MOST || !small->ready)
		return -EINVAL;
	err = mutex_lock_killable(&small->lock);
	if (err)
		return err;
	small->flags |= SMALL_USED;
	small->size = count << PAGE_SHIFT;
	small_fill(small, count);
	mutex_unlock(&small->lock);
	return small_tell(count, small);
}

static const struct operations small_operations = {
	.add = small_add,
	.end = small_end,
};
