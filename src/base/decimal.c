/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal numbers to the nearest double.
 */
#include "base/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* digits / 10^n rounded to even, by one exact division of integers: numbers
 * of 16 to 19 digits are common in log-probs and strtod() is slow on them. */
static double divided(uint64_t digits, int n)
{
	/* clang-format off */
	static const uint64_t five[] = {
		1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u,
		1953125u, 9765625u, 48828125u, 244140625u, 1220703125u,
		6103515625u, 30517578125u, 152587890625u, 762939453125u,
		3814697265625u, 19073486328125u, 95367431640625u,
		476837158203125u, 2384185791015625u, 11920928955078125u,
		59604644775390625u, 298023223876953125u, 1490116119384765625u,
		7450580596923828125u,
	};
	/* clang-format on */
	int up = __builtin_clzll(digits), down = __builtin_clzll(five[n]);
	uint64_t divisor = five[n] << down;
	uint128 dividend = (uint128)(digits << up) << 63;
	uint64_t q = (uint64_t)(dividend / divisor); /* 63 or 64 bits */
	bool rest = (uint64_t)dividend != q * divisor;
	int spare = q >> 63 ? 11 : 10; /* bits below the 53 of a double */
	uint64_t top = q >> spare, half = (uint64_t)1 << (spare - 1);
	uint64_t low = q & (2 * half - 1);
	uint64_t scale;
	double power;

	if (low > half || (low == half && (rest || (top & 1))))
		top++;
	scale = (uint64_t)(1023 + spare - 63 + down - up - n) << 52;
	memcpy(&power, &scale, sizeof(power));
	return (double)top * power;
}

/* False when it takes strtod() to round rightly. */
static bool quick(const struct decimal *n, double *v)
{
	static const double ten[] = {1e0,  1e1,	 1e2,  1e3,  1e4,  1e5,
				     1e6,  1e7,	 1e8,  1e9,  1e10, 1e11,
				     1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
				     1e18, 1e19, 1e20, 1e21, 1e22};
	int64_t exponent = n->exponent;

	if (n->n_digits > DECIMAL_DIGITS || exponent < -27 || exponent > 22)
		return false;
	/* Both exact, so one rounding. */
	if (n->digits <= (uint64_t)1 << 53 && exponent >= -22)
		*v = exponent < 0 ? (double)n->digits / ten[-exponent]
				  : (double)n->digits * ten[exponent];
	else if (n->digits && exponent <= 0)
		*v = divided(n->digits, (int)-exponent);
	else
		return false;
	if (n->negative)
		*v = -*v;
	return true;
}

/* The first DECIMAL_DIGITS digits, and how many places the others take. */
static uint64_t first_digits(struct span text, int64_t *places)
{
	uint64_t digits = 0;
	int left = DECIMAL_DIGITS;

	*places = 0;
	for (size_t i = 0; i < text.n && (text.p[i] | 0x20) != 'e'; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			continue;
		if (left > 0) {
			digits = digits * 10 + (uint64_t)(text.p[i] - '0');
			left -= digits > 0;
		} else {
			++*places;
		}
	}
	return digits;
}

/* The locale is "C": nobody here calls setlocale(). */
static double slow(const struct decimal *n, struct span text)
{
	char copy[512];
	uint64_t digits;
	int64_t places;

	if (text.n < sizeof(copy)) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = '\0';
	} else {
		digits = first_digits(text, &places);
		snprintf(copy, sizeof(copy), "%s%jue%jd",
			 n->negative ? "-" : "", (uintmax_t)digits,
			 (intmax_t)(n->exponent + places));
	}
	return strtod(copy, NULL);
}

double decimal_double(const struct decimal *n, struct span text)
{
	double v;

	return quick(n, &v) ? v : slow(n, text);
}
