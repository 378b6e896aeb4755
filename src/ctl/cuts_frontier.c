/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists the policies worth testing.
 *
 * Rows fall into the cells of a grid: regret before the check along one side,
 * regret after it along the other. Sums over the cells up to each corner then
 * give risk and saving of any policy of the grid in a few additions.
 */
#include "ctl/cuts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID_FINE  400 /* of a single cut */
#define GRID_BAND  40  /* either end of a band, and ... */
#define GRID_AFTER 60  /* ... the cut after its check */

#define ROUNDING 1e-9

/* Cut k of n, k from 1, takes the rows up to cuts[k]; cut 0 takes none. */
struct axis {
	double *cuts;
	size_t n;
};

/* Of the rows up to a corner. */
struct cell {
	double expensive, check;    /* USD */
	double risk[HEADS_NSTAGES]; /* when accepted at that stage */
};

struct grid {
	struct axis axis[HEADS_NSTAGES];
	struct cell *cells; /* [before][after], n + 2 along each side */
	double expensive;   /* of all rows */
};

struct policy {
	double risk, saving;
	size_t accept, check, after; /* cuts of the axes */
};

struct policies {
	struct policy *v;
	size_t n;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Cuts that take 1/n, 2/n ... of the regrets that are there; each value once.
 */
static void axis_init(struct axis *a, const struct cuts_row *rows, size_t n,
		      enum heads_stage stage, size_t n_cuts)
{
	double *v = mem_array(n + 1, sizeof(*v));
	size_t n_v = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(rows[i].regret[stage]))
			v[n_v++] = rows[i].regret[stage];
	qsort(v, n_v, sizeof(*v), by_value);
	*a = (struct axis){.cuts = mem_array(n_cuts + 1, sizeof(*a->cuts))};
	a->cuts[0] = -1;
	for (size_t k = 1; k <= n_cuts; k++) {
		size_t take = k * n_v / n_cuts;

		if (take > 0 && v[take - 1] > a->cuts[a->n])
			a->cuts[++a->n] = v[take - 1];
	}
	free(v);
}

/* One cut that takes all. */
static void axis_init_all(struct axis *a)
{
	*a = (struct axis){.cuts = mem_array(2, sizeof(*a->cuts)), .n = 1};
	a->cuts[0] = -1;
	a->cuts[1] = 1;
}

