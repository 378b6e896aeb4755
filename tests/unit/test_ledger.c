/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put is written whole; killing, a full disk, damage and full lanes
 * lose nothing that was said to be written, and never hold up a loop.
 */
#include "store/ledger.h"
#include "store/ledger_file.h"
#include "store/ledger_schema.h"

#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/now.h"

#define LANE_ROOM 4096 /* of a lane, as ledger.h has it */

static char dir[64], path[96];
static struct metric_set *set;

static int make_dir(void **state)
{
	struct err err = {0};
	char to[96];

	(void)state;
	strcpy(dir, "/tmp/frugald-ledger-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/l.db", dir);
	snprintf(to, sizeof(to), "%s/log", dir);
	assert_int_equal(log_open(to, LOG_INFO, &err), 0);
	set = metric_set_new();
	return 0;
}

static int remove_dir(void **state)
{
	char pattern[128];
	glob_t g;

	(void)state;
	metric_set_free(set);
	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	glob(pattern, 0, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++)
		unlink(g.gl_pathv[i]);
	globfree(&g);
	return rmdir(dir);
}

/* How many files there are of this name, with * for what is not known. */
static size_t files(const char *tail)
{
	char pattern[128];
	glob_t g;
	size_t n;

	snprintf(pattern, sizeof(pattern), "%s%s", path, tail);
	glob(pattern, 0, NULL, &g);
	n = g.gl_pathc;
	globfree(&g);
	return n;
}

/* How many lines of the log have this in them. */
static int log_lines(const char *with)
{
	char line[4200], file[96];
	int n = 0;
	FILE *f;

	snprintf(file, sizeof(file), "%s/log", dir);
	f = fopen(file, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, with) != NULL;
	fclose(f);
	return n;
}

/* A counter, read by name from the text that an operator sees. */
static int64_t count_of(struct metric_set *from, const char *name)
{
	struct buf b;
	char key[80], *at;
	int64_t v;

	buf_init(&b, 0);
	metric_write(from, &b);
	buf_add(&b, "", 1);
	snprintf(key, sizeof(key), "\nfrugald_ledger_%s_total ", name);
	at = strstr(b.p, key);
	assert_non_null(at);
	v = strtoll(at + strlen(key), NULL, 10);
	buf_release(&b);
	return v;
}

static void wait_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void wait_for(const char *name, int64_t at_least)
{
	for (int i = 0; i < 2000; i++) {
		if (count_of(set, name) >= at_least)
			return;
		wait_ms(10);
	}
	fail_msg("%s stays below %lld", name, (long long)at_least);
}

static struct ledger *open_ledger(size_t n_lanes, int64_t keep_us)
{
	struct err err = {0};
	struct ledger *g = ledger_new(path, n_lanes, keep_us, set, &err);

	if (!g)
		fail_msg("%s", err.text);
	return g;
}

static sqlite3 *open_file(void)
{
	sqlite3 *h;

	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	sqlite3_busy_timeout(h, 10000);
	return h;
}

/* First row, first column; "(null)" for NULL. */
static const char *text_in(sqlite3 *h, const char *sql)
{
	static char out[5000];
	const char *s;
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(h));
	if (sqlite3_step(st) == SQLITE_ROW) {
		s = (const char *)sqlite3_column_text(st, 0);
		snprintf(out, sizeof(out), "%s", s ? s : "(null)");
	} else {
		snprintf(out, sizeof(out), "(none)");
	}
	sqlite3_finalize(st);
	return out;
}

static int64_t number_in(sqlite3 *h, const char *sql)
{
	return strtoll(text_in(h, sql), NULL, 10);
}

/* The file is sound, and every part of a request is there. */
static int64_t whole_requests(void)
{
	sqlite3 *h = open_file();
	int64_t n = number_in(h, "SELECT count(*) FROM requests");

	assert_string_equal(text_in(h, "PRAGMA integrity_check"), "ok");
	assert_int_equal(number_in(h, "SELECT count(*) FROM attempts"), 2 * n);
	assert_int_equal(number_in(h, "SELECT count(*) FROM verdicts"), n);
	assert_int_equal(
		number_in(h, "SELECT count(*) FROM requests r"
			     " WHERE 2 <> (SELECT count(*) FROM attempts"
			     " WHERE id BETWEEN " LEDGER_IDS_OF("r.id") ")"),
		0);
	sqlite3_close(h);
	return n;
}

static struct ledger_row *row_new(const char *prefix, int i)
{
	struct ledger_row *r = ledger_row_new(2, 1);

	assert_non_null(r->arena);
	assert_int_equal(r->n_attempts, 2);
	assert_int_equal(r->n_verdicts, 1);
	r->request_id = arena_printf(r->arena, "%s-%d", prefix, i);
	r->time_us = now_wall_us();
	r->cascade = "auto";
	r->mode = "enforce";
	r->key = "";
	r->outcome = "ok";
	r->confidence = NAN;
	r->attempts[0].backend = r->attempts[1].backend = "small";
	r->verdicts[0].verifier = "rules";
	r->verdicts[0].score = NAN;
	return r;
}

