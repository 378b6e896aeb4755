/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any line is a record or a fault that says why; what was found lies inside of
 * the line and is what it should be. What is made of a record is one again.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "ctl/record.h"
#include "ctl/record_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_object(struct span line, struct span s)
{
	struct jscan scan;

	if (!s.n)
		return;
	check(s.p >= line.p && s.p + s.n <= line.p + line.n);
	jscan_init(&scan, s, JSCAN_DEPTH);
	check(jscan_peek(&scan) == JSCAN_OBJECT);
	check(jscan_value(&scan, NULL) == 0 && jscan_end(&scan) == 0);
}

static void check_signals(const struct record_signal *s)
{
	for (; s; s = s->next)
		check(s->name && !isinf(s->value));
}

static void check_record(const struct record *r, struct span line)
{
	check(r->id && *r->id);
	check_object(line, r->request);
	check_signals(r->signals);
	for (const struct record_label *l = r->labels; l; l = l->next)
		check(l->backend != NULL);
	for (const struct record_attempt *t = r->attempts; t; t = t->next) {
		check(isnan(t->cost_usd) ||
		      (t->cost_usd >= 0 && isfinite(t->cost_usd)));
		check_object(line, t->response);
		check_signals(t->signals);
	}
}

static void check_textless(struct span line, const char *id, struct arena *a)
{
	struct record r;
	struct buf b;

	buf_init(&b, 0);
	check(record_edit_textless(line, &b) == 0);
	check(record_read(&r, buf_span(&b), a, NULL) == 0);
	check(strcmp(r.id, id) == 0 && !r.request.n);
	for (const struct record_attempt *t = r.attempts; t; t = t->next)
		check(!t->response.n && !t->answer);
	buf_release(&b);
}

static void check_labels(struct span line, struct arena *a)
{
	static const struct ledger_mark marks[] = {{"small", true},
						   {"l\"", false}};
	struct record r;
	struct buf b;
	int n = 0;

	buf_init(&b, 0);
	check(record_edit_labels(line, marks, 2, &b) == 0);
	check(record_read(&r, buf_span(&b), a, NULL) == 0);
	for (const struct record_label *l = r.labels; l; l = l->next) {
		n += strcmp(l->backend, "small") == 0 && l->right == KNOWN_TRUE;
		n += strcmp(l->backend, "l\"") == 0 && l->right == KNOWN_FALSE;
	}
	check(n == 2);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena *a = arena_new();
	char *copy = malloc(n ? n : 1);
	struct span line = {copy, n};
	struct record r;
	struct err err = {0};

	if (n)
		memcpy(copy, p, n);
	if (record_read(&r, line, a, &err) == 0) {
		check_record(&r, line);
		check_textless(line, r.id, a);
		check_labels(line, a);
	} else {
		check(err.kind == ERR_PARSE && err.text[0]);
	}
	free(copy);
	arena_free(a);
	return 0;
}
