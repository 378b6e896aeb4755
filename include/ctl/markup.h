/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in HTML and SVG: whatever its bytes, it stays text.
 */
#ifndef CTL_MARKUP_H
#define CTL_MARKUP_H

#include "base/buf.h"

/* Appends text for an element or a quoted attribute: markup escaped; bytes
 * that are no UTF-8, control characters and overrides of direction replaced by
 * U+FFFD. */
void markup_text(struct buf *out, const char *text);
/* The same of a name that others chose: cut after 60 characters, with an
 * ellipsis. */
void markup_name(struct buf *out, const char *name);

#endif