static void put_many(struct ledger *g, size_t lane, const char *prefix, int n)
{
	for (int i = 0; i < n; i++) {
		struct ledger_row *r = row_new(prefix, i);

		ledger_put(g, lane, &r);
		assert_null(r);
	}
}

/* ---- rows ---------------------------------------------------------------- */

static struct ledger_row *full_row(void)
{
	struct ledger_row *r = ledger_row_new(2, 2);

	r->request_id = "it's; DROP TABLE requests --";
	r->time_us = 1764000000000001;
	r->cascade = "auto";
	r->mode = "enforce";
	r->key = "team-\xc3\xa4";
	r->outcome = "ok";
	r->status = 200;
	r->stream = true;
	r->tier = 2;
	r->backend = "large";
	r->decision = "escalate";
	r->reason = "low_confidence";
	r->confidence = 0.25;
	r->calibrated = true;
	r->total_us = 11;
	r->upstream_us = 12;
	r->overhead_us = 13;
	r->cost_pusd = INT64_MAX;
	r->generation = 14;
	r->request_text = "{\"q\":1}";
	r->agrees = 0;
	r->would = "accept";
	r->would_reason = "confident";
	r->record = "{\"id\":\"a\"}";
	r->attempts[0] = (struct ledger_attempt){.backend = "small",
						 .model = "m1",
						 .purpose = "answer",
						 .verifier = "check",
						 .mode = "blind",
						 .about = "tiny",
						 .tier = 1,
						 .status = 500,
						 .fault = "upstream",
						 .start_us = 21,
						 .first_byte_us = 22,
						 .total_us = 23,
						 .prompt_tokens = 24,
						 .completion_tokens = 25,
						 .cached_tokens = 26,
						 .usage_estimated = true,
						 .cost_pusd = 27,
						 .response_text = "{\"a\":1}"};
	r->attempts[1] = (struct ledger_attempt){.backend = "large"};
	r->verdicts[0] =
		(struct ledger_verdict){.attempt_seq = 1,
					.verifier = "logprob",
					.kind = "score",
					.score = 0.125,
					.why = "because",
					.us = 31,
					.cost_pusd = 32,
					.signals = "{\"logprob.min\":-1}"};
	r->verdicts[1] =
		(struct ledger_verdict){.verifier = "rules", .score = NAN};
	return r;
}

static void same(sqlite3 *h, const char *sql, const char *wanted)
{
	assert_string_equal(text_in(h, sql), wanted);
}

static void test_every_column(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_row *r = full_row();
	sqlite3 *h;

	(void)state;
	ledger_put(g, 0, &r);
	assert_null(r);
	ledger_free(g);
	h = open_file();
	same(h,
	     "SELECT id || '|' || request_id || '|' || time_us || '|' ||"
	     " cascade || '|' || mode || '|' || key || '|' || outcome || '|' ||"
	     " status || '|' || stream || '|' || tier || '|' || backend || '|'"
	     " || decision || '|' || reason || '|' || confidence || '|' ||"
	     " calibrated || '|' || attempts || '|' || total_us || '|' ||"
	     " upstream_us || '|' || overhead_us || '|' || cost_pusd || '|' ||"
	     " generation || '|' || request_text || '|' || agrees || '|' ||"
	     " would || '|' || would_reason || '|' || record FROM requests",
	     "1|it's; DROP TABLE requests --|1764000000000001|auto|enforce|"
	     "team-\xc3\xa4|ok|200|1|2|large|escalate|low_confidence|0.25|1|2|"
	     "11|12|13|9223372036854775807|14|{\"q\":1}|0|accept|confident|"
	     "{\"id\":\"a\"}");
	same(h,
	     "SELECT id || '|' || request || '|' || seq || '|' || backend ||"
	     " '|' || model || '|' || purpose || '|' || verifier || '|' || mode"
	     " || '|' || about || '|' || tier || '|' || status || '|' ||"
	     " fault || '|' || start_us || '|' || first_byte_us || '|' ||"
	     " total_us || '|' || prompt_tokens || '|' ||"
	     " completion_tokens || '|' || cached_tokens || '|' ||"
	     " usage_estimated || '|' || cost_pusd || '|' || response_text"
	     " FROM attempts WHERE seq = 0",
	     "1000|1|0|small|m1|answer|check|blind|tiny|1|500|upstream|21|22|"
	     "23|24|25|26|1|27|"
	     "{\"a\":1}");
	same(h,
	     "SELECT id || '|' || request || '|' || attempt_seq || '|' ||"
	     " verifier || '|' || kind || '|' || score || '|' || why || '|' ||"
	     " us || '|' || cost_pusd || '|' || signals"
	     " FROM verdicts WHERE verifier = 'logprob'",
	     "1000|1|1|logprob|score|0.125|because|31|32|{\"logprob.min\":-1}");
	same(h, "SELECT backend FROM attempts WHERE seq = 1", "large");
	same(h, "SELECT fault FROM attempts WHERE seq = 1", "(null)");
	same(h, "SELECT score FROM verdicts WHERE verifier = 'rules'",
	     "(null)");
	same(h, "PRAGMA user_version", "3");
	sqlite3_close(h);
	assert_int_equal(count_of(set, "rows"), 1);
	assert_int_equal(count_of(set, "dropped"), 0);
	assert_int_equal(count_of(set, "errors"), 0);
}

