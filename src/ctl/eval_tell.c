/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums questions up.
 */
#include "ctl/eval_tell.h"

#include <inttypes.h>

static double usd(int64_t pusd)
{
	return (double)pusd * 1e-12;
}

static double percent(size_t part, size_t whole)
{
	return 100.0 * (double)part / (double)whole;
}

static void tell_questions(const struct eval_told *e,
			   const struct eval_tally *t, FILE *to)
{
	const struct eval_plan_counts *c = e->counts;

	fprintf(to, "questions  %zu asked of %zu in %s\n", t->done, e->n_lines,
		e->file);
	if (c->repeated)
		fprintf(to,
			"           passed over: %zu that were there "
			"before\n",
			c->repeated);
	if (c->there)
		fprintf(to,
			"           passed over: %zu that are in the "
			"ledger\n",
			c->there);
	if (c->failed)
		fprintf(to,
			"           of these %zu failed; --retry asks them "
			"again\n",
			c->failed);
	if (e->torn)
		fputs("           passed over: 1 torn at the end of the "
		      "file\n",
		      to);
	if (e->left)
		fprintf(to, "           left: %zu; the same command goes on\n",
			e->left);
}

static void tell_pairs(const struct eval_tally *t, FILE *to)
{
	size_t pairs = t->agree + t->differ;

	fprintf(to, "answered   %zu by each tier", t->done - t->failed);
	if (t->failed)
		fprintf(to, ", %zu not", t->failed);
	fputs("\n", to);
	if (pairs)
		fprintf(to, "           %zu of %zu pairs agree (%.1f %%)\n",
			t->agree, pairs, percent(t->agree, pairs));
}

static void tell_tier(struct eval_tier *tier, FILE *to)
{
	fprintf(to, "%-10s %zu answers", tier->backend, tier->answers);
	if (tier->failures)
		fprintf(to, ", %zu failures (last: %s)", tier->failures,
			tier->why);
	if (tier->answers)
		fprintf(to, ", %.3g s (median)",
			(double)eval_tier_median_us(tier) * 1e-6);
	fprintf(to, ", %.4g USD\n", usd(tier->cost_pusd));
	if (tier->labelled)
		fprintf(to, "           %zu of %zu right (%.1f %%)\n",
			tier->right, tier->labelled,
			percent(tier->right, tier->labelled));
}

static void tell_cost(const struct eval_tally *t, FILE *to)
{
	fprintf(to, "spent      %.4g USD", usd(t->spent_pusd));
	if (t->verify_pusd)
		fprintf(to, ", %.4g of it for verifying", usd(t->verify_pusd));
	fputs("\n", to);
}

/* As it can be typed, but for names that a shell would take apart. */
static void tell_next(const struct eval_told *e, FILE *to)
{
	const struct conf_cascade *c = e->cascade;

	if (c->n_tiers != 2 || c->n_verify == 0)
		return;
	fprintf(to,
		"next       frugalctl calibrate -c %s --cascade %s "
		"--max-error %g --delta %g -o %s.json\n",
		e->conf->path, c->name, c->max_error > 0 ? c->max_error : 0.05,
		c->max_error > 0 ? c->delta : 0.05, c->name);
}

void eval_tell(const struct eval_told *e, struct eval_tally *t, FILE *to)
{
	tell_questions(e, t, to);
	if (t->done > 0) {
		tell_pairs(t, to);
		for (size_t i = 0; i < t->n_tiers; i++)
			tell_tier(&t->tiers[i], to);
		tell_cost(t, to);
	}
	fprintf(to, "ledger     %s, mode eval\n", e->conf->ledger.path);
	tell_next(e, to);
}
