/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubles that are close. Include it after cmocka.h.
 */
#ifndef UNIT_NEAR_H
#define UNIT_NEAR_H

#include <math.h>

/* NaN is near nothing. */
#define assert_near(got, want, by)                                             \
	do {                                                                   \
		double got_ = (got), want_ = (want);                           \
                                                                               \
		if (!(fabs(got_ - want_) <= (by)))                             \
			fail_msg("%s: %.17g, not %.17g", #got, got_, want_);   \
	} while (0)

#endif