static void test_row_of_nothing(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_row *r = full_row();
	sqlite3 *h;

	(void)state;
	ledger_put(g, 0, &r); /* nothing of it is left in the next */
	r = ledger_row_new(0, 0);
	r->request_id = "r";
	r->confidence = NAN;
	ledger_put(g, 0, &r);
	r = ledger_row_new(3, 3); /* never put */
	ledger_row_free(r);
	ledger_row_free(NULL);
	ledger_free(g);
	ledger_free(NULL);
	h = open_file();
	same(h,
	     "SELECT count(*) FROM requests WHERE confidence IS NULL AND"
	     " backend IS NULL AND request_text IS NULL AND attempts = 0 AND"
	     " agrees IS NULL AND would IS NULL AND would_reason IS NULL AND"
	     " record IS NULL",
	     "1");
	sqlite3_close(h);
}

/* ---- labels -------------------------------------------------------------- */

static struct ledger_label *label_new(const char *prefix, int i)
{
	struct ledger_label *l = ledger_label_new();

	assert_non_null(l->arena);
	l->request_id = arena_printf(l->arena, "%s-%d", prefix, i);
	l->time_us = now_wall_us();
	return l;
}

static struct ledger_label *full_label(void)
{
	struct ledger_label *l = label_new("a", 0);

	l->key = "team";
	l->backend = "small";
	l->right = true;
	l->source = "a person";
	l->time_us = 1764000000000001;
	return l;
}

static void expect_labels(void)
{
	sqlite3 *h = open_file();

	same(h,
	     "SELECT group_concat(request_id || '|' || ifnull(key, '-') ||"
	     " '|' || ifnull(backend, '-') || '|' || right || '|' ||"
	     " ifnull(source, '-') || '|' || (time_us = 1764000000000001),"
	     " ' ') FROM (SELECT * FROM labels ORDER BY id)",
	     "a-0|team|small|1|a person|1 b-1|-|-|0|-|0");
	sqlite3_close(h);
}

/* Through the same lane as rows, in its order. */
static void test_labels(void **state)
{
	struct ledger *g = open_ledger(2, 0);
	struct ledger_label *l = full_label();

	(void)state;
	put_many(g, 1, "a", 3);
	ledger_put_label(g, 1, &l);
	assert_null(l);
	put_many(g, 1, "b", 2);
	l = label_new("b", 1);
	ledger_put_label(g, 1, &l);
	ledger_label_free(label_new("never put", 1));
	ledger_label_free(NULL);
	ledger_free(g);
	assert_int_equal(whole_requests(), 5);
	expect_labels();
	assert_int_equal(count_of(set, "rows"), 5);
	assert_int_equal(count_of(set, "labels"), 2);
}

/* One that can never be written holds up nothing. */
static void test_impossible_label(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_label *l = ledger_label_new();

	(void)state;
	ledger_put_label(g, 0, &l); /* no request_id: NOT NULL */
	put_many(g, 0, "b", 3);
	ledger_free(g);
	assert_int_equal(whole_requests(), 3);
	assert_int_equal(count_of(set, "labels"), 0);
	assert_int_equal(count_of(set, "dropped"), 1);
	assert_int_equal(log_lines("refuses a label"), 1);
}

/* ---- beside the owner ---------------------------------------------------- */

static struct ledger_file *join(void)
{
	struct err err = {0};
	struct ledger_file *f = ledger_file_join(path, &err);

	if (!f)
		fail_msg("%s", err.text);
	return f;
}

/* What was written is there on return, and the owner goes on. */
static void test_joined(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_file *f = join();
	struct ledger_row *rows[2] = {row_new("a", 0), row_new("a", 1)};
	struct ledger_label *labels[2] = {full_label(), label_new("b", 1)};
	struct err err = {0};
	size_t bad;

	(void)state;
	assert_int_equal(ledger_file_write(f, rows, 2, &bad, &err), 0);
	assert_int_equal(whole_requests(), 2);
	assert_int_equal(ledger_file_write_labels(f, labels, 2, &bad, &err), 0);
	expect_labels();
	labels[1]->request_id = NULL;
	assert_int_equal(ledger_file_write_labels(f, labels, 2, &bad, &err),
			 -1);
	assert_int_equal(bad, 1);
	assert_int_equal(err.kind, ERR_LIMIT);
	expect_labels(); /* none of both */
	for (int i = 0; i < 2; i++) {
		ledger_row_free(rows[i]);
		ledger_label_free(labels[i]);
	}
	ledger_file_close(f);
	put_many(g, 0, "c", 1);
	ledger_free(g);
	assert_int_equal(whole_requests(), 3);
}

/* Holds the lock for longer than the owner would wait. */
static void *hold_lock(void *arg)
{
	wait_ms(2000);
	sqlite3_exec(arg, "COMMIT", NULL, NULL, NULL);
	return NULL;
}

