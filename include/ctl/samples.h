/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded traffic as numbers: what fitting, certifying and replaying read.
 *
 * One sample is one finished request of a cascade of two tiers: the cheap
 * reply's signals, those of its checks, what is known of both answers, and what
 * each call cost.
 */
#ifndef CTL_SAMPLES_H
#define CTL_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "verify/words.h"

enum sample_mode {
	SAMPLE_EVAL,
	SAMPLE_SHADOW,
	SAMPLE_ENFORCE, /* chosen by a score: may fit, never certifies */
};

/* What is known of a statement. */
enum known { KNOWN_NOT = -1, KNOWN_FALSE = 0, KNOWN_TRUE = 1 };

/* What one verifier that asks somebody has said of a reply. */
enum sample_said {
	SAID_ABSENT,	/* nobody asked it, or the reply was barred */
	SAID_FAULT,	/* it was asked in vain */
	SAID_NOTHING,	/* it was asked, and knows nothing of the reply */
	SAID_SOMETHING, /* its signals are there */
};

struct sample_check {
	enum sample_said said;
	double usd; /* NaN: not known */
};

struct sample {
	const char *id;
	enum sample_mode mode;
	/* Why no head is asked and the request escalates, in the words of the
	 * daemon: "gate:empty", "no_signal", "verifier_error"; NULL: none. */
	const char *barred;
	/* One for each verifier of the cascade that asks somebody, in its order
	 * (ctl/askers). */
	struct sample_check *checks;
	/* All of them together. */
	bool has_check;	    /* the signals of each are there */
	bool check_unknown; /* the first without any says nothing ... */
	bool check_absent;  /* ... nobody asked it: what it says is not known */
	const double *values; /* one for each name of samples; NaN: missing */
	struct word_set words;
	bool has_text; /* else it has no words because nobody kept them */
	enum known cheap_right, expensive_right; /* labels */
	enum known same; /* by the comparator, or as recorded */
	double cheap_usd, check_usd, expensive_usd;
	bool repeats; /* the question of an earlier sample */
};

struct samples {
	struct arena *arena; /* owns everything below */
	/* Signals, those known before the check first. */
	const char **names;
	size_t n_before, n_names;
	size_t n_words;	 /* buckets; 0: no texts were kept */
	size_t n_checks; /* of each sample */
	struct sample *v;
	size_t n;
	char digest[65]; /* SHA-256 hex of the bytes read */
};

/* Labels on both sides? Then the loss is "cheap wrong, expensive right", else
 * "not the same". */
bool samples_labelled(const struct samples *s);
/* Can words be signals? Not where some rows have lost theirs: heads would be
 * tested without what they see when they are used. */
bool samples_have_words(const struct samples *s);
/* KNOWN_NOT: this row can neither fit nor certify. */
enum known sample_loss(const struct sample *s, bool labelled);

#endif
