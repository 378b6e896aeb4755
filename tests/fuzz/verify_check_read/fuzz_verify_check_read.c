/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever two backends send: what is read of it are shares or nothing, and
 * what is no agreement scores as none. The first byte chooses the mode and the
 * comparison; a byte 0xff stands between our reply and the check's.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/jscan.h"
#include "verify/signal.h"
#include "verify/verify_check_read.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_share(double x)
{
	return x >= 0 && x <= 1;
}

static void check_verdict(const struct verdict *v)
{
	double agree, share, logp;

	if (v->kind == VERDICT_NONE && v->lack == LACK_FAULT)
		return;
	check(v->n_signals == 3);
	agree = v->signals[0].value;
	share = v->signals[1].value;
	logp = v->signals[2].value;
	check(isnan(agree) || agree == 0 || agree == 1);
	check(isnan(share) || is_share(share));
	check(isnan(logp) || isfinite(logp));
	check(isnan(share) || !isnan(logp));
	if (v->kind == VERDICT_SCORE)
		check(v->score == (isnan(share) ? agree : share));
	else
		check(v->kind == VERDICT_NONE && v->lack == LACK_SIGNAL &&
		      isnan(agree) && isnan(share));
}

static bool read_reply(struct chat_reply *r, const char *p, size_t n,
		       struct arena *a)
{
	struct chat_fault why;

	return chat_reply_read(r, (struct span){p, n}, DEPTH, true, a, &why) ==
		       0 &&
	       !r->error.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *cut = n ? memchr(p, 0xff, n) : NULL;
	struct arena *a = arena_new();
	struct chat_reply ours, theirs;
	struct verdict v = {0};
	size_t n_ours;
	char *copy;

	if (!cut || cut == p) {
		arena_free(a);
		return 0;
	}
	n_ours = (size_t)(cut - p) - 1;
	copy = malloc(n);
	memcpy(copy, p, n);
	if (read_reply(&ours, copy + 1, n_ours, a) &&
	    read_reply(&theirs, copy + n_ours + 2, n - n_ours - 2, a)) {
		const struct verify_check_asked asked = {
			p[0] & 1 ? CHAT_CHECK_BLIND : CHAT_CHECK_VERDICT,
			(enum comparator)(p[0] / 2 % COMPARATOR_N),
			SIGNAL_CHECK_AGREE,
		};

		verify_check_read(&asked, &ours.choices[0], &theirs, a, &v);
		check_verdict(&v);
	}
	free(copy);
	arena_free(a);
	return 0;
}
