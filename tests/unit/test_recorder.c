/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finished request is counted, logged in one line, and handed to the ledger.
 */
#include "cascade/recorder.h"

#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

static char dir[64], log_path[96], db_path[96];
static struct metric_set *set;

static int set_up(void **state)
{
	struct err err = {0};

	(void)state;
	strcpy(dir, "/tmp/frugald-recorder-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(db_path, sizeof(db_path), "%s/l.db", dir);
	assert_int_equal(log_open(log_path, LOG_INFO, &err), 0);
	set = metric_set_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	metric_set_free(set);
	unlink(log_path);
	unlink(db_path);
	return rmdir(dir);
}

/* ---- what is looked at --------------------------------------------------- */

/* The value behind a series as it is shown; "" when there is none. */
static const char *shown(const char *series)
{
	static char value[64];
	char key[256], *at;
	struct buf b;

	buf_init(&b, 0);
	metric_write(set, &b);
	buf_add(&b, "", 1);
	snprintf(key, sizeof(key), "\n%s ", series);
	at = strstr(b.p, key);
	value[0] = '\0';
	if (at)
		snprintf(value, sizeof(value), "%.*s",
			 (int)strcspn(at + strlen(key), "\n"),
			 at + strlen(key));
	buf_release(&b);
	return value;
}

#define SHOWN(series, value) assert_string_equal(shown(series), value)

/* The n-th line of the log without its time; "" when there is none. */
static const char *logged(int n)
{
	static char line[4200];
	FILE *f = fopen(log_path, "r");
	char *text;

	assert_non_null(f);
	while (n-- >= 0) {
		if (!fgets(line, sizeof(line), f)) {
			line[0] = '\0';
			break;
		}
		line[strcspn(line, "\n")] = '\0';
	}
	fclose(f);
	text = strchr(line, ' ');
	return text ? text + 1 : line;
}

/* ---- rows ---------------------------------------------------------------- */

/* A cheap answer passed over for a dear one. */
static struct ledger_row *escalated_row(void)
{
	struct ledger_row *r = ledger_row_new(2, 2);

	r->request_id = "r-1";
	r->cascade = "auto";
	r->mode = "enforce";
	r->key = "team-a";
	r->outcome = "ok";
	r->status = 200;
	r->stream = true;
	r->tier = 2;
	r->backend = "large";
	r->decision = "escalate";
	r->reason = "low_confidence";
	r->confidence = 0.4321;
	r->total_us = 1500250;
	r->upstream_us = 1500000;
	r->overhead_us = 250;
	r->cost_pusd = 31200000;
	r->attempts[0] = (struct ledger_attempt){.backend = "small",
						 .purpose = "answer",
						 .status = 200,
						 .cost_pusd = 200000};
	r->attempts[1] = (struct ledger_attempt){.backend = "large",
						 .purpose = "answer",
						 .status = 200,
						 .cost_pusd = 31000000};
	r->verdicts[0] = (struct ledger_verdict){
		.verifier = "rules", .kind = "pass", .score = NAN};
	r->verdicts[1] = (struct ledger_verdict){
		.verifier = "logprob", .kind = "score", .score = 0.4321};
	return r;
}

/* A request that came to nothing, directly to a backend. */
static struct ledger_row *failed_row(void)
{
	struct ledger_row *r = ledger_row_new(1, 0);

	r->request_id = "r-2";
	r->cascade = "";
	r->mode = "enforce";
	r->key = "";
	r->outcome = "upstream_error";
	r->status = 502;
	r->confidence = NAN;
	r->total_us = 2000;
	r->attempts[0] = (struct ledger_attempt){
		.backend = "small", .purpose = "answer", .fault = "connect"};
	return r;
}

static void put(struct recorder *r, struct ledger_row *row)
{
	recorder_put(r, &row);
	assert_null(row);
}

/* ---- tests --------------------------------------------------------------- */

static void test_counters(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		put(r, escalated_row());
	put(r, failed_row());
	SHOWN("frugald_requests_total{cascade=\"auto\",outcome=\"ok\"}", "3");
	SHOWN("frugald_requests_total{cascade=\"\","
	      "outcome=\"upstream_error\"}",
	      "1");
	SHOWN("frugald_attempts_total{backend=\"small\",status=\"200\"}", "3");
	SHOWN("frugald_attempts_total{backend=\"large\",status=\"200\"}", "3");
	SHOWN("frugald_attempts_total{backend=\"small\",status=\"0\"}", "1");
	SHOWN("frugald_verdicts_total{verifier=\"rules\",kind=\"pass\"}", "3");
	SHOWN("frugald_verdicts_total{verifier=\"logprob\",kind=\"score\"}",
	      "3");
	SHOWN("frugald_cost_usd_total{purpose=\"answer\"}", "0.0000936");
	SHOWN("frugald_confidence_count{cascade=\"auto\"}", "3");
	SHOWN("frugald_confidence_bucket{cascade=\"auto\",le=\"0.4\"}", "0");
	SHOWN("frugald_confidence_bucket{cascade=\"auto\",le=\"0.5\"}", "3");
	SHOWN("frugald_confidence_count{cascade=\"\"}", ""); /* no score */
	recorder_free(r);
	recorder_free(NULL);
}

/* A check beside two answers: paid for, but no attempt. */
static struct ledger_row *checked_row(void)
{
	struct ledger_row *r = ledger_row_new(3, 2);

	r->request_id = "r-3";
	r->cascade = "auto";
	r->key = "";
	r->outcome = "ok";
	r->status = 200;
	r->confidence = NAN;
	r->attempts[0] = (struct ledger_attempt){
		.backend = "small", .purpose = "answer", .status = 200};
	r->attempts[1] = (struct ledger_attempt){.backend = "large",
						 .purpose = "verify",
						 .status = 200,
						 .cost_pusd = 7000000};
	r->attempts[2] = (struct ledger_attempt){.backend = "large",
						 .purpose = "answer",
						 .status = 200,
						 .cost_pusd = 1000000};
	r->verdicts[0] = (struct ledger_verdict){.verifier = "check",
						 .kind = "none",
						 .why = "timeout",
						 .score = NAN,
						 .us = 40000};
	r->verdicts[1] = (struct ledger_verdict){.verifier = "rules",
						 .kind = "reject",
						 .why = "empty",
						 .score = NAN,
						 .us = 5};
	return r;
}

static void test_verifiers(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	put(r, checked_row());
	SHOWN("frugald_verdicts_total{verifier=\"check\",kind=\"none\"}", "1");
	SHOWN("frugald_verifier_faults_total{verifier=\"check\","
	      "why=\"timeout\"}", "1");
	SHOWN("frugald_verifier_faults_total{verifier=\"rules\","
	      "why=\"empty\"}", "");
	SHOWN("frugald_verifier_seconds_sum{verifier=\"check\"}", "0.04");
	SHOWN("frugald_verifier_seconds_bucket{verifier=\"rules\","
	      "le=\"0.00001\"}", "1");
	SHOWN("frugald_cost_usd_total{purpose=\"verify\"}", "0.000007");
	SHOWN("frugald_cost_usd_total{purpose=\"answer\"}", "0.000001");
	SHOWN("frugald_attempts_total{backend=\"large\",status=\"200\"}", "2");
	assert_non_null(strstr(logged(0), " attempts=2 "));
	recorder_free(r);
}

static void test_times(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	put(r, escalated_row());
	put(r, failed_row());
	SHOWN("frugald_request_seconds_count", "2");
	SHOWN("frugald_request_seconds_sum", "1.50225");
	SHOWN("frugald_request_seconds_bucket{le=\"0.0025\"}", "1");
	SHOWN("frugald_upstream_seconds_count", "2");
	SHOWN("frugald_upstream_seconds_sum", "1.5");
	SHOWN("frugald_overhead_seconds_sum", "0.00025");
	SHOWN("frugald_overhead_seconds_bucket{le=\"0.0001\"}", "1");
	SHOWN("frugald_overhead_seconds_bucket{le=\"0.00025\"}", "2");
	recorder_free(r);
}

static void test_log_line(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	put(r, escalated_row());
	put(r, failed_row());
	assert_string_equal(
		logged(0),
		"info run=r-1 key=team-a cascade=auto outcome=ok status=200 "
		"stream=1 backend=large tier=2 decision=escalate "
		"reason=low_confidence confidence=0.432 attempts=2 "
		"cost_usd=0.0000312 total_ms=1500.250 upstream_ms=1500.000 "
		"overhead_ms=0.250");
	assert_string_equal(
		logged(1),
		"info run=r-2 key=- cascade=- outcome=upstream_error "
		"status=502 stream=0 backend=- tier=0 decision=- reason=- "
		"confidence=- attempts=1 cost_usd=0 total_ms=2.000 "
		"upstream_ms=0.000 overhead_ms=0.000");
	assert_string_equal(logged(2), "");
	recorder_free(r);
}

/* Counted all the same. */
static void test_no_log_line_when_not_asked_for(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);
	struct err err = {0};

	(void)state;
	assert_int_equal(log_open(log_path, LOG_WARN, &err), 0);
	put(r, escalated_row());
	recorder_refused(r, "r-3", "refused", 503, "no");
	assert_string_equal(logged(0), "");
	SHOWN("frugald_requests_total{cascade=\"auto\",outcome=\"ok\"}", "1");
	SHOWN("frugald_requests_total{cascade=\"\",outcome=\"refused\"}", "1");
	recorder_free(r);
}

