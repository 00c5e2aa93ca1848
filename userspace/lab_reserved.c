// SPDX-License-Identifier: GPL-2.0
/*
 * lab_reserved: a claimed region, and one memory type on both sides
 */
#include "lab_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* Does /proc/iomem have an entry of this name that holds the whole memory? */
static bool iomem_lists(const char *name)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	uint64_t from = lab.info.phys_addr;
	uint64_t to = from + lab.info.size - 1;
	bool found = false;
	char line[256];

	ck_assert_msg(iomem, "/proc/iomem: %s", strerror(errno));
	while (fgets(line, sizeof(line), iomem)) {
		uint64_t start, end;
		char entry[128];

		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %127[^\n]",
			   &start, &end, entry) == 3 &&
		    start <= from && to <= end && !strcmp(entry, name))
			found = true;
	}
	fclose(iomem);
	return found;
}

START_TEST(region_is_reserved_and_claimed)
{
	ck_assert_msg(!iomem_lists("System RAM"),
		      "the region is RAM that the kernel owns");
	ck_assert_msg(iomem_lists("Reserved"), "the region is not reserved");
	ck_assert_msg(iomem_lists("lab_reserved"), "nobody claimed the region");
}
END_TEST

START_TEST(flags_say_how_the_kernel_maps)
{
	uint32_t both = LAB_INFO_IOMEM | LAB_INFO_UNCACHED;
	bool by_ioremap = lab_parameter_is("how", "ioremap");

	ck_assert_uint_eq(lab.info.flags & both, by_ioremap ? both : 0);
}
END_TEST

/*
 * x86 keeps a list of the memory types in use for what is not System RAM. The
 * kernel's mapping is on it, and a user mapping that was made whole by one call;
 * the lab makes only those of one page so.
 */
START_TEST(both_sides_have_the_same_memory_type)
{
	const char *path = "/sys/kernel/debug/x86/pat_memtype_list";
	const char *expected = lab_parameter_is("how", "ioremap") ?
		"uncached-minus" : "write-back";
	uint64_t from = lab.info.phys_addr;
	uint64_t to = from + lab.info.size;
	void *page = lab_map(lab.fd, lab.info.page_size, PROT_READ, MAP_SHARED,
			     0);
	FILE *list = fopen(path, "r");
	int mappings = 0;
	char line[256];

	if (!list)
		lab_skip("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), list)) {
		uint64_t start, end;
		char type[64];

		if (sscanf(line, "PAT: [mem %" SCNi64 "-%" SCNi64 "] %63s",
			   &start, &end, type) != 3 ||
		    end <= from || to <= start)
			continue;
		mappings++;
		ck_assert_msg(!strcmp(type, expected),
			      "expected %s, found %s", expected, line);
	}
	fclose(list);
	munmap(page, lab.info.page_size);
	ck_assert_msg(mappings >= 2,
		      "expected kernel and user mapping in %s, found %d",
		      path, mappings);
}
END_TEST

static const struct lab_test tests[] = {
	LAB_TEST(region_is_reserved_and_claimed),
	LAB_TEST(flags_say_how_the_kernel_maps),
	LAB_TEST(both_sides_have_the_same_memory_type),
	{ .name = NULL },
};

static uint32_t fresh_text(uint64_t index)
{
	uint32_t word;

	(void)index;
	memcpy(&word, LAB_RESERVED_FRESH_TEXT, sizeof(word));
	return word;
}

const struct lab_program lab_reserved = {
	.device = "lab_reserved",
	.mapping = PFNMAP,
	.operations = CAN_USUAL,
	.fresh = fresh_text,
	.tests = tests,
};
