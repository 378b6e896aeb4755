/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record in the eyes of a cascade of two tiers: the replies are read and
 * judged by the daemon's own code, in the order of the configured chain. Pure.
 *
 * What the record says of a reply counts where the reply itself is not there:
 * its signals, its extracted answer. Signals of names that we do not compute
 * ("x.verbal") always count.
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
	const char *barred;	/* as in struct sample */
	struct signal *signals; /* names may end with the arena */
	size_t n_signals;
	bool has_check;
	bool check_unknown;
	bool check_absent;
	enum known cheap_right, expensive_right, same;
	double cheap_usd, check_usd, expensive_usd; /* NaN: not known */
	/* Texts for verify/words, of the question and of the cheap reply; n 0:
	 * there is none. */
	struct span question, reply;
};

/* Lives in a, borrows from rec. */
void judge_record(const struct conf_cascade *c, const struct record *rec,
		  struct arena *a, struct judged *out);

/* Is the signal known only after the check? */
bool judge_is_of_check(const char *name);

/* The value of an option of the chain's check, by the name of its key; NULL:
 * there is no check, or no such option. */
const void *judge_check_option(const struct conf_cascade *c, const char *key);
/* Is it asked beside the first tier (`start: early`), needed or not? */
bool judge_check_is_early(const struct conf_cascade *c);
/* The signal whose e^x is the raw score of the chain's logprob. */
const char *judge_raw_signal(const struct conf_cascade *c);
/* Of the chain's check; NULL: it has none. */
const struct conf_backend *judge_check_backend(const struct conf_cascade *c);

#endif
