/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finished requests become counters, one log line, and a ledger row.
 */
#include "cascade/recorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixed.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "chat/price.h"

static const double seconds[] = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
				  0.005,  0.01,	   0.025,  0.05,  0.1,
				  0.25,	  0.5,	   1,	   2.5,	  5,
				  10,	  30,	   60,	   120,	  300 };
static const double verify_seconds[] = { 0.00001, 0.0001, 0.001, 0.01, 0.05,
					 0.1,	  0.25,	  0.5,	 1,    2.5,
					 5,	  10,	  30 };
static const double shares[] = { 0.05, 0.1,  0.2, 0.3,	0.4,  0.5, 0.6,
				 0.7,  0.8,  0.85, 0.9, 0.95, 0.99, 1 };

#define BOUNDS(b) .bounds = b, .n_bounds = sizeof(b) / sizeof(b[0])

static const struct metric_family requests = {
	.name = "frugald_requests_total",
	.help = "Finished requests.",
	.type = METRIC_COUNTER, .labels = "cascade,outcome", .scale = 1,
};
static const struct metric_family feedback = {
	.name = "frugald_feedback_total",
	.help = "Labels that clients sent.",
	.type = METRIC_COUNTER, .labels = "outcome", .scale = 1,
};
static const struct metric_family attempts = {
	.name = "frugald_attempts_total",
	.help = "Calls to backends, by status (0: none came).",
	.type = METRIC_COUNTER, .labels = "backend,status", .scale = 1,
};
static const struct metric_family escalations = {
	.name = "frugald_escalations_total",
	.help = "Tiers that were passed over.",
	.type = METRIC_COUNTER, .labels = "cascade,reason", .scale = 1,
};
static const struct metric_family would = {
	.name = "frugald_shadow_decisions_total",
	.help = "What a cascade in the shadow would have decided.",
	.type = METRIC_COUNTER, .labels = "cascade,decision", .scale = 1,
};
static const struct metric_family verdicts = {
	.name = "frugald_verdicts_total",
	.help = "Verdicts of verifiers.",
	.type = METRIC_COUNTER, .labels = "verifier,kind", .scale = 1,
};
static const struct metric_family faults = {
	.name = "frugald_verifier_faults_total",
	.help = "Verdicts without evidence, by what was wrong or lacking.",
	.type = METRIC_COUNTER, .labels = "verifier,why", .scale = 1,
};
static const struct metric_family verify_time = {
	.name = "frugald_verifier_seconds",
	.help = "Time of one verifier on one reply.",
	.type = METRIC_HISTOGRAM, .labels = "verifier", .scale = 1e-6,
	BOUNDS(verify_seconds),
};
static const struct metric_family confidence = {
	.name = "frugald_confidence",
	.help = "Confidence of the last scored reply of a request.",
	.type = METRIC_HISTOGRAM, .labels = "cascade", .scale = 1e-6,
	BOUNDS(shares),
};
static const struct metric_family overhead_time = {
	.name = "frugald_overhead_seconds",
	.help = "Time of a request that was ours.",
	.type = METRIC_HISTOGRAM, .labels = "", .scale = 1e-6, BOUNDS(seconds),
};
static const struct metric_family upstream_time = {
	.name = "frugald_upstream_seconds",
	.help = "Time of a request spent waiting for backends.",
	.type = METRIC_HISTOGRAM, .labels = "", .scale = 1e-6, BOUNDS(seconds),
};
static const struct metric_family request_time = {
	.name = "frugald_request_seconds",
	.help = "Time from the request's head to the answer's last byte.",
	.type = METRIC_HISTOGRAM, .labels = "", .scale = 1e-6, BOUNDS(seconds),
};
static const struct metric_family cost = {
	.name = "frugald_cost_usd_total",
	.help = "What backends charged, by the configured prices.",
	.type = METRIC_COUNTER, .labels = "purpose", .scale = 1e-12,
};

struct recorder {
	struct metric_set *set;
	struct ledger *ledger;
	size_t lane;
	struct map *series; /* "family\1value\1value" to metric */
	struct metric *overhead, *upstream, *total;
};

struct recorder *recorder_new(struct metric_set *set, struct ledger *ledger,
			      size_t lane)
{
	static const char *const none[] = { NULL };
	struct recorder *r = mem_new(sizeof(*r));

	r->set = set;
	r->ledger = ledger;
	r->lane = lane;
	r->series = map_new();
	r->overhead = metric_get(set, &overhead_time, none);
	r->upstream = metric_get(set, &upstream_time, none);
	r->total = metric_get(set, &request_time, none);
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	map_free(r->series);
	free(r);
}

#define KEY_ROOM 512

/* Family and label values as one key; too long ones are cut. */
static size_t series_key(char key[KEY_ROOM], const struct metric_family *f,
			 const char *a, const char *b)
{
	size_t n = sizeof(f), left = KEY_ROOM - n - 1;
	size_t n_a = strnlen(a, left);
	size_t n_b = b ? strnlen(b, left - n_a) : 0;

	memcpy(key, &f, n);
	memcpy(key + n, a, n_a);
	key[n + n_a] = '\1';
	if (b)
		memcpy(key + n + n_a + 1, b, n_b);
	return n + n_a + 1 + n_b;
}