static void test_joined_waits(void **state)
{
	struct ledger_file *f = join();
	struct ledger_row *row = row_new("a", 0);
	sqlite3 *h = open_file();
	struct err err = {0};
	pthread_t t;
	size_t bad;

	(void)state;
	assert_int_equal(sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(pthread_create(&t, NULL, hold_lock, h), 0);
	assert_int_equal(ledger_file_write(f, &row, 1, &bad, &err), 0);
	pthread_join(t, NULL);
	sqlite3_close(h);
	ledger_row_free(row);
	ledger_file_close(f);
	assert_int_equal(whole_requests(), 1);
}

/* A damaged file is its owner's to move. */
static void test_joined_leaves_damage(void **state)
{
	struct err err = {0};
	FILE *f = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 500; i++)
		fputs("no database\n", f);
	fclose(f);
	assert_null(ledger_file_join(path, &err));
	assert_int_equal(err.kind, ERR_PARSE);
	assert_int_equal(files(""), 1);
	assert_int_equal(files(".damaged*"), 0);
}

/* It is found in the file without any further call, and soon. */
static void test_written_by_itself(void **state)
{
	struct ledger *g = open_ledger(3, 0);
	sqlite3 *h;

	(void)state;
	put_many(g, 1, "a", 5);
	wait_for("rows", 5);
	h = open_file();
	same(h, "SELECT count(*) FROM requests", "5");
	sqlite3_close(h);
	ledger_free(g);
}

static void test_free_writes_all(void **state)
{
	struct ledger *g = open_ledger(2, 0);

	(void)state;
	put_many(g, 0, "a", LANE_ROOM);
	put_many(g, 1, "b", 3000);
	ledger_free(g);
	assert_int_equal(count_of(set, "rows") + count_of(set, "dropped"),
			 LANE_ROOM + 3000);
	assert_int_equal(count_of(set, "dropped"), 0);
	assert_int_equal(whole_requests(), LANE_ROOM + 3000);
}

static void test_goes_on_where_it_was(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct ledger *g = open_ledger(1, 0);

		put_many(g, 0, "a", 10);
		ledger_free(g);
		assert_int_equal(files("-wal"), 0); /* closed cleanly */
	}
	assert_int_equal(whole_requests(), 30);
	assert_int_equal(files(".damaged*"), 0);
}

