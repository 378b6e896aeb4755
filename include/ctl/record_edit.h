/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of records, changed by splicing: what is not touched keeps its bytes.
 * They should be such as record_read() takes. Pure.
 */
#ifndef CTL_RECORD_EDIT_H
#define CTL_RECORD_EDIT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "store/ledger.h"

/* Appends the line with these marks among its labels, in place of what it says
 * of the same backends; without marks it is as it was. 0, or -1 when out is
 * full. */
int record_edit_labels(struct span line, const struct ledger_mark *marks,
		       size_t n, struct buf *out);

/* Appends the line without any text of request and replies, as it was when it
 * has none: of its members only id, time, cascade, mode, decision, agrees,
 * labels, signals and attempts are left, and of an attempt's backend, purpose,
 * verifier, mode, about, status, seconds, cost_usd and signals. 0, or -1 when
 * out is full or the line is no JSON object. */
int record_edit_textless(struct span line, struct buf *out);

#endif
