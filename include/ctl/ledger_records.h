/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the ledger as records.
 */
#ifndef CTL_LEDGER_RECORDS_H
#define CTL_LEDGER_RECORDS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/records.h"
#include "store/ledger.h"

/* Appends the row as one record, a JSON object without a line's end: signals
 * stand with the attempt that was judged, texts that are no JSON objects are
 * left out. An imported row is the line that came, with the marks among its
 * labels. 0, or -1 when out is full. */
int ledger_records_write(const struct ledger_row *row, struct buf *out);

/* Adds each request of that cascade; *textless: of how many the texts were not
 * stored, only signals. */
int ledger_records_read(struct records *r, const char *path,
			const char *cascade, int64_t *textless,
			struct err *err);

#endif
