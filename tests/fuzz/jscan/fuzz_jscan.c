/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passing a value whole and walking it step by step say the same; numbers are
 * strtod()'s, and text that is escaped again is the same text.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/jscan.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(struct span raw)
{
	struct buf text, again, back;

	buf_init(&text, 0);
	buf_init(&again, 0);
	buf_init(&back, 0);
	check(jtext_unescape(raw, &text) == 0 && text.n <= raw.n);
	check(jtext_escape(buf_span(&text), &again) == 0);
	check(jtext_unescape(buf_span(&again), &back) == 0);
	check(span_eq(buf_span(&text), buf_span(&back)));
	buf_release(&text);
	buf_release(&again);
	buf_release(&back);
}

static void check_number(struct jscan *s)
{
	const char *begin = s->p;
	double v = 0, want;
	char *copy;
	size_t n;

	if (jscan_number(s, &v) < 0)
		return;
	n = (size_t)(s->p - begin);
	copy = malloc(n + 1);
	check(copy != NULL);
	memcpy(copy, begin, n);
	copy[n] = '\0';
	want = strtod(copy, NULL);
	check(n < 500 ? memcmp(&v, &want, sizeof(v)) == 0
		      : v == want || fabs(v - want) <= fabs(want) * 1e-15);
	free(copy);
}

static void walk(struct jscan *s)
{
	struct span text;

	switch (jscan_peek(s)) {
	case JSCAN_OBJECT:
		jscan_enter(s, '{');
		while (jscan_member(s, &text) > 0) {
			check_text(text);
			walk(s);
		}
		break;
	case JSCAN_ARRAY:
		jscan_enter(s, '[');
		while (jscan_element(s) > 0)
			walk(s);
		break;
	case JSCAN_STRING:
		if (jscan_string(s, &text) == 0)
			check_text(text);
		break;
	case JSCAN_NUMBER:
		check_number(s);
		break;
	default:
		jscan_value(s, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = {(const char *)p, n};
	struct jscan s, t;

	jscan_init(&s, text, DEPTH);
	jscan_value(&s, NULL);
	jscan_end(&s);
	jscan_init(&t, text, DEPTH);
	walk(&t);
	jscan_end(&t);
	check((s.why == NULL) == (t.why == NULL));
	check(s.fault_at == t.fault_at);
	return 0;
}
