/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends that a question to a cascade may come to. Pure.
 */
#ifndef CTL_EVAL_WHOM_H
#define CTL_EVAL_WHOM_H

#include <stddef.h>

#include "base/mem.h"
#include "conf/conf.h"

/* Each once, in this order: the tiers, those that verifiers name, the
 * comparator's judge. */
struct eval_whom {
	const struct conf_backend **v;
	size_t n;
};

/* Lives in a, borrows from c. */
struct eval_whom eval_whom_of(const struct conf_cascade *c, struct arena *a);

#endif
