/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one verifier says of one reply: a value.
 */
#ifndef VERIFY_VERDICT_H
#define VERIFY_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum verdict_kind {
	VERDICT_NONE,	/* no evidence: a fault, or nothing to go by */
	VERDICT_PASS,	/* no objection, no score */
	VERDICT_REJECT, /* a hard gate */
	VERDICT_SCORE,	/* `score` in [0, 1] */
};

/* Why there is no evidence. */
enum verdict_lack {
	LACK_NONE,
	LACK_SIGNAL, /* the reply lacks what is read: log-probs absent, fake, misaligned */
	LACK_FAULT,  /* the verifier itself failed */
};

struct signal {
	const char *name; /* "logprob.min", static */
	double value;	  /* NaN: missing */
};

struct verdict {
	const char *verifier; /* static */
	enum verdict_kind kind;
	enum verdict_lack lack;
	double score;
	double regret; /* of a head's score; in [0, 1] */
	const char *why; /* gate's name, or what was lacking; static; may be NULL */
	const struct signal *signals; /* of the run's arena */
	size_t n_signals;
	int64_t us;
	int64_t cost_pusd;
};

const char *verdict_kind_name(enum verdict_kind k);

/* Signals as one JSON object; missing ones are null. */
int verdict_signals_write(const struct verdict *v, struct buf *out);

#endif
