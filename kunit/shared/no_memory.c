// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of labs whose device has one request, and no memory to map
 */
#include <linux/mman.h>

#include "suite.h"

void device_without_a_mapping_cannot_be_mapped(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -ENODEV,
			kmaplab_try_map(kmaplab_case_of(test)->file, 0,
					PAGE_SIZE, PROT_READ, MAP_SHARED));
}

void requests_for_memory_are_refused(struct kunit *test)
{
	static const unsigned int requests[] = {
		LAB_IOC_INFO, LAB_IOC_PAGE, LAB_IOC_FILL, LAB_IOC_CHECK,
		LAB_IOC_USER_PAGE, LAB_IOC_SMALL, LAB_IOC_FAULTS,
		LAB_IOC_PRODUCE, LAB_IOC_STREAM, LAB_IOC_RING, LAB_IOC_ACCESS,
		LAB_IOC_TIME, LAB_IOC_PORT,
	};
	struct kmaplab_case *this = kmaplab_case_of(test);
	u8 argument[256] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if (requests[i] == this->request)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, -ENOTTY,
				    kmaplab_request(test, this->file,
						    requests[i], argument,
						    sizeof(argument)),
				    "request 0x%x", requests[i]);
	}
}

KMAPLAB_NO_MEMORY_CASES(KMAPLAB_EXPORT)
