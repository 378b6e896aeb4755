/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts misses, and splits a promise.
 */
#include "ctl/misses.h"

#include "stat/binom.h"

struct misses misses_count(const struct samples *s, double delta)
{
	struct misses m = {.n_labelled = 0};

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *row = &s->v[i];
		enum known loss = sample_loss(row, true);

		if (row->mode == SAMPLE_ENFORCE || loss == KNOWN_NOT ||
		    row->same == KNOWN_NOT)
			continue;
		m.n_labelled++;
		m.n_missed += loss == KNOWN_TRUE && row->same == KNOWN_TRUE;
	}
	m.upper = binom_upper(m.n_missed, m.n_labelled, delta / 2);
	return m;
}

struct misses_rest misses_rest(const struct misses *m, double alpha,
			       double delta)
{
	if (!(m->upper < alpha))
		return (struct misses_rest){alpha, delta, false};
	return (struct misses_rest){alpha - m->upper, delta / 2, true};
}
