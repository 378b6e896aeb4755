/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least and the most a share can become.
 */
#include "verify/ballot.h"

#include <assert.h>

bool ballot_decides(const struct ballot *b, double at, double *share)
{
	double size = (double)b->size;
	double least = (double)b->ayes / size;
	double most = (double)(b->ayes + (b->size - b->counted)) / size;

	assert(b->ayes <= b->counted && b->counted <= b->size && b->size > 0);
	if (least >= at || b->counted == b->size)
		*share = least;
	else if (most < at)
		*share = most;
	else
		return false;
	return true;
}