static void test_mode_of_files(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	struct ledger *g;
	struct stat st;
	char file[128];

	(void)state;
	umask(0);
	g = open_ledger(1, 0);
	umask(022);
	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, tails[i]);
		assert_int_equal(stat(file, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	ledger_free(g);
}

static bool plan_says(sqlite3 *h, const char *query, const char *what)
{
	char sql[200];
	sqlite3_stmt *st;
	bool yes = false;

	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", query);
	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		yes |= strstr((const char *)sqlite3_column_text(st, 3), what) !=
		       NULL;
	sqlite3_finalize(st);
	return yes;
}

static void test_rows_are_found(void **state)
{
	sqlite3 *h;

	(void)state;
	ledger_free(open_ledger(1, 0));
	h = open_file();
	assert_true(plan_says(h,
			      "SELECT * FROM requests WHERE request_id = 'x'",
			      "requests_by_request_id"));
	assert_true(plan_says(h,
			      "SELECT * FROM attempts"
			      " WHERE id BETWEEN " LEDGER_IDS_OF("7"),
			      "PRIMARY KEY (rowid>? AND rowid<?)"));
	assert_true(plan_says(h, "SELECT * FROM labels WHERE request_id = 'x'",
			      "labels_by_request_id"));
	same(h,
	     "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
	     " AND tbl_name IN ('attempts', 'verdicts')",
	     "0");
	sqlite3_close(h);
}

/* As the first version made it; only the columns that tell are filled, and the
 * ids of its rows are among those that the second one gives. */
static const char version_1[] =
	"CREATE TABLE requests(id INTEGER PRIMARY KEY,"
	" request_id TEXT NOT NULL, time_us INTEGER, cascade TEXT, mode TEXT,"
	" key TEXT, outcome TEXT, status INTEGER, stream INTEGER,"
	" tier INTEGER, backend TEXT, decision TEXT, reason TEXT,"
	" confidence REAL, calibrated INTEGER, attempts INTEGER,"
	" total_us INTEGER, upstream_us INTEGER, overhead_us INTEGER,"
	" cost_pusd INTEGER, generation INTEGER, request_text TEXT);"
	"CREATE INDEX requests_by_request_id ON requests(request_id);"
	"CREATE TABLE attempts(id INTEGER PRIMARY KEY,"
	" request INTEGER NOT NULL, seq INTEGER, backend TEXT, model TEXT,"
	" purpose TEXT, tier INTEGER, status INTEGER, fault TEXT,"
	" start_us INTEGER, first_byte_us INTEGER, total_us INTEGER,"
	" prompt_tokens INTEGER, completion_tokens INTEGER,"
	" cached_tokens INTEGER, usage_estimated INTEGER, cost_pusd INTEGER,"
	" response_text TEXT);"
	"CREATE INDEX attempts_by_request ON attempts(request);"
	"CREATE TABLE verdicts(id INTEGER PRIMARY KEY,"
	" request INTEGER NOT NULL, attempt_seq INTEGER, verifier TEXT,"
	" kind TEXT, score REAL, why TEXT, us INTEGER, cost_pusd INTEGER,"
	" signals TEXT);"
	"CREATE INDEX verdicts_by_request ON verdicts(request);"
	"INSERT INTO requests(id, request_id) VALUES(1, 'a'), (2, 'b');"
	"INSERT INTO attempts(id, request, seq, backend, response_text)"
	" VALUES(1, 1, 0, 'small', 'x'), (1000, 1, 1, 'large', 'y'),"
	" (1001, 2, 0, 'small', 'z'), (2000, 1, 2, 'third', NULL);"
	"INSERT INTO verdicts(id, request, verifier, signals)"
	" VALUES(1000, 2, 'rules', '{}'), (1002, 2, 'logprob', NULL),"
	" (2001, 1, 'rules', NULL);"
	"PRAGMA user_version = 1;";

static void test_version_1_is_brought_up(void **state)
{
	struct ledger *g;
	sqlite3 *h;

	(void)state;
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, version_1, NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(h);
	g = open_ledger(1, 0);
	put_many(g, 0, "new", 1);
	ledger_free(g);
	h = open_file();
	same(h,
	     "SELECT group_concat(id || '|' || request || '|' || seq || '|' ||"
	     " backend || '|' || ifnull(response_text, '-'), ' ') FROM"
	     " (SELECT * FROM attempts ORDER BY id) WHERE request < 3",
	     "1000|1|0|small|x 1001|1|1|large|y 1002|1|2|third|- "
	     "2000|2|0|small|z");
	same(h,
	     "SELECT group_concat(id || '|' || request || '|' || verifier ||"
	     " '|' || ifnull(signals, '-'), ' ') FROM"
	     " (SELECT * FROM verdicts ORDER BY id) WHERE request < 3",
	     "1000|1|rules|- 2000|2|rules|{} 2001|2|logprob|-");
	same(h,
	     "SELECT min(id) || '|' || max(id) FROM attempts"
	     " WHERE request = 3",
	     "3000|3001");
	same(h,
	     "SELECT group_concat(name, ' ') FROM"
	     " (SELECT name FROM sqlite_schema ORDER BY name)",
	     "attempts labels labels_by_request_id requests"
	     " requests_by_request_id verdicts");
	same(h, "PRAGMA user_version", "3");
	same(h, "PRAGMA integrity_check", "ok");
	sqlite3_close(h);
	assert_int_equal(files(".damaged*"), 0);
}

/* As the second version made it; the calls of its check have no name yet. */
static const char version_2[] =
	"CREATE TABLE requests(id INTEGER PRIMARY KEY,"
	" request_id TEXT NOT NULL, time_us INTEGER, cascade TEXT, mode TEXT,"
	" key TEXT, outcome TEXT, status INTEGER, stream INTEGER,"
	" tier INTEGER, backend TEXT, decision TEXT, reason TEXT,"
	" confidence REAL, calibrated INTEGER, attempts INTEGER,"
	" total_us INTEGER, upstream_us INTEGER, overhead_us INTEGER,"
	" cost_pusd INTEGER, generation INTEGER, request_text TEXT);"
	"CREATE INDEX requests_by_request_id ON requests(request_id);"
	"CREATE TABLE attempts(id INTEGER PRIMARY KEY,"
	" request INTEGER NOT NULL, seq INTEGER, backend TEXT, model TEXT,"
	" purpose TEXT, tier INTEGER, status INTEGER, fault TEXT,"
	" start_us INTEGER, first_byte_us INTEGER, total_us INTEGER,"
	" prompt_tokens INTEGER, completion_tokens INTEGER,"
	" cached_tokens INTEGER, usage_estimated INTEGER, cost_pusd INTEGER,"
	" response_text TEXT);"
	"CREATE TABLE verdicts(id INTEGER PRIMARY KEY,"
	" request INTEGER NOT NULL, attempt_seq INTEGER, verifier TEXT,"
	" kind TEXT, score REAL, why TEXT, us INTEGER, cost_pusd INTEGER,"
	" signals TEXT);"
	"INSERT INTO requests(id, request_id, cascade, cost_pusd,"
	" request_text) VALUES(7, 'a', 'auto', 9, 'text');"
	"INSERT INTO attempts(id, request, seq, backend, purpose,"
	" response_text) VALUES(7000, 7, 0, 'small', 'answer', 'x'),"
	" (7001, 7, 1, 'large', 'verify', NULL);"
	"INSERT INTO verdicts(id, request, verifier, signals)"
	" VALUES(7000, 7, 'check', '{}');"
	"PRAGMA user_version = 2;";

static void test_version_2_is_brought_up(void **state)
{
	struct ledger *g;
	struct ledger_label *l = label_new("a", 1);
	sqlite3 *h;

	(void)state;
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, version_2, NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(h);
	g = open_ledger(1, 0);
	put_many(g, 0, "new", 1);
	ledger_put_label(g, 0, &l);
	ledger_free(g);
	h = open_file();
	same(h,
	     "SELECT id || '|' || request_id || '|' || cascade || '|' ||"
	     " cost_pusd || '|' || request_text || '|' || ifnull(agrees, '-')"
	     " || '|' || ifnull(record, '-') FROM requests WHERE id = 7",
	     "7|a|auto|9|text|-|-");
	same(h,
	     "SELECT group_concat(id || '|' || backend || '|' || purpose ||"
	     " '|' || ifnull(verifier, '-') || '|' ||"
	     " ifnull(response_text, '-'), ' ') FROM"
	     " (SELECT * FROM attempts ORDER BY id) WHERE request = 7",
	     "7000|small|answer|-|x 7001|large|verify|check|-");
	same(h, "SELECT id || signals FROM verdicts WHERE request = 7",
	     "7000{}");
	same(h, "SELECT min(id) FROM attempts WHERE request = 8", "8000");
	same(h, "SELECT request_id FROM labels", "a-1");
	same(h, "PRAGMA user_version", "3");
	same(h, "PRAGMA integrity_check", "ok");
	sqlite3_close(h);
	assert_int_equal(files(".damaged*"), 0);
}

/* Those of one request never have the ids of another's. */
static void test_more_children_than_ids(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_row *r = ledger_row_new(LEDGER_CHILDREN_MOST + 1,
					      LEDGER_CHILDREN_MOST + 1);
	sqlite3 *h;

	(void)state;
	r->request_id = "many";
	ledger_put(g, 0, &r);
	put_many(g, 0, "new", 1);
	ledger_free(g);
	h = open_file();
	same(h, "SELECT count(*) FROM attempts WHERE request = 1", "1000");
	same(h, "SELECT count(*) FROM verdicts WHERE request = 1", "1000");
	same(h, "SELECT min(id) FROM attempts WHERE request = 2", "2000");
	sqlite3_close(h);
	assert_int_equal(count_of(set, "dropped"), 0);
}

/* ---- lanes --------------------------------------------------------------- */

struct producer {
	struct ledger *g;
	size_t lane;
	int n;
};

/* Not faster than the writer can write, so that nothing is dropped. */
static void *produce(void *arg)
{
	const struct producer *p = arg;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "lane%zu", p->lane);
	for (int i = 0; i < p->n; i++) {
		struct ledger_row *r = row_new(prefix, i);

		ledger_put(p->g, p->lane, &r);
		if (i % 500 == 499)
			wait_ms(60);
	}
	return NULL;
}

