/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error of who says whether two answers agree, and what it takes off a
 * promise. Pure.
 *
 * A miss is a request whose cheap answer is called the same as the expensive
 * one though, by the labels, the cheap one is wrong and the expensive one is
 * right. A request that is lost by the labels and kept was either called
 * different, or it is a miss:
 *
 *	P(kept, lost) <= P(kept, called different) + P(miss)
 *
 * So at most alpha is lost with probability 1 - delta when at most alpha - e is
 * kept and called different, and at most e missed, each with probability
 * 1 - delta / 2 (union bound). e is the upper limit (Clopper and Pearson) of
 * the misses on rows with both labels, which must be a fair sample of requests.
 */
#ifndef CTL_MISSES_H
#define CTL_MISSES_H

#include "ctl/samples.h"

struct misses {
	size_t n_labelled; /* rows of which it can be told */
	size_t n_missed;   /* of these */
	double upper;	   /* e; 1 where there are none */
};

/* The rows of eval and shadow traffic that have both labels and the word on
 * them; delta of the whole promise. */
struct misses misses_count(const struct samples *s, double delta);

/* What is left to certify, and at which delta: all of it where e leaves
 * nothing, and the promise is then about the word alone. alpha NaN: there is no
 * promise. */
struct misses_rest {
	double alpha, delta;
	bool is_counted; /* the error is in the promise */
};

struct misses_rest misses_rest(const struct misses *m, double alpha,
			       double delta);

#endif
