// SPDX-License-Identifier: GPL-2.0
/*
 * Contract 3.4 and 3.7: what callers of all kinds are told, and may set
 */
#include "contract.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "shared/checks.h"

/*
 * 3.4: addresses
 */

static bool is_refused(unsigned long request, void *arg)
{
	return ioctl(lab.fd, request, arg) == -1 && errno == EPERM;
}

static bool addresses_are_hidden(void)
{
	struct lab_user_page user = { .user_addr = (uintptr_t)lab.map };
	struct lab_page page = { .index = 0 };
	struct lab_small small;
	struct lab_info info;

	if (ioctl(lab.fd, LAB_IOC_INFO, &info))
		return false;
	if (info.kernel_addr || info.phys_addr || info.size != lab.info.size)
		return false;
	if (can(CAN_SMALL) && !is_refused(LAB_IOC_SMALL, &small))
		return false;
	return is_refused(LAB_IOC_USER_PAGE, &user) &&
	       is_refused(LAB_IOC_PAGE, &page) && !page.kernel_addr &&
	       !page.pfn;
}

/* CAP_SYS_ADMIN is one of the lower 32. */
static bool have_capabilities(uint32_t lower, uint32_t higher)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2] = {
		{ .effective = lower, .permitted = lower },
		{ .effective = higher, .permitted = higher },
	};

	return !syscall(SYS_capset, &header, sets);
}

static bool without_any(void)
{
	return have_capabilities(0, 0) && addresses_are_hidden();
}

/* All that this process has, but one. */
static bool with_all_others(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2];

	return !syscall(SYS_capget, &header, sets) &&
	       have_capabilities(sets[0].permitted &
				 ~CAP_TO_MASK(CAP_SYS_ADMIN),
				 sets[1].permitted) &&
	       addresses_are_hidden();
}

START_TEST(addresses_are_hidden_without_cap_sys_admin)
{
	ck_assert_msg(run_in_child(without_any),
		      "a process without capabilities is shown kernel addresses");
	ck_assert_msg(run_in_child(with_all_others),
		      "a process with all capabilities but CAP_SYS_ADMIN is shown kernel addresses");
}
END_TEST

/* There it has CAP_SYS_ADMIN, and over the rest of the machine it has no power. */
static bool as_root_of_a_namespace(void)
{
	return !unshare(CLONE_NEWUSER) && addresses_are_hidden();
}

START_TEST(addresses_are_hidden_from_the_root_of_a_namespace)
{
	if (access("/proc/self/ns/user", F_OK))
		skip("the kernel has no user namespaces");
	ck_assert_msg(run_in_child(as_root_of_a_namespace),
		      "who is root in a user namespace of its own is shown kernel addresses");
}
END_TEST

static bool addresses_are_shown(void)
{
	const uid_t nobody = 65534;
	struct lab_page page = { .index = 0 };
	struct lab_info info;

	return !prctl(PR_SET_KEEPCAPS, 1) && !setresuid(nobody, nobody, nobody) &&
	       have_capabilities(CAP_TO_MASK(CAP_SYS_ADMIN), 0) &&
	       !ioctl(lab.fd, LAB_IOC_INFO, &info) &&
	       info.kernel_addr == lab.info.kernel_addr &&
	       !ioctl(lab.fd, LAB_IOC_PAGE, &page) &&
	       page.kernel_addr == info.kernel_addr;
}

START_TEST(addresses_are_shown_for_cap_sys_admin_alone)
{
	ck_assert_msg(run_in_child(addresses_are_shown),
		      "a user who has CAP_SYS_ADMIN, but is not root, is not shown the addresses");
}
END_TEST

/*
 * 3.7: parameters
 */

START_TEST(parameters_cannot_be_written)
{
	struct dirent *entry;
	char path[512];
	struct stat file;
	DIR *entries;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters",
		 lab.program->lab);
	entries = opendir(path);
	while (entries && (entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		ck_assert_int_eq(fstatat(dirfd(entries), entry->d_name, &file,
					 0), 0);
		ck_assert_msg(!(file.st_mode & 0222),
			      "%s/%s has the mode 0%o: it can be written, and the buffer does not follow",
			      path, entry->d_name, file.st_mode & 07777);
	}
	if (entries)
		closedir(entries);
}
END_TEST

const struct check callers_checks[] = {
	CHECK(addresses_are_hidden_without_cap_sys_admin, WRITES | ANY_NODE),
	THOROUGH_CHECK(addresses_are_hidden_from_the_root_of_a_namespace,
		       WRITES | ANY_NODE),
	THOROUGH_CHECK(addresses_are_shown_for_cap_sys_admin_alone,
		       CAN_INFO | CAN_PAGE),
	THOROUGH_CHECK(parameters_cannot_be_written, 0),
	{ .name = NULL },
};