static void test_two_lanes_two_threads(void **state)
{
	enum { N = 3500 };
	struct ledger *g = open_ledger(2, 0);
	struct producer p[2] = {{g, 0, N}, {g, 1, N}};
	pthread_t t[2];
	sqlite3 *h;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, produce, &p[i]),
				 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ledger_free(g);
	assert_int_equal(count_of(set, "dropped"), 0);
	assert_int_equal(whole_requests(), 2 * N);
	h = open_file();
	same(h, "SELECT count(DISTINCT request_id) FROM requests", "7000");
	/* Each lane keeps its order. */
	same(h,
	     "SELECT count(*) FROM (SELECT"
	     " CAST(substr(request_id, 7) AS INTEGER) AS i,"
	     " lag(CAST(substr(request_id, 7) AS INTEGER)) OVER"
	     " (PARTITION BY substr(request_id, 1, 5) ORDER BY id) AS before"
	     " FROM requests) WHERE before IS NOT NULL AND i <> before + 1",
	     "0");
	sqlite3_close(h);
}

/* The writer is held up by another process's lock; the loop is not. */
static void test_full_lane_counts_and_does_not_wait(void **state)
{
	struct ledger *g = open_ledger(2, 0);
	sqlite3 *h = open_file();
	int64_t start;

	(void)state;
	assert_int_equal(sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	put_many(g, 0, "first", 1); /* now the writer waits for the lock */
	wait_ms(300);
	start = now_us();
	put_many(g, 0, "a", LANE_ROOM + 500);
	put_many(g, 1, "b", 10);
	assert_true(now_us() - start < 900000); /* far below what it waits */
	assert_int_equal(count_of(set, "dropped"), 500);
	sqlite3_exec(h, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(h);
	wait_for("rows", 1 + LANE_ROOM + 10);
	ledger_free(g);
	assert_int_equal(count_of(set, "dropped"), 500);
	assert_int_equal(whole_requests(), 1 + LANE_ROOM + 10);
	assert_true(log_lines("ledger rows dropped") > 0);
}

/* ---- the disk refuses ---------------------------------------------------- */

/* No file may grow: SQLite sees writes fail, as on a full disk. */
static void set_room(rlim_t bytes)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void test_full_disk_is_waited_out(void **state)
{
	struct ledger *g = open_ledger(1, 0);

	(void)state;
	put_many(g, 0, "before", 20);
	wait_for("rows", 20);
	signal(SIGXFSZ, SIG_IGN);
	set_room(4096);
	put_many(g, 0, "during", 1000);
	wait_for("errors", 2);
	assert_int_equal(count_of(set, "rows"), 20);
	assert_int_equal(log_lines("ledger cannot be written"), 1);
	set_room(RLIM_INFINITY);
	wait_for("rows", 1020);
	put_many(g, 0, "after", 5);
	ledger_free(g);
	assert_int_equal(whole_requests(), 1025);
	assert_int_equal(count_of(set, "dropped"), 0);
	assert_int_equal(log_lines("ledger is written again"), 1);
	assert_int_equal(files(".damaged*"), 0);
}

/* Free gives up in time and says how many are lost. */
static void test_free_with_a_full_disk(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	int64_t start;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	set_room(4096);
	put_many(g, 0, "a", 1500);
	start = now_us();
	ledger_free(g);
	assert_in_range(now_us() - start, 4000000, 8000000);
	set_room(RLIM_INFINITY);
	assert_int_equal(count_of(set, "rows"), 0);
	assert_int_equal(count_of(set, "dropped"), 1500);
	assert_int_equal(log_lines("rows=1500"), 1);
	assert_int_equal(whole_requests(), 0);
}

/* A row that can never be written must not stop those behind it. */
static void test_impossible_row(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	struct ledger_row *r = ledger_row_new(0, 0);

	(void)state;
	put_many(g, 0, "a", 3);
	ledger_put(g, 0, &r); /* no request_id: NOT NULL */
	put_many(g, 0, "b", 3);
	ledger_free(g);
	assert_int_equal(whole_requests(), 6);
	assert_int_equal(count_of(set, "rows"), 6);
	assert_int_equal(count_of(set, "dropped"), 1);
	assert_int_equal(log_lines("refuses a row"), 1);
}

/* ---- killing ------------------------------------------------------------- */

/* Writes until it is killed, and tells in *acknowledged how far it is. */
static void child(_Atomic int64_t *acknowledged)
{
	struct ledger *g = open_ledger(1, 0);

	for (int i = 0;; i++) {
		struct ledger_row *r = row_new("k", i);

		ledger_put(g, 0, &r);
		atomic_store(acknowledged, count_of(set, "rows"));
		if (i % 20 == 19)
			wait_ms(1);
	}
}

static void test_kill_loses_no_acknowledged_row(void **state)
{
	_Atomic int64_t *acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t before = 0, n;

	(void)state;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			child(acknowledged);
			_exit(1);
		}
		wait_ms(130 + i * 23);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		n = whole_requests();
		assert_true(n >= before + atomic_load(acknowledged));
		before = n;
		atomic_store(acknowledged, 0);
	}
	assert_true(before > 0);
	assert_int_equal(files(".damaged*"), 0);
	munmap((void *)acknowledged, 4096);
}

