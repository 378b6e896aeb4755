/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what became of rows.
 */
#include "ctl/tally.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stat/binom.h"

#define TAIL	 0.025 /* each side of a 95 % interval */
#define Z	 1.96
#define THOUSAND 1000.0

/* What one request has: its calls, and whose answer. */
struct way {
	bool cheap, check, keep;
};

typedef struct way way_fn(const struct tally *t, size_t i, const void *arg);

struct sums {
	size_t accepted, checked, losses, right;
	double cheap, check, expensive, cost, squares; /* USD */
};

static void add(struct sums *s, const struct tally *t, size_t i, struct way w)
{
	const struct cuts_row *row = &t->rows[i];
	double cheap = w.cheap ? row->cheap_usd : 0;
	double check = w.check ? row->check_usd : 0;
	double expensive = w.keep ? 0 : row->expensive_usd;
	double cost = cheap + check + expensive;

	s->accepted += w.keep;
	s->checked += w.check;
	s->losses += w.keep && row->loss;
	s->right += w.keep ? t->cheap_right[i] : t->expensive_right[i];
	s->cheap += cheap;
	s->check += check;
	s->expensive += expensive;
	s->cost += cost;
	s->squares += cost * cost;
}

static struct report_value share_of(size_t k, size_t n)
{
	return (struct report_value){(double)k / (double)n,
				     binom_lower(k, n, TAIL),
				     binom_upper(k, n, TAIL)};
}

static struct report_value cost_of(const struct sums *s, double n)
{
	double mean = s->cost / n;
	double var = (s->squares / n - mean * mean) * n / (n - 1);
	double margin = n > 1 ? Z * sqrt(fmax(var, 0) / n) : NAN;

	return (struct report_value){THOUSAND * mean,
				     THOUSAND * (mean - margin),
				     THOUSAND * (mean + margin)};
}

static struct report_policy policy_of(const struct sums *s, size_t rows,
				      const char *name)
{
	double n = (double)rows;

	return (struct report_policy){
		.name = name,
		.accepted = (double)s->accepted / n,
		.checked = (double)s->checked / n,
		.risk = share_of(s->losses, rows),
		.right = share_of(s->right, rows),
		.cost = cost_of(s, n),
		.cheap_usd = THOUSAND * s->cheap / n,
		.check_usd = THOUSAND * s->check / n,
		.expensive_usd = THOUSAND * s->expensive / n,
	};
}

static struct report_policy tally(const struct tally *t, const char *name,
				  way_fn *way, const void *arg)
{
	struct sums s = {0};

	for (size_t i = 0; i < t->n; i++)
		add(&s, t, i, way(t, i, arg));
	return policy_of(&s, t->n, name);
}

/* ---- ways ---------------------------------------------------------------- */

static struct way way_cheap(const struct tally *t, size_t i, const void *arg)
{
	(void)t, (void)i, (void)arg;
	return (struct way){.cheap = true, .keep = true};
}

static struct way way_expensive(const struct tally *t, size_t i,
				const void *arg)
{
	(void)t, (void)i, (void)arg;
	return (struct way){.cheap = false};
}

static struct way way_hindsight(const struct tally *t, size_t i,
				const void *arg)
{
	(void)arg;
	return (struct way){.cheap = true,
			    .keep = !t->rows[i].loss && !t->barred[i]};
}

static struct way way_cuts(const struct tally *t, size_t i, const void *arg)
{
	enum cuts_fate fate = cuts_apply(arg, &t->rows[i]);

	return (struct way){
		.cheap = true,
		.check = fate == CUTS_CHECK_ACCEPT ||
			 fate == CUTS_CHECK_ESCALATE,
		.keep = fate == CUTS_ACCEPT || fate == CUTS_CHECK_ACCEPT,
	};
}

struct report_policy tally_cheap(const struct tally *t, const char *name)
{
	return tally(t, name, way_cheap, NULL);
}

/* By its nature, so there is no interval. */
static struct report_policy lossless(struct report_policy p)
{
	p.risk = (struct report_value){0, NAN, NAN};
	return p;
}

struct report_policy tally_expensive(const struct tally *t, const char *name)
{
	return lossless(tally(t, name, way_expensive, NULL));
}

struct report_policy tally_cuts(const struct tally *t, const char *name,
				const struct artifact_cuts *c)
{
	return tally(t, name, way_cuts, c);
}

struct report_policy tally_hindsight(const struct tally *t, const char *name)
{
	return lossless(tally(t, name, way_hindsight, NULL));
}

static struct report_value mix(double share, double a, double b)
{
	return (struct report_value){share * a + (1 - share) * b, NAN, NAN};
}

struct report_policy tally_lot(const struct report_policy *cheap,
			       const struct report_policy *expensive,
			       const char *name, double cost)
{
	double far = expensive->cost.at - cheap->cost.at;
	double q = far > 0 ? (expensive->cost.at - cost) / far : NAN;

	q = isnan(q) ? q : fmax(0, fmin(1, q));
	return (struct report_policy){
		.name = name,
		.accepted = q,
		.risk = mix(q, cheap->risk.at, expensive->risk.at),
		.right = mix(q, cheap->right.at, expensive->right.at),
		.cost = mix(q, cheap->cost.at, expensive->cost.at),
		.cheap_usd = q * cheap->cheap_usd,
		.expensive_usd = (1 - q) * expensive->expensive_usd,
	};
}

/* ---- many policies ------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t tally_check_all(const struct tally *t, struct artifact_cuts *out,
		       size_t most)
{
	double *after = mem_array(t->n + 1, sizeof(*after));
	size_t m = 0, n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!isnan(t->rows[i].regret[HEADS_AFTER]))
			after[m++] = t->rows[i].regret[HEADS_AFTER];
	qsort(after, m, sizeof(*after), by_value);
	out[n++] = (struct artifact_cuts){-1, 1, -1};
	for (size_t k = 1; k < most && m > 0; k++) {
		double cut = after[k * (m - 1) / (most - 1)];

		if (cut > out[n - 1].after)
			out[n++] = (struct artifact_cuts){-1, 1, cut};
	}
	free(after);
	return n;
}

struct artifact_cuts tally_within(const struct tally *t,
				  const struct artifact_cuts *cuts,
				  size_t n_cuts, size_t k)
{
	struct artifact_cuts best = n_cuts > 0 ? cuts[0] : cuts_none();
	double most = -INFINITY;

	for (size_t i = 0; i < n_cuts; i++) {
		struct cuts_sum sum = cuts_count(&cuts[i], t->rows, t->n);
		double saving = cuts_saving(&sum);

		if (sum.n_losses <= k && saving > most) {
			most = saving;
			best = cuts[i];
		}
	}
	return best;
}

static int by_accepted(const void *a, const void *b)
{
	const struct report_policy *x = a, *y = b;

	if (x->accepted != y->accepted)
		return x->accepted < y->accepted ? -1 : 1;
	return (x->risk.at > y->risk.at) - (x->risk.at < y->risk.at);
}

size_t tally_line(const struct tally *t, const struct artifact_cuts *cuts,
		  size_t n_cuts, size_t most, struct report_policy *out)
{
	size_t n = n_cuts < most ? n_cuts : most;

	for (size_t i = 0; i < n; i++) {
		size_t k = n > 1 ? i * (n_cuts - 1) / (n - 1) : 0;

		out[i] = tally_cuts(t, "", &cuts[k]);
	}
	qsort(out, n, sizeof(*out), by_accepted);
	return n;
}
