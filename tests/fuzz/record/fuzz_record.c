/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any line is a record or a fault that says why; what was found lies inside of
 * the line and is what it should be.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "ctl/record.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena *a = arena_new();
	char *copy = malloc(n ? n : 1);
	struct span line = {copy, n};
	struct record r;
	struct err err = {0};

	if (n)
		memcpy(copy, p, n);
	if (record_read(&r, line, a, &err) == 0)
		check_record(&r, line);
	else
		check(err.kind == ERR_PARSE && err.text[0]);
	free(copy);
	arena_free(a);
	return 0;
}
