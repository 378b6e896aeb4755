/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Votes that come in one by one, and when their share is decided. Pure.
 */
#ifndef VERIFY_BALLOT_H
#define VERIFY_BALLOT_H

#include <stdbool.h>
#include <stddef.h>

struct ballot {
	size_t size;	/* votes there will be, from 1 */
	size_t counted; /* that came so far */
	size_t ayes;	/* of them */
};

/* Is it decided whether the share of ayes among all is at least `at`? True as
 * soon as the votes that are still to come cannot change that, and *share is
 * then the bound that shows it: the least it can become (ayes / size) where
 * that is enough, else the most. With all counted, *share is exact. at NaN:
 * the exact share is wanted. */
bool ballot_decides(const struct ballot *b, double at, double *share);

#endif
