/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text, for reports.
 */
#include "ctl/amount.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN "\u2013"
#define MINUS	"\u2212"
#define NBSP	"\u00a0" /* a number and its unit stay on one line */

typedef struct amount amount_fn(double v);

static const char *sign_of(double v)
{
	return v < 0 ? MINUS : "";
}

struct amount amount_share(double share)
{
	struct amount a = {UNKNOWN};
	double percent = fabs(share) * 100;

	if (isfinite(share))
		snprintf(a.s, sizeof(a.s), "%s%.*f" NBSP "%%",
			 sign_of(percent < 0.005 ? 0 : share),
			 percent < 0.995 && percent >= 0.005 ? 2 : 1, percent);
	return a;
}

struct amount amount_given(double share)
{
	struct amount a = {UNKNOWN};

	if (isfinite(share))
		snprintf(a.s, sizeof(a.s), "%.4g" NBSP "%%", share * 100);
	return a;
}

/* Thousands of the whole part are told apart. */
static void group(char out[64], const char *digits)
{
	size_t whole = strcspn(digits, "."), n = 0;

	for (size_t i = 0; digits[i] && n < 60; i++) {
		if (i && i < whole && (whole - i) % 3 == 0)
			out[n++] = ',';
		out[n++] = digits[i];
	}
	out[n] = '\0';
}

struct amount amount_usd(double usd)
{
	struct amount a = {UNKNOWN};
	double size = fabs(usd);
	char digits[40], grouped[64];
	int decimals = 2;

	if (!isfinite(usd) || size >= 1e15)
		return a;
	while (decimals < 9 && size > 0 && size * pow(10, decimals) < 99.5)
		decimals++;
	if (size < 1e-9)
		decimals = 0;
	snprintf(digits, sizeof(digits), "%.*f", decimals, size);
	group(grouped, digits);
	snprintf(a.s, sizeof(a.s), "%s$%.50s", sign_of(size < 1e-9 ? 0 : usd),
		 grouped);
	return a;
}

struct amount amount_count(size_t n)
{
	struct amount a = {""};
	char digits[40];

	snprintf(digits, sizeof(digits), "%zu", n);
	group(a.s, digits);
	return a;
}

struct amount amount_decimal(double v)
{
	struct amount a = {UNKNOWN};

	if (isfinite(v))
		snprintf(a.s, sizeof(a.s), "%s%.3f", sign_of(v), fabs(v));
	return a;
}

static struct amount range(double low, double high, amount_fn *of)
{
	struct amount a = {UNKNOWN};

	if (isfinite(low) && isfinite(high))
		snprintf(a.s, sizeof(a.s), "%.29s to %.29s", of(low).s,
			 of(high).s);
	return a;
}

struct amount amount_share_range(double low, double high)
{
	return range(low, high, amount_share);
}

struct amount amount_usd_range(double low, double high)
{
	return range(low, high, amount_usd);
}

struct amount amount_decimal_range(double low, double high)
{
	return range(low, high, amount_decimal);
}
