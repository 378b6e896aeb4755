/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report says in sentences: the same on the page and in the terminal.
 * Plain text, not escaped; nothing but the view is read.
 */
#ifndef CTL_REPORT_WORDS_H
#define CTL_REPORT_WORDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "ctl/report_view.h"

/* "certified", "estimated", "uncalibrated". */
const char *report_standing_name(enum report_standing s);
/* It saves money, and what it loses has a bound, if only an estimated one. */
bool report_is_worth_it(const struct report_view *v);
/* "worth it", "bypass", "no promise" (saves, but loses without bound), "no
 * verdict". */
const char *report_verdict_name(const struct report_view *v);

/* Worth it or not, in money. */
void report_say_verdict(struct buf *out, const struct report_view *v);
/* The promise, on what it stands, and how far it goes. */
void report_say_standing(struct buf *out, const struct report_view *v);
/* What is called lost. */
void report_say_loss(struct buf *out, const struct report_view *v);
/* Is the check worth asking for, in money. */
void report_say_check(struct buf *out, const struct report_view *v);
/* The rows: how many, and what was set aside. */
void report_say_rows(struct buf *out, const struct report_view *v);
/* What to be wary of; appends nothing when there is nothing. */
void report_say_warning(struct buf *out, const struct report_view *v);

#endif