static void test_row_is_handed_over(void **state)
{
	struct err err = {0};
	struct ledger *ledger = ledger_new(db_path, 2, 0, set, &err);
	struct recorder *r = recorder_new(set, ledger, 1);
	sqlite3 *h;
	sqlite3_stmt *st;

	(void)state;
	put(r, escalated_row());
	recorder_refused(r, "r-3", "client_error", 400, "bad"); /* no row */
	put(r, failed_row());
	recorder_free(r);
	ledger_free(ledger);
	SHOWN("frugald_ledger_rows_total", "2");
	assert_int_equal(sqlite3_open(db_path, &h), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(h,
				   "SELECT group_concat(request_id || ' ' ||"
				   " outcome), count(*), sum(attempts),"
				   " (SELECT count(*) FROM attempts),"
				   " (SELECT count(*) FROM verdicts)"
				   " FROM requests",
				   -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(st, 0),
			    "r-1 ok,r-2 upstream_error");
	assert_int_equal(sqlite3_column_int(st, 1), 2);
	assert_int_equal(sqlite3_column_int(st, 2), 3);
	assert_int_equal(sqlite3_column_int(st, 3), 3);
	assert_int_equal(sqlite3_column_int(st, 4), 2);
	sqlite3_finalize(st);
	sqlite3_close(h);
}

static void test_refused(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	recorder_refused(r, "r-9", "client_error", 404, "no \"such\"\nmodel");
	recorder_refused(r, "r-10", "client_error", 401, "key");
	SHOWN("frugald_requests_total{cascade=\"\",outcome=\"client_error\"}",
	      "2");
	assert_string_equal(logged(0),
			    "info run=r-9 outcome=client_error status=404 "
			    "why=\"no \\\"such\\\"\\nmodel\"");
	assert_string_equal(logged(1), "info run=r-10 outcome=client_error "
				       "status=401 why=key");
	recorder_free(r);
}

static struct ledger_label *label_new(const char *key, bool right)
{
	struct ledger_label *l = ledger_label_new();

	l->request_id = "r-1";
	l->key = key;
	l->right = right;
	l->backend = right ? "small" : NULL;
	return l;
}

static void test_labels(void **state)
{
	struct err err = {0};
	struct ledger *ledger = ledger_new(db_path, 1, 0, set, &err);
	struct recorder *r = recorder_new(set, ledger, 0);
	struct recorder *keeps_none = recorder_new(set, NULL, 0);
	struct ledger_label *l = label_new("team-a", true);

	(void)state;
	assert_non_null(ledger);
	assert_true(recorder_keeps(r));
	assert_false(recorder_keeps(keeps_none));
	assert_true(recorder_label(r, "f-1", &l));
	assert_null(l);
	l = label_new("", false);
	recorder_label(r, "f-2", &l);
	recorder_label_refused(keeps_none, "f-3", "client_error", 404,
			       "no ledger");
	recorder_free(keeps_none);
	recorder_free(r);
	ledger_free(ledger);
	SHOWN("frugald_feedback_total{outcome=\"ok\"}", "2");
	SHOWN("frugald_feedback_total{outcome=\"client_error\"}", "1");
	SHOWN("frugald_ledger_labels_total", "2");
	SHOWN("frugald_requests_total{cascade=\"\",outcome=\"client_error\"}",
	      "");
	assert_string_equal(logged(0), "info run=f-1 key=team-a outcome=ok "
				       "label=right of=r-1 backend=small");
	assert_string_equal(logged(1), "info run=f-2 key=- outcome=ok "
				       "label=wrong of=r-1 backend=-");
	assert_string_equal(logged(2), "info run=f-3 outcome=client_error "
				       "status=404 why=\"no ledger\"");
}

static void test_escalated(void **state)
{
	struct recorder *r = recorder_new(set, NULL, 0);

	(void)state;
	recorder_escalated(r, "auto", "low_confidence");
	recorder_escalated(r, "auto", "gate:empty");
	recorder_escalated(r, "auto", "gate:empty");
	SHOWN("frugald_escalations_total{cascade=\"auto\","
	      "reason=\"low_confidence\"}",
	      "1");
	SHOWN("frugald_escalations_total{cascade=\"auto\","
	      "reason=\"gate:empty\"}",
	      "2");
	recorder_free(r);
}

/* Recorders of several loops add to the same series. */
static void test_recorders_share(void **state)
{
	struct recorder *a = recorder_new(set, NULL, 0);
	struct recorder *b = recorder_new(set, NULL, 1);

	(void)state;
	put(a, escalated_row());
	put(b, escalated_row());
	put(a, escalated_row());
	SHOWN("frugald_requests_total{cascade=\"auto\",outcome=\"ok\"}", "3");
	recorder_free(a);
	recorder_free(b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_counters),
		T(test_verifiers),
		T(test_times),
		T(test_log_line),
		T(test_no_log_line_when_not_asked_for),
		T(test_row_is_handed_over),
		T(test_refused),
		T(test_labels),
		T(test_escalated),
		T(test_recorders_share),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
