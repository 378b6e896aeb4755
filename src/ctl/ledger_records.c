/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes rows of the ledger as records, and reads them as such.
 */
#include "ctl/ledger_records.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/jscan.h"
#include "chat/price.h"
#include "ctl/record_edit.h"
#include "store/ledger_reader.h"

static void write_text(struct buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	buf_addf(b, ",\"%s\":\"", name);
	jtext_escape(span_of(text), b);
	buf_adds(b, "\"");
}

/* The object that the text is, without white space around; else nothing. */
static struct span object_of(const char *text)
{
	struct span object = {NULL, 0};
	struct jscan s;

	jscan_init(&s, span_of(text), JSCAN_DEPTH - 4);
	if (!text || jscan_peek(&s) != JSCAN_OBJECT ||
	    jscan_value(&s, &object) < 0 || jscan_end(&s) < 0)
		return (struct span){NULL, 0};
	return object;
}

/* A line of records holds no line's end. */
static void write_object(struct buf *b, const char *name, const char *text)
{
	struct span object = object_of(text);

	if (!object.n)
		return;
	buf_addf(b, ",\"%s\":", name);
	for (size_t i = 0; i < object.n; i++)
		buf_add(b, object.p[i] == '\n' ? " " : &object.p[i], 1);
}

static void write_time(struct buf *b, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&seconds, &tm));
	write_text(b, "time", text);
}

/* ---- signals ------------------------------------------------------------- */

static bool is_value(struct span text)
{
	struct jscan s;
	double v;

	jscan_init(&s, text, 1);
	if (jscan_peek(&s) == JSCAN_NULL)
		return true;
	return jscan_peek(&s) == JSCAN_NUMBER && jscan_number(&s, &v) == 0 &&
	       isfinite(v);
}

/* Appends what is a number or missing. */
static void add_signals(struct buf *b, struct span signals, const char **before)
{
	struct span key, value;
	struct jscan s;

	jscan_init(&s, signals, JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return;
	while (jscan_member(&s, &key) > 0) {
		if (jscan_value(&s, &value) < 0 || !is_value(value))
			continue;
		buf_adds(b, *before);
		buf_add_span(b, key);
		buf_adds(b, "\":");
		buf_add_span(b, value);
		*before = ",\"";
	}
}

/* Those of all verdicts on that attempt; of what is said twice the last
 * counts for whoever reads it. */
static void write_signals(struct buf *b, const struct ledger_row *row,
			  size_t attempt)
{
	const char *none = ",\"signals\":{\"", *before = none;

	for (size_t i = 0; i < row->n_verdicts; i++) {
		const struct ledger_verdict *v = &row->verdicts[i];

		if ((size_t)v->attempt_seq == attempt)
			add_signals(b, object_of(v->signals), &before);
	}
	buf_adds(b, before == none ? "" : "}");
}

/* ---- what is never kept --------------------------------------------------- */

/* A gate that rejected it, in the words of the daemon. */
static void write_barred(struct buf *b, const struct ledger_row *row,
			 size_t attempt)
{
	for (size_t i = 0; i < row->n_verdicts; i++) {
		const struct ledger_verdict *v = &row->verdicts[i];

		if ((size_t)v->attempt_seq != attempt || !v->kind ||
		    strcmp(v->kind, "reject") != 0)
			continue;
		buf_adds(b, ",\"barred\":\"gate:");
		jtext_escape(span_of(v->why ? v->why : ""), b);
		buf_adds(b, "\"");
		return;
	}
}

/* ---- rows ---------------------------------------------------------------- */

/* What cost nothing may be a backend without a price: it is not said. */
static void write_attempt(struct buf *b, const struct ledger_row *row, size_t i)
{
	const struct ledger_attempt *t = &row->attempts[i];
	char usd[32];

	buf_addf(b, "{\"status\":%d", t->status);
	write_text(b, "backend", t->backend);
	write_text(b, "model", t->model);
	write_text(b, "purpose", t->purpose);
	write_text(b, "verifier", t->verifier);
	write_text(b, "mode", t->mode);
	write_text(b, "about", t->about);
	buf_addf(b, ",\"seconds\":%.6g", (double)t->total_us * 1e-6);
	if (t->cost_pusd > 0) {
		price_text(t->cost_pusd, usd);
		buf_addf(b, ",\"cost_usd\":%s", usd);
	}
	write_object(b, "response", t->response_text);
	write_barred(b, row, i);
	write_signals(b, row, i);
	buf_adds(b, "}");
}

static void write_marks(struct buf *b, const struct ledger_row *row)
{
	for (size_t i = 0; i < row->n_marks; i++) {
		buf_adds(b, i ? ",\"" : ",\"labels\":{\"");
		jtext_escape(span_of(row->marks[i].backend), b);
		buf_adds(b, row->marks[i].right ? "\":true" : "\":false");
	}
	buf_adds(b, row->n_marks ? "}" : "");
}

static int write_own(const struct ledger_row *row, struct buf *b)
{
	buf_adds(b, "{\"id\":\"");
	jtext_escape(span_of(row->request_id), b);
	buf_adds(b, "\"");
	write_time(b, row->time_us);
	write_text(b, "cascade", row->cascade);
	write_text(b, "mode", row->mode);
	write_text(b, "decision", row->decision);
	write_text(b, "reason", row->reason);
	write_text(b, "would", row->would);
	write_text(b, "would_reason", row->would_reason);
	write_object(b, "request", row->request_text);
	buf_adds(b, ",\"attempts\":[");
	for (size_t i = 0; i < row->n_attempts; i++) {
		buf_adds(b, i ? "," : "");
		write_attempt(b, row, i);
	}
	buf_adds(b, "]");
	if (row->agrees >= 0)
		write_text(b, "compared_by", row->compared_by);
	if (row->agrees >= 0)
		buf_adds(b, row->agrees ? ",\"agrees\":true"
					: ",\"agrees\":false");
	write_marks(b, row);
	return buf_adds(b, "}");
}

int ledger_records_write(const struct ledger_row *row, struct buf *b)
{
	if (row->record)
		return record_edit_labels(span_of(row->record), row->marks,
					  row->n_marks, b);
	return write_own(row, b);
}

static int read_all(struct records *r, struct ledger_reader *from,
		    int64_t *textless, struct err *err)
{
	struct ledger_row *row;
	struct buf line;
	int rc;

	buf_init(&line, 0);
	while ((rc = ledger_reader_next(from, &row, err)) > 0) {
		buf_clear(&line);
		ledger_records_write(row, &line);
		*textless += !row->request_text && !row->record;
		ledger_row_free(row);
		rc = records_add(r, buf_span(&line), err);
		if (rc < 0)
			break;
	}
	buf_release(&line);
	return rc;
}

int ledger_records_read(struct records *r, const char *path,
			const char *cascade, int64_t *textless, struct err *err)
{
	const struct ledger_reader_want w = {.cascade = cascade};
	struct ledger_reader *from = ledger_reader_open(path, &w, err);
	struct err why = {0};
	int rc;

	if (!from)
		return -1;
	*textless = 0;
	rc = read_all(r, from, textless, &why);
	if (rc < 0)
		err_set(err, why.kind, "%s: %s", path, why.text);
	ledger_reader_close(from);
	return rc;
}
