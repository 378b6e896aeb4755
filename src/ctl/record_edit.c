/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds members by the scanner and copies what lies between.
 */
#include "ctl/record_edit.h"

#include <stdbool.h>

#include "base/jscan.h"

static void add_bytes(struct buf *out, const char *from, const char *to)
{
	buf_add(out, from, (size_t)(to - from));
}

/* ---- labels -------------------------------------------------------------- */

static void add_marks(struct buf *out, const struct ledger_mark *marks,
		      size_t n, bool first)
{
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, first && i == 0 ? "\"" : ",\"");
		jtext_escape(span_of(marks[i].backend), out);
		buf_adds(out, marks[i].right ? "\":true" : "\":false");
	}
}

static bool is_marked(struct span key, const struct ledger_mark *marks,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (jscan_key_is(key, marks[i].backend))
			return true;
	return false;
}

/* Those of the record that stay, and the marks. */
static void merge(struct span labels, const struct ledger_mark *marks, size_t n,
		  struct buf *out)
{
	struct span key, value;
	bool first = true;
	struct jscan s;

	buf_adds(out, "{");
	jscan_init(&s, labels, JSCAN_DEPTH);
	if (labels.n && jscan_at(&s, '{') && jscan_enter(&s, '{') == 0)
		while (jscan_member(&s, &key) > 0) {
			if (jscan_value(&s, &value) < 0 ||
			    is_marked(key, marks, n))
				continue;
			buf_adds(out, first ? "\"" : ",\"");
			buf_add_span(out, key);
			buf_adds(out, "\":");
			buf_add_span(out, value);
			first = false;
		}
	add_marks(out, marks, n, first);
	buf_adds(out, "}");
}

int record_edit_labels(struct span line, const struct ledger_mark *marks,
		       size_t n, struct buf *out)
{
	struct span key, value, labels = {NULL, 0};
	const char *end = line.p + line.n;
	struct jscan s;

	jscan_init(&s, line, JSCAN_DEPTH);
	if (n == 0 || jscan_enter(&s, '{') < 0)
		return buf_add_span(out, line);
	while (jscan_member(&s, &key) > 0)
		if (jscan_value(&s, &value) == 0 && jscan_key_is(key, "labels"))
			labels = value;
	if (labels.p) {
		add_bytes(out, line.p, labels.p);
		merge(labels, marks, n, out);
		add_bytes(out, labels.p + labels.n, end);
	} else {
		add_bytes(out, line.p, s.p - 1);
		buf_adds(out, ",\"labels\":");
		merge(labels, marks, n, out);
		add_bytes(out, s.p - 1, end);
	}
	return out->failed ? -1 : 0;
}

/* ---- texts --------------------------------------------------------------- */

static bool is_among(struct span key, const char *const *names)
{
	for (; *names; names++)
		if (jscan_key_is(key, *names))
			return true;
	return false;
}

static bool keep_attempts(struct jscan *s, struct buf *out);

/* The object's members of these names; were they all? */
static bool keep_members(struct jscan *s, const char *const *names,
			 struct buf *out)
{
	struct span key, value;
	const char *between = "\"";
	bool all = true;

	buf_adds(out, "{");
	if (jscan_enter(s, '{') < 0)
		return false;
	while (jscan_member(s, &key) > 0) {
		if (!is_among(key, names)) {
			jscan_value(s, NULL);
			all = false;
			continue;
		}
		buf_adds(out, between);
		buf_add_span(out, key);
		buf_adds(out, "\":");
		between = ",\"";
		if (jscan_key_is(key, "attempts") && jscan_at(s, '['))
			all = keep_attempts(s, out) && all;
		else if (jscan_value(s, &value) == 0)
			buf_add_span(out, value);
	}
	buf_adds(out, "}");
	return all;
}

static bool keep_attempts(struct jscan *s, struct buf *out)
{
	static const char *const names[] = {
		"backend", "purpose", "verifier", "mode",    "about",
		"status",  "seconds", "cost_usd", "signals", NULL,
	};
	const char *between = "";
	bool all = true;

	buf_adds(out, "[");
	if (jscan_enter(s, '[') < 0)
		return false;
	while (jscan_element(s) > 0) {
		buf_adds(out, between);
		all = keep_members(s, names, out) && all;
		between = ",";
	}
	buf_adds(out, "]");
	return all;
}

int record_edit_textless(struct span line, struct buf *out)
{
	static const char *const names[] = {
		"id",	  "time",   "cascade", "mode",	   "decision",
		"agrees", "labels", "signals", "attempts", NULL,
	};
	size_t before = out->n;
	struct jscan s;
	bool all;

	jscan_init(&s, line, JSCAN_DEPTH);
	all = keep_members(&s, names, out);
	if (jscan_end(&s) < 0 || out->failed)
		return -1;
	if (!all)
		return 0;
	out->n = before; /* as it was, white space and all */
	return buf_add_span(out, line);
}
