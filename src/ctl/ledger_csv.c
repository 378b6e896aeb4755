/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes requests by a table of columns.
 */
#include "ctl/ledger_csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef void write_fn(struct buf *out, const struct ledger_row *row,
		      const void *field);

static void write_text(struct buf *out, const struct ledger_row *row,
		       const void *field)
{
	const char *text = *(const char *const *)field;
	bool quoted;

	(void)row;
	if (!text || !*text)
		return;
	quoted = strpbrk(text, ",\"\r\n") != NULL;
	buf_adds(out, quoted ? "\"" : "");
	if (strchr("=+-@\t\r", *text))
		buf_adds(out, "'");
	for (; *text; text++)
		buf_add(out, *text == '"' ? "\"\"" : text, 1 + (*text == '"'));
	buf_adds(out, quoted ? "\"" : "");
}

static void write_int64(struct buf *out, const struct ledger_row *row,
			const void *field)
{
	(void)row;
	buf_addf(out, "%" PRId64, *(const int64_t *)field);
}

static void write_uint64(struct buf *out, const struct ledger_row *row,
			 const void *field)
{
	(void)row;
	buf_addf(out, "%" PRIu64, *(const uint64_t *)field);
}

static void write_int(struct buf *out, const struct ledger_row *row,
		      const void *field)
{
	(void)row;
	buf_addf(out, "%d", *(const int *)field);
}

static void write_bool(struct buf *out, const struct ledger_row *row,
		       const void *field)
{
	(void)row;
	buf_adds(out, *(const bool *)field ? "1" : "0");
}

static void write_real(struct buf *out, const struct ledger_row *row,
		       const void *field)
{
	double v = *(const double *)field;

	(void)row;
	if (!isnan(v))
		buf_addf(out, "%.9g", v);
}

static void write_known(struct buf *out, const struct ledger_row *row,
			const void *field)
{
	(void)row;
	if (*(const int *)field >= 0)
		buf_addf(out, "%d", *(const int *)field);
}

static void write_answers(struct buf *out, const struct ledger_row *row,
			  const void *field)
{
	(void)field;
	buf_addf(out, "%zu", ledger_row_answers(row));
}

#define OF(member, writer)                                                     \
	{                                                                      \
#member, writer, offsetof(struct ledger_row, member)           \
	}

static const struct {
	const char *name;
	write_fn *write;
	size_t offset;
} columns[] = {
	OF(request_id, write_text),   OF(time_us, write_int64),
	OF(cascade, write_text),      OF(mode, write_text),
	OF(key, write_text),	      OF(outcome, write_text),
	OF(status, write_int),	      OF(stream, write_bool),
	OF(tier, write_int),	      OF(backend, write_text),
	OF(decision, write_text),     OF(reason, write_text),
	OF(confidence, write_real),   OF(calibrated, write_bool),
	OF(attempts, write_answers),  OF(total_us, write_int64),
	OF(upstream_us, write_int64), OF(overhead_us, write_int64),
	OF(cost_pusd, write_int64),   OF(generation, write_uint64),
	OF(agrees, write_known),      OF(would, write_text),
	OF(would_reason, write_text),
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

int ledger_csv_head(struct buf *out)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		buf_addf(out, "%s%s", i ? "," : "", columns[i].name);
	return buf_adds(out, "\r\n");
}

int ledger_csv_row(const struct ledger_row *row, struct buf *out)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		buf_adds(out, i ? "," : "");
		columns[i].write(out, row,
				 (const char *)row + columns[i].offset);
	}
	return buf_adds(out, "\r\n");
}