/* The first cut that takes it; n + 1: none. */
static size_t axis_find(const struct axis *a, double regret)
{
	size_t low = 1, high = a->n + 1;

	if (isnan(regret))
		return a->n + 1;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (regret <= a->cuts[mid])
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static struct cell *grid_at(const struct grid *g, size_t before, size_t after)
{
	return &g->cells[before * (g->axis[HEADS_AFTER].n + 2) + after];
}

static void cell_add(struct cell *to, const struct cell *c, double sign)
{
	to->expensive += sign * c->expensive;
	to->check += sign * c->check;
	for (int s = 0; s < HEADS_NSTAGES; s++)
		to->risk[s] += sign * c->risk[s];
}

static void grid_put(struct grid *g, const struct cuts_row *row)
{
	const double *regret = row->regret;
	struct cell c = {row->expensive_usd, row->check_usd, {0, 0}};

	for (int s = 0; s < HEADS_NSTAGES; s++)
		c.risk[s] = isnan(regret[s]) ? row->loss
					     : (regret[s] + row->loss) / 2;
	g->expensive += row->expensive_usd;
	cell_add(grid_at(g, axis_find(&g->axis[HEADS_BEFORE], regret[0]),
			 axis_find(&g->axis[HEADS_AFTER], regret[1])),
		 &c, 1);
}

/* From cells to sums of all cells up to each. */
static void grid_sum(struct grid *g)
{
	size_t n_before = g->axis[HEADS_BEFORE].n + 2;
	size_t n_after = g->axis[HEADS_AFTER].n + 2;

	for (size_t i = 0; i < n_before; i++)
		for (size_t k = 1; k < n_after; k++)
			cell_add(grid_at(g, i, k), grid_at(g, i, k - 1), 1);
	for (size_t i = 1; i < n_before; i++)
		for (size_t k = 0; k < n_after; k++)
			cell_add(grid_at(g, i, k), grid_at(g, i - 1, k), 1);
}

static void grid_init(struct grid *g, const struct cuts_row *rows, size_t n,
		      enum cuts_use use)
{
	static const size_t sizes[][HEADS_NSTAGES] = {
		[CUTS_BAND] = {GRID_FINE, GRID_AFTER},
		[CUTS_UNCHECKED] = {GRID_FINE, 0},
		[CUTS_CHECK_ALL] = {1, GRID_FINE},
	};

	*g = (struct grid){0};
	if (use == CUTS_CHECK_ALL)
		axis_init_all(&g->axis[HEADS_BEFORE]);
	else
		axis_init(&g->axis[HEADS_BEFORE], rows, n, HEADS_BEFORE,
			  sizes[use][HEADS_BEFORE]);
	axis_init(&g->axis[HEADS_AFTER], rows, n, HEADS_AFTER,
		  sizes[use][HEADS_AFTER]);
	g->cells = mem_array((g->axis[HEADS_BEFORE].n + 2) *
				     (g->axis[HEADS_AFTER].n + 2),
			     sizeof(*g->cells));
	for (size_t i = 0; i < n; i++)
		grid_put(g, &rows[i]);
	grid_sum(g);
}

static void grid_release(struct grid *g)
{
	for (int s = 0; s < HEADS_NSTAGES; s++)
		free(g->axis[s].cuts);
	free(g->cells);
}

/* Saving without what is spent anyway: the cheap replies. */
static struct policy weigh(const struct grid *g, size_t accept, size_t check,
			   size_t after)
{
	size_t all = g->axis[HEADS_AFTER].n + 1;
	const struct cell *sure = grid_at(g, accept, all);
	const struct cell *asked = grid_at(g, check, all);
	const struct cell *kept = grid_at(g, check, after);
	const struct cell *sure_kept = grid_at(g, accept, after);
	double avoided =
		sure->expensive + kept->expensive - sure_kept->expensive;

	return (struct policy){
		.risk = sure->risk[HEADS_BEFORE] + kept->risk[HEADS_AFTER] -
			sure_kept->risk[HEADS_AFTER],
		.saving = avoided - (asked->check - sure->check),
		.accept = accept,
		.check = check,
		.after = after,
	};
}

static void list_checked(const struct grid *g, size_t accept, size_t check,
			 struct policies *to)
{
	for (size_t after = 1; after <= g->axis[HEADS_AFTER].n; after++)
		to->v[to->n++] = weigh(g, accept, check, after);
}

/* Pairs of all cuts would be too many. */
static void list_bands(const struct grid *g, struct policies *to)
{
	size_t n = g->axis[HEADS_BEFORE].n;
	size_t n_ends = n < GRID_BAND ? n : GRID_BAND;

	for (size_t i = 0; i < n_ends; i++)
		for (size_t k = i + 1; k <= n_ends; k++)
			list_checked(g, i * n / n_ends, k * n / n_ends, to);
}

static void list(const struct grid *g, enum cuts_use use, struct policies *to)
{
	size_t n = g->axis[HEADS_BEFORE].n;
	size_t n_most = n + 2 +
			(GRID_BAND + 1) * (GRID_BAND + 2) / 2 *
				(g->axis[HEADS_AFTER].n + 1);

	*to = (struct policies){.v = mem_array(n_most, sizeof(*to->v))};
	to->v[to->n++] = weigh(g, 0, 0, 0);
	if (use == CUTS_CHECK_ALL) {
		list_checked(g, 0, n, to);
		return;
	}
	for (size_t accept = 1; accept <= n; accept++)
		to->v[to->n++] = weigh(g, accept, accept, 0);
	if (use == CUTS_BAND)
		list_bands(g, to);
}

/* Safest first; of equal risk, the most saving first. */
static int by_risk(const void *a, const void *b)
{
	const struct policy *x = a, *y = b;

	if (x->risk != y->risk)
		return x->risk > y->risk ? 1 : -1;
	return (x->saving < y->saving) - (x->saving > y->saving);
}

/* Keeps what saves more than each safer one. Sums of cells differ by rounding,
 * which is no saving, and no risk: the better of two of equal risk stays, but
 * the first, which takes nothing. */
static void keep_frontier(struct policies *p, double rounding_usd)
{
	size_t kept = 1;

	qsort(p->v, p->n, sizeof(*p->v), by_risk);
	for (size_t i = 1; i < p->n; i++) {
		const struct policy *last = &p->v[kept - 1];

		if (p->v[i].saving <= last->saving + rounding_usd)
			continue;
		if (kept > 1 && p->v[i].risk <= last->risk + ROUNDING)
			kept--;
		p->v[kept++] = p->v[i];
	}
	p->n = kept;
}

static struct artifact_cuts cuts_of(const struct grid *g,
				    const struct policy *p)
{
	return (struct artifact_cuts){
		.accept = g->axis[HEADS_BEFORE].cuts[p->accept],
		.check = g->axis[HEADS_BEFORE].cuts[p->check],
		.after = g->axis[HEADS_AFTER].cuts[p->after],
	};
}

size_t cuts_frontier(const struct cuts_row *rows, size_t n, enum cuts_use use,
		     struct artifact_cuts *out, size_t most)
{
	struct grid g;
	struct policies p;
	size_t n_out;

	assert(most >= 2);
	grid_init(&g, rows, n, use);
	list(&g, use, &p);
	keep_frontier(&p, ROUNDING * g.expensive);
	n_out = p.n < most ? p.n : most;
	out[0] = cuts_none();
	for (size_t i = 1; i < n_out; i++)
		out[i] = cuts_of(&g, &p.v[i * (p.n - 1) / (n_out - 1)]);
	free(p.v);
	grid_release(&g);
	return n_out;
}
