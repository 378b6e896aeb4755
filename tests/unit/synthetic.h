/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded traffic of which the truth is known.
 *
 * Of each row a latent u, uniform in [0, 1], is drawn: the cheap reply is
 * wrong with probability u^2, the expensive one is right. Signals see u
 * through noise; the check's sees it well.
 */
#ifndef UNIT_SYNTHETIC_H
#define UNIT_SYNTHETIC_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ctl/samples.h"

enum { SYNTHETIC_BEFORE = 2, SYNTHETIC_NAMES = 3 };

static const char *synthetic_names[] = {"x.a", "x.b", "check.p"};

static void synthetic_row(struct sample *s, struct arena *a, size_t i,
			  unsigned short state[3])
{
	double *v = arena_get(a, SYNTHETIC_NAMES * sizeof(*v));
	double u = erand48(state);

	v[0] = u + .8 * (erand48(state) - .5);
	v[1] = erand48(state) < .1 ? NAN : -u * u + erand48(state);
	v[2] = 1 - u + .05 * (erand48(state) - .5);
	*s = (struct sample){
		.id = arena_printf(a, "r%zu", i),
		.mode = SAMPLE_EVAL,
		.values = v,
		.has_check = true,
		.cheap_right =
			erand48(state) < u * u ? KNOWN_FALSE : KNOWN_TRUE,
		.expensive_right = KNOWN_TRUE,
		.same = KNOWN_NOT,
		.cheap_usd = .06,
		.check_usd = .1,
		.expensive_usd = 1,
	};
}

/* Its arena is the caller's. */
static struct samples synthetic(size_t n, uint16_t seed)
{
	unsigned short state[3] = {seed, 17, 4};
	struct arena *a = arena_new();
	struct samples s = {
		.arena = a,
		.names = synthetic_names,
		.n_before = SYNTHETIC_BEFORE,
		.n_names = SYNTHETIC_NAMES,
		.v = arena_get(a, (n + 1) * sizeof(*s.v)),
		.n = n,
	};

	for (size_t i = 0; i < n; i++)
		synthetic_row(&s.v[i], a, i, state);
	return s;
}

#endif
