/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of records: a finished request, its attempts, and what is known of
 * their answers. As found; nothing is judged.
 *
 * Members that are not named here are passed over; null is the same as absent;
 * of a member given twice the last counts. Pure.
 */
#ifndef CTL_RECORD_H
#define CTL_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "ctl/samples.h"

/* "signals": {"logprob.mean": -0.21}, in the order of the line. */
struct record_signal {
	const char *name;
	double value; /* NaN: null */
	struct record_signal *next;
};

/* "labels": {"small": true}. */
struct record_label {
	const char *backend;
	enum known right;
	struct record_label *next;
};

/* Texts are NULL, spans empty where there is none. */
struct record_attempt {
	const char *backend, *model, *purpose, *verifier, *mode, *about;
	int64_t status;	      /* 200 where it is not said */
	double seconds;	      /* 0 where it is not said */
	double cost_usd;      /* NaN: not said */
	struct span response; /* the object's bytes, as they stand */
	const char *answer;   /* extracted, in place of a response */
	const char *barred;   /* why it is never kept ("gate:empty"), where the
			       * response is not there to tell */
	struct record_signal *signals;
	struct record_attempt *next;
};

struct record {
	const char *id;	     /* never NULL */
	const char *time;    /* as it stands; NULL: not said */
	const char *cascade; /* NULL: not said */
	enum sample_mode mode;
	const char *decision; /* NULL: not said */
	struct span request;  /* the object's bytes */
	struct record_attempt *attempts;
	struct record_label *labels;
	struct record_signal *signals; /* of the reply of the first tier */
	enum known agrees;
	const char *compared_by; /* as pair_by(); NULL: not said */
};

/* All found lives in a and points into line. 0, or -1 and ERR_PARSE: which
 * member is wrong and what it must be, or where the line is no JSON. */
int record_read(struct record *r, struct span line, struct arena *a,
		struct err *err);

/* "eval", "shadow", "enforce". */
const char *record_mode_name(enum sample_mode m);

#endif
