/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws who does what.
 */
#include "ctl/split.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stat/draw.h"

#define FOR_SPLIT 1   /* draws by the seed */
#define FIT_SHARE .25 /* the rest certifies: that is where rows count most */

static void shuffle(size_t *v, size_t n, uint64_t seed)
{
	struct draw d = draw_by(seed, FOR_SPLIT);

	for (size_t i = n; i > 1; i--) {
		size_t k = draw_below(&d, i), v_k = v[k];

		v[k] = v[i - 1];
		v[i - 1] = v_k;
	}
}

static size_t list_known(const struct samples *s, bool labelled, bool enforced,
			 size_t *to)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if ((s->v[i].mode == SAMPLE_ENFORCE) == enforced &&
		    sample_loss(&s->v[i], labelled) != KNOWN_NOT)
			to[n++] = i;
	return n;
}

void split_init(struct split *p, const struct samples *s,
		const struct split_options *o)
{
	size_t *order = mem_array(s->n + 1, sizeof(*order));
	size_t n_enforced = list_known(s, o->labelled, true, order);
	size_t *drawn = order + n_enforced;
	size_t n = list_known(s, o->labelled, false, drawn);
	size_t n_report = (size_t)(o->report_share * (double)n);
	size_t n_left = n - n_report;
	size_t n_drawn =
		o->out_of_fold ? n_left : (size_t)(FIT_SHARE * (double)n_left);

	shuffle(drawn, n, o->seed);
	*p = (struct split){
		.fit = {order, n_enforced + n_drawn},
		.drawn = {drawn, n_drawn},
		.certify = {drawn + n_drawn, n_left - n_drawn},
		.report = {drawn + n_left, n_report},
		.all = {order, n_enforced + n_left},
		.order = order,
	};
	if (o->out_of_fold)
		p->certify = p->drawn;
}

void split_release(struct split *p)
{
	free(p->order);
}