/* ---- damage -------------------------------------------------------------- */

static long size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (long)st.st_size;
}

static void overwrite(long at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

static void fill_file(int n)
{
	struct ledger *g = open_ledger(1, 0);

	put_many(g, 0, "old", n);
	ledger_free(g);
}

/* By hand, and the rest of them is left: their ids come again. */
static void test_requests_deleted(void **state)
{
	sqlite3 *h;

	(void)state;
	fill_file(3);
	h = open_file();
	assert_int_equal(
		sqlite3_exec(h, "DELETE FROM requests", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(h);
	fill_file(3);
	assert_int_equal(whole_requests(), 3);
	assert_int_equal(count_of(set, "dropped"), 0);
}

static void test_no_database_is_moved_aside(void **state)
{
	struct ledger *g;
	FILE *f = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 500; i++)
		fputs("no database\n", f);
	fclose(f);
	g = open_ledger(1, 0);
	put_many(g, 0, "a", 3);
	ledger_free(g);
	assert_int_equal(whole_requests(), 3);
	assert_int_equal(files(".damaged-[0-9]*T[0-9]*"), 1);
	assert_int_equal(log_lines("moved aside"), 1);
}

static void test_damaged_page_is_found(void **state)
{
	char junk[600];

	(void)state;
	fill_file(300);
	memset(junk, 0x5a, sizeof(junk));
	overwrite(size_of_file() / 2 / 4096 * 4096, junk, sizeof(junk));
	fill_file(4);
	assert_int_equal(whole_requests(), 4);
	assert_int_equal(files(".damaged*"), 1);
}

static void test_cut_file(void **state)
{
	(void)state;
	fill_file(300);
	assert_int_equal(truncate(path, size_of_file() / 2), 0);
	fill_file(4);
	assert_int_equal(whole_requests(), 4);
	assert_int_equal(files(".damaged*"), 1);
}

static void test_missing_table(void **state)
{
	sqlite3 *h;

	(void)state;
	fill_file(3);
	h = open_file();
	sqlite3_exec(h, "DROP TABLE verdicts", NULL, NULL, NULL);
	sqlite3_close(h);
	fill_file(4);
	assert_int_equal(whole_requests(), 4);
	assert_int_equal(files(".damaged*"), 1);
}

/* What a killed process left in its log is not lost, even when the file is. */
static void test_log_stands_in_for_the_file(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		put_many(open_ledger(1, 0), 0, "lost", 50);
		wait_for("rows", 50);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	assert_int_equal(files("-wal"), 1);
	assert_int_equal(truncate(path, 0), 0);
	overwrite(0, "no database at all, sorry", 25);
	fill_file(4);
	assert_int_equal(whole_requests(), 54);
	assert_int_equal(files(".damaged*"), 0);
}

/* It shows only while rows are being written. */
static void test_damage_at_work(void **state)
{
	struct ledger *g = open_ledger(1, 0);
	sqlite3 *h;

	(void)state;
	put_many(g, 0, "a", 5);
	wait_for("rows", 5);
	h = open_file();
	sqlite3_exec(h, "DROP TABLE verdicts", NULL, NULL, NULL);
	sqlite3_close(h);
	put_many(g, 0, "b", 7);
	wait_for("rows", 12);
	ledger_free(g);
	assert_int_equal(whole_requests(), 7);
	assert_int_equal(files(".damaged*"), 1);
	assert_int_equal(log_lines("moved aside"), 1);
}

/* Whatever bytes are wrong: it opens, writes, and never ends the process. */
static void test_flipped_bytes(void **state)
{
	char pattern[128];
	glob_t g;
	long size;

	(void)state;
	srandom(7);
	for (int i = 0; i < 150; i++) {
		struct ledger *l;
		struct err err = {0};
		int n = 1 + (int)(random() % 64);

		snprintf(pattern, sizeof(pattern), "%s*", path);
		glob(pattern, 0, NULL, &g);
		for (size_t j = 0; j < g.gl_pathc; j++)
			unlink(g.gl_pathv[j]);
		globfree(&g);
		fill_file(60);
		size = size_of_file();
		while (n--) {
			char byte = (char)random();
			/* Every second round only where the headers are. */
			long at = random() % (i % 2 ? 100 : size);

			overwrite(at, &byte, 1);
		}
		l = ledger_new(path, 1, 1, set, &err);
		if (!l) { /* looks like a file of somebody else */
			assert_int_equal(err.kind, ERR_CONF);
			continue;
		}
		put_many(l, 0, "new", 3);
		ledger_free(l);
	}
	assert_int_equal(count_of(set, "dropped"), 0);
}

static void test_newer_version_is_refused(void **state)
{
	struct err err = {0};
	sqlite3 *h;

	(void)state;
	fill_file(3);
	h = open_file();
	sqlite3_exec(h, "PRAGMA user_version = 9", NULL, NULL, NULL);
	sqlite3_close(h);
	assert_null(ledger_new(path, 1, 0, set, &err));
	assert_int_equal(err.kind, ERR_CONF);
	assert_non_null(strstr(err.text, "version 9"));
	assert_non_null(strstr(err.text, "up to 3"));
	assert_int_equal(files(".damaged*"), 0);
}

static void test_no_such_directory(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(ledger_new("/nonexistent/l.db", 1, 0, set, &err));
	assert_int_equal(err.kind, ERR_SYS);
	assert_non_null(strstr(err.text, "/nonexistent/l.db"));
}

/* ---- age ----------------------------------------------------------------- */

static void test_old_rows_are_removed(void **state)
{
	const int64_t hour = (int64_t)3600 * 1000000;
	struct ledger *g = open_ledger(1, 0);
	sqlite3 *h;

	(void)state;
	for (int i = 0; i < 1200; i++) { /* more than go at once */
		struct ledger_row *r = row_new(i < 1150 ? "old" : "young", i);
		struct ledger_label *l = label_new("l", i);

		r->time_us -= i < 1150 ? 2 * hour : hour / 2;
		ledger_put(g, 0, &r);
		l->time_us -= i < 1190 ? 2 * hour : hour / 2;
		ledger_put_label(g, 0, &l);
	}
	ledger_free(g);
	assert_int_equal(whole_requests(), 1200);
	g = open_ledger(1, hour);
	h = open_file();
	for (int i = 0; i < 500; i++) {
		if (number_in(h, "SELECT count(*) FROM labels") == 10)
			break;
		wait_ms(10);
	}
	same(h, "SELECT count(*) FROM requests", "50");
	same(h,
	     "SELECT count(*) FROM requests"
	     " WHERE request_id LIKE 'young%'",
	     "50");
	same(h, "SELECT count(*) FROM attempts", "100");
	same(h, "SELECT count(*) FROM verdicts", "50");
	same(h, "SELECT min(request_id) || count(*) FROM labels", "l-119010");
	sqlite3_close(h);
	ledger_free(g);
	assert_int_equal(whole_requests(), 50);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_every_column),
		T(test_row_of_nothing),
		T(test_written_by_itself),
		T(test_free_writes_all),
		T(test_goes_on_where_it_was),
		T(test_mode_of_files),
		T(test_rows_are_found),
		T(test_version_1_is_brought_up),
		T(test_version_2_is_brought_up),
		T(test_labels),
		T(test_impossible_label),
		T(test_joined),
		T(test_joined_waits),
		T(test_joined_leaves_damage),
		T(test_more_children_than_ids),
		T(test_requests_deleted),
		T(test_two_lanes_two_threads),
		T(test_full_lane_counts_and_does_not_wait),
		T(test_full_disk_is_waited_out),
		T(test_free_with_a_full_disk),
		T(test_impossible_row),
		T(test_kill_loses_no_acknowledged_row),
		T(test_no_database_is_moved_aside),
		T(test_damaged_page_is_found),
		T(test_cut_file),
		T(test_missing_table),
		T(test_log_stands_in_for_the_file),
		T(test_damage_at_work),
		T(test_flipped_bytes),
		T(test_newer_version_is_refused),
		T(test_no_such_directory),
		T(test_old_rows_are_removed),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
