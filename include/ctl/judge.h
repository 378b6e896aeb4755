/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record in the eyes of a cascade of two tiers: the replies are read and
 * judged by the daemon's own code, in the order of the configured chain. Pure.
 *
 * Where the reply is not there, or a verifier cannot judge it here, what the
 * record says of it counts: its signals, its extracted answer. Signals of names
 * that we do not compute ("x.verbal") always count.
 */
#ifndef CTL_JUDGE_H
#define CTL_JUDGE_H

#include "conf/conf.h"
#include "ctl/record.h"
#include "verify/verdict.h"

struct judged {
	/* Is there a reply of the first tier, or signals of one? Else nothing
	 * below holds. */
	bool answered;
	bool other_model; /* a tier was another model than is configured now */
	const char *barred;	/* as in struct sample */
	struct signal *signals; /* names may end with the arena */
	size_t n_signals;
	struct sample_check *checks; /* as in struct sample, like these: */
	size_t n_checks;
	bool has_check;
	bool check_unknown;
	bool check_absent;
	enum known cheap_right, expensive_right, same;
	double cheap_usd, expensive_usd; /* NaN: not known */
	struct span messages; /* of the request, as they stand; n 0: none */
	/* Texts for verify/words, of the question and of the cheap reply; n 0:
	 * there is none. */
	struct span question, reply;
};

/* Lives in a, borrows from rec. */
void judge_record(const struct conf_cascade *c, const struct record *rec,
		  struct arena *a, struct judged *out);

#endif