/* The series of a family with one or two label values, looked up without a
 * lock once it has been seen on this loop. */
static struct metric *series(struct recorder *r, const struct metric_family *f,
			     const char *a, const char *b)
{
	const char *values[] = { a, b, NULL };
	struct metric *m;
	char key[KEY_ROOM];
	struct span k = { key, series_key(key, f, a, b) };

	m = map_find(r->series, k);
	if (!m) {
		m = metric_get(r->set, f, values);
		map_put(r->series, k, m);
	}
	return m;
}

static void count_status(struct recorder *r, const struct ledger_attempt *a,
			 int value)
{
	char status[FIXED_ROOM];

	fixed_text(status, value, 0);
	metric_add(series(r, &attempts, a->backend ? a->backend : a->verifier,
			  status),
		   1);
}

static void count_attempt(struct recorder *r, const struct ledger_attempt *a)
{
	if (a->refused_before)
		count_status(r, a, a->refused_before);
	count_status(r, a, a->status);
	if (a->cost_pusd)
		metric_add(series(r, &cost, a->purpose, NULL), a->cost_pusd);
}

static void count_verdict(struct recorder *r, const struct ledger_verdict *v)
{
	metric_add(series(r, &verdicts, v->verifier, v->kind), 1);
	metric_observe(series(r, &verify_time, v->verifier, NULL), v->us);
	if (strcmp(v->kind, "none") == 0 && v->why)
		metric_add(series(r, &faults, v->verifier, v->why), 1);
}

static void count(struct recorder *r, const struct ledger_row *row)
{
	metric_add(series(r, &requests, row->cascade, row->outcome), 1);
	if (row->would)
		metric_add(series(r, &would, row->cascade, row->would), 1);
	for (size_t i = 0; i < row->n_attempts; i++)
		count_attempt(r, &row->attempts[i]);
	for (size_t i = 0; i < row->n_verdicts; i++)
		count_verdict(r, &row->verdicts[i]);
	if (!isnan(row->confidence))
		metric_observe(series(r, &confidence, row->cascade, NULL),
			       (int64_t)(row->confidence * 1e6));
	metric_observe(r->overhead, row->overhead_us);
	metric_observe(r->upstream, row->upstream_us);
	metric_observe(r->total, row->total_us);
}

static void log_row(const struct ledger_row *row)
{
	char score[FIXED_ROOM] = "-", usd[FIXED_ROOM];
	char total[FIXED_ROOM], upstream[FIXED_ROOM], own[FIXED_ROOM];

	if (log_level_get() < LOG_INFO)
		return;
	if (!isnan(row->confidence))
		fixed_text(score, llround(row->confidence * 1000), 3);
	price_text(row->cost_pusd, usd);
	log_line(LOG_INFO,
		 "run=%s key=%s cascade=%s outcome=%s status=%d stream=%d "
		 "backend=%s tier=%d decision=%s reason=%s confidence=%s "
		 "attempts=%zu cost_usd=%s total_ms=%s upstream_ms=%s "
		 "overhead_ms=%s",
		 row->request_id, *row->key ? row->key : "-",
		 *row->cascade ? row->cascade : "-", row->outcome, row->status,
		 row->stream, row->backend ? row->backend : "-", row->tier,
		 row->decision ? row->decision : "-",
		 row->reason ? row->reason : "-", score,
		 ledger_row_answers(row), usd,
		 fixed_text(total, row->total_us, 3),
		 fixed_text(upstream, row->upstream_us, 3),
		 fixed_text(own, row->overhead_us, 3));
}

void recorder_put(struct recorder *r, struct ledger_row **row)
{
	count(r, *row);
	log_row(*row);
	if (r->ledger)
		ledger_put(r->ledger, r->lane, row);
	else
		ledger_row_free(*row);
	*row = NULL;
}

static void log_refused(const char *request_id, const char *outcome,
			int status, const char *why)
{
	char text[300];

	log_line(LOG_INFO, "run=%s outcome=%s status=%d why=%s", request_id,
		 outcome, status, log_value(text, sizeof(text), why));
}

void recorder_refused(struct recorder *r, const char *request_id,
		      const char *outcome, int status, const char *why)
{
	metric_add(series(r, &requests, "", outcome), 1);
	log_refused(request_id, outcome, status, why);
}

bool recorder_keeps(const struct recorder *r)
{
	return r->ledger != NULL;
}

bool recorder_label(struct recorder *r, const char *request_id,
		    struct ledger_label **label)
{
	const struct ledger_label *l = *label;

	log_line(LOG_INFO, "run=%s key=%s outcome=ok label=%s of=%s backend=%s",
		 request_id, l->key && *l->key ? l->key : "-",
		 l->right ? "right" : "wrong", l->request_id,
		 l->backend ? l->backend : "-");
	if (!ledger_put_label(r->ledger, r->lane, label))
		return false;
	metric_add(series(r, &feedback, "ok", NULL), 1);
	return true;
}

void recorder_label_refused(struct recorder *r, const char *request_id,
			    const char *outcome, int status, const char *why)
{
	metric_add(series(r, &feedback, outcome, NULL), 1);
	log_refused(request_id, outcome, status, why);
}

void recorder_escalated(struct recorder *r, const char *cascade,
			const char *reason)
{
	metric_add(series(r, &escalations, cascade, reason), 1);
}
