/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binomial tails by the regularised incomplete beta function.
 */
#include "stat/binom.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

/* About sqrt(a + b) turns are enough, so this is beyond any count of rows. */
#define TURNS	 10000000
#define HALVINGS 100

/* lgamma() writes the sign to a global. */
static double ln_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* A term may not be 0: the next one divides by it. */
static double off_zero(double x)
{
	return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/* The continued fraction of I_x(a, b) (DLMF 8.17.22) by Lentz's method as
 * modified by Thompson and Barnett 1986; quick for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / off_zero(1 - (a + b) * x / (a + 1)), h = d;

	for (int i = 1; i < TURNS; i++) {
		double m = i, at = a + 2 * m, even, odd, turn;

		even = m * (b - m) * x / ((at - 1) * at);
		d = 1 / off_zero(1 + even * d);
		c = off_zero(1 + even / c);
		h *= d * c;
		odd = -(a + m) * (a + b + m) * x / (at * (at + 1));
		d = 1 / off_zero(1 + odd * d);
		c = off_zero(1 + odd / c);
		turn = d * c;
		h *= turn;
		if (fabs(turn - 1) < 4 * DBL_EPSILON)
			break;
	}
	return h;
}

/* I_x(a, b) with y = 1 - x given beside x, so that no logarithm is rounded. */
static double beta_share(double a, double b, double x, double y)
{
	double ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);

	ln_front += a * (x < 0.5 ? log(x) : log1p(-y));
	ln_front += b * (y < 0.5 ? log(y) : log1p(-x));
	return exp(ln_front) * beta_fraction(a, b, x) / a;
}

double binom_cdf(size_t k, size_t n, double p)
{
	double a = (double)n - (double)k, b = (double)k + 1;

	assert(p >= 0 && p <= 1);
	if (k >= n || p == 0)
		return 1;
	if (p == 1)
		return 0;
	if (k == 0)
		return exp((double)n * log1p(-p));
	/* P(X <= k) = I_{1-p}(n - k, k + 1) */
	if (1 - p > (a + 1) / (a + b + 2))
		return 1 - beta_share(b, a, p, 1 - p);
	return beta_share(a, b, 1 - p, p);
}

double binom_upper(size_t k, size_t n, double delta)
{
	double low = 0, high = 1;

	assert(delta > 0 && delta < 1);
	if (k >= n)
		return 1;
	/* high keeps to the safe side. */
	for (int i = 0; i < HALVINGS; i++) {
		double mid = low + (high - low) / 2;

		if (mid == low || mid == high)
			break;
		if (binom_cdf(k, n, mid) > delta)
			low = mid;
		else
			high = mid;
	}
	return high;
}

double binom_lower(size_t k, size_t n, double delta)
{
	return 1 - binom_upper(k < n ? n - k : 0, n, delta);
}

size_t binom_least(double alpha, double delta)
{
	double estimate;
	size_t n;

	assert(alpha > 0 && alpha < 1 && delta > 0 && delta < 1);
	estimate = ceil(log(delta) / log1p(-alpha));
	if (estimate >= (double)SIZE_MAX)
		return SIZE_MAX;
	/* Rounding may be one off. */
	n = (size_t)estimate;
	while (binom_cdf(0, n, alpha) > delta)
		n++;
	while (n > 1 && binom_cdf(0, n - 1, alpha) <= delta)
		n--;
	return n;
}
