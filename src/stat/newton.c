/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newton's method with halved steps, on a loss that is convex.
 */
#include "stat/newton.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stat/logit.h"

/* Half of it times the square of each weight but the intercept is added to the
 * loss: ends the walk where two classes can be told apart entirely. */
#define RIDGE	 1e-11
#define FREE	 1e-10 /* a column with less of its own has no weight */
#define STEPS	 100
#define HALVINGS 30

static double dot(const double *a, const double *b)
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double loss_at(const struct newton *t, const double *w)
{
	double loss = RIDGE / 2 * (w[1] * w[1] + w[2] * w[2]);

	for (size_t i = 0; i < t->n; i++) {
		double z = dot(w, t->x[i]);

		loss += fmax(z, 0) + log1p(exp(-fabs(z))) - t->target[i] * z;
	}
	return loss;
}

/* First and second derivatives of the loss; the lower half of h. */
static void slopes(const struct newton *t, double g[NEWTON_WEIGHTS],
		   double h[NEWTON_WEIGHTS][NEWTON_WEIGHTS])
{
	for (size_t j = 0; j < NEWTON_WEIGHTS; j++) {
		double ridge = j == 0 ? 0 : RIDGE;

		g[j] = ridge * t->w[j];
		for (size_t k = 0; k <= j; k++)
			h[j][k] = j == k ? ridge : 0;
	}
	for (size_t i = 0; i < t->n; i++) {
		const double *x = t->x[i];
		double p = logit_sigma(dot(t->w, x));

		for (size_t j = 0; j < NEWTON_WEIGHTS; j++) {
			double bend = p * (1 - p) * x[j];

			g[j] += (p - t->target[i]) * x[j];
			for (size_t k = 0; k <= j; k++)
				h[j][k] += bend * x[k];
		}
	}
}

/* h d = g by Cholesky's factors, which overwrite h. What depends on earlier
 * columns gets 0. */
static void solve(double h[NEWTON_WEIGHTS][NEWTON_WEIGHTS],
		  const double g[NEWTON_WEIGHTS], double d[NEWTON_WEIGHTS])
{
	double inverse[NEWTON_WEIGHTS] = {0};

	for (size_t j = 0; j < NEWTON_WEIGHTS; j++) {
		double whole = h[j][j];

		for (size_t i = j; i < NEWTON_WEIGHTS; i++)
			for (size_t k = 0; k < j; k++)
				h[i][j] -= h[i][k] * h[j][k] * inverse[k];
		inverse[j] = h[j][j] > FREE * whole ? 1 / h[j][j] : 0;
		d[j] = g[j];
		for (size_t k = 0; k < j; k++)
			d[j] -= h[j][k] * inverse[k] * d[k];
	}
	for (size_t j = NEWTON_WEIGHTS; j-- > 0;) {
		for (size_t i = j + 1; i < NEWTON_WEIGHTS; i++)
			d[j] -= h[i][j] * d[i];
		d[j] *= inverse[j];
	}
}

/* The first halving of step d that lowers the loss as it should. */
static bool step_down(struct newton *t, const double *d, double decrement)
{
	double loss = loss_at(t, t->w), share = 1, to[NEWTON_WEIGHTS];

	for (int i = 0; i < HALVINGS; i++, share /= 2) {
		for (size_t j = 0; j < NEWTON_WEIGHTS; j++)
			to[j] = t->w[j] - share * d[j];
		if (loss_at(t, to) <= loss - 1e-4 * share * decrement) {
			memcpy(t->w, to, sizeof(to));
			return true;
		}
	}
	return false;
}

/* Where no column counts; elsewhere all rows may lie where sigma is flat. */
static void start(struct newton *t)
{
	double sum = 0.5;

	for (size_t i = 0; i < t->n; i++)
		sum += t->target[i];
	t->w[0] = log(sum / ((double)t->n + 1 - sum));
	t->w[1] = t->w[2] = 0;
}

void newton_init(struct newton *t, size_t n)
{
	*t = (struct newton){.n = n};
	t->x = mem_array(n, sizeof(*t->x));
	t->target = mem_array(n, sizeof(*t->target));
}

void newton_release(struct newton *t)
{
	free(t->x);
	free(t->target);
}

void newton_run(struct newton *t)
{
	double g[NEWTON_WEIGHTS], h[NEWTON_WEIGHTS][NEWTON_WEIGHTS],
		d[NEWTON_WEIGHTS], decrement;

	start(t);
	for (int i = 0; i < STEPS; i++) {
		slopes(t, g, h);
		solve(h, g, d);
		decrement = dot(g, d);
		if (decrement > 1e-9 * (1 + (double)t->n)) {
			if (!step_down(t, d, decrement))
				return;
			continue;
		}
		/* So near, the whole step is right, and the loss too coarse
		 * to see it. */
		for (size_t j = 0; j < NEWTON_WEIGHTS; j++)
			t->w[j] -= d[j];
		return;
	}
}
