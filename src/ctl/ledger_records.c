/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes rows of the ledger as records, and reads them as such.
 */
#include "ctl/ledger_records.h"

#include <time.h>

#include "base/jscan.h"
#include "chat/price.h"
#include "store/ledger_reader.h"

static void write_text(struct buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	buf_addf(b, ",\"%s\":\"", name);
	jtext_escape(span_of(text), b);
	buf_adds(b, "\"");
}

/* As it is, when it is one. A line of records holds no line's end. */
static void write_object(struct buf *b, const char *name, const char *text)
{
	struct jscan s;
	struct span object;

	jscan_init(&s, span_of(text), JSCAN_DEPTH - 4);
	if (!text || jscan_peek(&s) != JSCAN_OBJECT ||
	    jscan_value(&s, &object) < 0 || jscan_end(&s) < 0)
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

/* What cost nothing may be a backend without a price: it is not said. */
static void write_attempt(struct buf *b, const struct ledger_attempt *t)
{
	char usd[32];

	buf_addf(b, "{\"status\":%d", t->status);
	write_text(b, "backend", t->backend);
	write_text(b, "purpose", t->purpose);
	if (t->purpose && strcmp(t->purpose, "verify") == 0)
		write_text(b, "verifier", "check");
	buf_addf(b, ",\"seconds\":%.6g", (double)t->total_us * 1e-6);
	if (t->cost_pusd > 0) {
		price_text(t->cost_pusd, usd);
		buf_addf(b, ",\"cost_usd\":%s", usd);
	}
	write_object(b, "response", t->response_text);
	buf_adds(b, "}");
}

int ledger_records_write(const struct ledger_row *row, struct buf *b)
{
	buf_adds(b, "{\"id\":\"");
	jtext_escape(span_of(row->request_id), b);
	buf_adds(b, "\"");
	write_time(b, row->time_us);
	write_text(b, "cascade", row->cascade);
	write_text(b, "mode", row->mode);
	write_text(b, "decision", row->decision);
	write_object(b, "request", row->request_text);
	buf_adds(b, ",\"attempts\":[");
	for (size_t i = 0; i < row->n_attempts; i++) {
		buf_adds(b, i ? "," : "");
		write_attempt(b, &row->attempts[i]);
	}
	return buf_adds(b, "]}");
}

static int read_all(struct records *r, struct ledger_reader *from,
		    struct err *err)
{
	struct ledger_row *row;
	struct buf line;
	int rc;

	buf_init(&line, 0);
	while ((rc = ledger_reader_next(from, &row, err)) > 0) {
		buf_clear(&line);
		ledger_records_write(row, &line);
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
	struct ledger_reader *from = ledger_reader_open(path, cascade, err);
	struct err why = {0};
	int rc;

	if (!from)
		return -1;
	rc = read_all(r, from, &why);
	if (rc == 0)
		rc = ledger_reader_textless(from, textless, &why);
	if (rc < 0)
		err_set(err, why.kind, "%s: %s", path, why.text);
	ledger_reader_close(from);
	return rc;
}
