/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random draws that a seed repeats: splitmix64 (Steele, Lea and Flood 2014).
 *
 * Seeds that are close, or the same for two purposes, give streams that have
 * nothing to do with each other, so trials may be numbered. Not for secrets.
 */
#ifndef STAT_DRAW_H
#define STAT_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* Plain value. */
struct draw {
	uint64_t state;
};

static inline uint64_t draw_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t draw_bits(struct draw *d)
{
	d->state += UINT64_C(0x9e3779b97f4a7c15);
	return draw_mix(d->state);
}

/* purpose: a different stream for each use of one seed. */
static inline struct draw draw_by(uint64_t seed, uint64_t purpose)
{
	struct draw d = {draw_mix(seed + 1) ^ draw_mix(~purpose)};

	draw_bits(&d);
	return d;
}

/* In [0, 1), 53 bits. */
static inline double draw_unit(struct draw *d)
{
	return (double)(draw_bits(d) >> 11) * 0x1p-53;
}

/* One of 0 to n - 1; n is not 0. */
static inline size_t draw_below(struct draw *d, size_t n)
{
	return (size_t)(draw_bits(d) % n);
}

#endif
