/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the ledger as lines of CSV (RFC 4180), without texts. Pure.
 *
 * A text that a spreadsheet would take for a formula, one that begins with
 * = + - @, a tab or a carriage return, gets a ' before it.
 */
#ifndef CTL_LEDGER_CSV_H
#define CTL_LEDGER_CSV_H

#include "base/buf.h"
#include "store/ledger.h"

/* The names of the columns, as in the table of requests. */
int ledger_csv_head(struct buf *out);
/* What is not known is empty. Both: 0, or -1 when out is full. */
int ledger_csv_row(const struct ledger_row *row, struct buf *out);

#endif
