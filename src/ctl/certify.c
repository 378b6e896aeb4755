/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests policies in their order.
 */
#include "ctl/certify.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/risk.h"

/* What policies did on the certifying rows. */
struct tried {
	const struct artifact_cuts *cuts;
	size_t n;
	size_t *losses;
	double *saving;
};

static void try(struct tried *t, const struct cuts_row *rows, size_t n)
{
	t->losses = mem_array(t->n, sizeof(*t->losses));
	t->saving = mem_array(t->n, sizeof(*t->saving));
	for (size_t i = 0; i < t->n; i++) {
		struct cuts_sum sum = cuts_count(&t->cuts[i], rows, n);

		t->losses[i] = sum.n_losses;
		t->saving[i] = cuts_saving(&sum);
	}
}

static void tried_release(struct tried *t)
{
	free(t->losses);
	free(t->saving);
}

/* The most saving of the first n_passed, the last of equals. */
static struct artifact_cuts best_of(const struct tried *t, size_t n_passed)
{
	size_t best = 0;

	if (n_passed == 0)
		return cuts_none();
	for (size_t i = 1; i < n_passed; i++)
		if (t->saving[i] >= t->saving[best])
			best = i;
	return t->cuts[best];
}

/* The most saving of all with no more losses than alpha. */
static struct artifact_cuts best_naively(const struct tried *t, size_t n,
					 double alpha)
{
	struct artifact_cuts best = cuts_none();
	double most = -INFINITY;

	for (size_t i = 0; i < t->n; i++)
		if ((double)t->losses[i] <= alpha * (double)n &&
		    t->saving[i] >= most) {
			most = t->saving[i];
			best = t->cuts[i];
		}
	return best;
}

struct certified certify(const struct artifact_cuts *policies,
			 size_t n_policies, const struct cuts_row *rows,
			 size_t n, double alpha, double delta)
{
	struct tried t = {.cuts = policies, .n = n_policies};
	struct certified c;

	try(&t, rows, n);
	c.n_passed = risk_sequence(t.losses, t.n, n, alpha, delta);
	c.best = best_of(&t, c.n_passed);
	c.naive = best_naively(&t, n, alpha);
	tried_release(&t);
	return c;
}
