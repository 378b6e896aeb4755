/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event streams: the events are the same however the bytes are cut.
 */
#include "net/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX_EVENT 40
#define SHORT	  48 /* streams up to here are cut in three places as well */

#define TEXT(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}

/* what: each event as <data>, and ! for the fault at the end. */
static const struct {
	struct span in;
	struct span what;
} cases[] = {
	{TEXT(""), TEXT("")},
	{TEXT("data: a\n\n"), TEXT("<a>")},
	{TEXT("data: a\r\n\r\n"), TEXT("<a>")},
	{TEXT("data: a\r\r"), TEXT("<a>")},
	{TEXT("data: a\n\r\n"), TEXT("<a>")},
	{TEXT("data: a\r\n\n"), TEXT("<a>")},
	{TEXT("data: a\n\r"), TEXT("<a>")},
	{TEXT("data: a\r\n\r"), TEXT("<a>")},
	{TEXT("data: a\n"), TEXT("")},
	{TEXT("data: a"), TEXT("")},
	{TEXT("data: a\r"), TEXT("")},
	{TEXT("data: a\r\n"), TEXT("")},
	{TEXT("data:a\n\ndata:  b\n\n"), TEXT("<a>< b>")},
	{TEXT("data:\n\n"), TEXT("<>")},
	{TEXT("data: \n\n"), TEXT("<>")},
	{TEXT("data\n\n"), TEXT("<>")},
	{TEXT("data\n\ndata\ndata\n\ndata:"), TEXT("<><\n>")},
	{TEXT("data: a\ndata: b\n\n"), TEXT("<a\nb>")},
	{TEXT("data: a\rdata:\r\ndata: b\n\n"), TEXT("<a\n\nb>")},
	{TEXT("data: a\n: c\nevent: x\nid: 1\nretry: 9\ndata: b\n\n"),
	 TEXT("<a\nb>")},
	{TEXT("event: x\n\nid: 1\n\nretry: 9\n\n: c\n\n\n\n"), TEXT("")},
	{TEXT("event: x\n\ndata: a\n\n"), TEXT("<a>")},
	{TEXT("Data: a\n\ndatax: a\n\n data: a\n\ndat\n\nx\n\n"), TEXT("")},
	{TEXT(":\n\n:data: a\n\n"), TEXT("")},
	{TEXT("\xef\xbb\xbf"
	      "data: a\n\n"),
	 TEXT("<a>")},
	{TEXT("\xef\xbb\xbf\n"
	      "data: a\n\n"),
	 TEXT("<a>")},
	{TEXT("\xef\xbb"
	      "data: a\n\n"),
	 TEXT("")},
	{TEXT("\xef\xbb\xbf\xef\xbb\xbf"
	      "data: a\n\n"),
	 TEXT("")},
	{TEXT("\n\xef\xbb\xbf"
	      "data: a\n\n"),
	 TEXT("")},
	{TEXT("data: \xef\xbb\xbf"
	      "a\n\n"),
	 TEXT("<\xef\xbb\xbf"
	      "a>")},
	{TEXT("data: \xe2\x82\xac \xf0\x9f\x98\x80\n\n"),
	 TEXT("<\xe2\x82\xac \xf0\x9f\x98\x80>")},
	{TEXT("data: a\0b\n\n\0data: c\n\n"), TEXT("<a\0b>")},
	{TEXT("data: {\"a\":\"b: c\"}\n\ndata: [DONE]\n\n"),
	 TEXT("<{\"a\":\"b: c\"}><[DONE]>")},
	{TEXT("\r\n\r\n\r\ndata: a\r\n\r\n\r\n"), TEXT("<a>")},
	{TEXT("\n\r\n\rdata: a\n\n"), TEXT("<a>")},
	/* 40 bytes of data are allowed, 41 are not. */
	{TEXT("data: 0123456789012345678901234567890123456789\n\n"),
	 TEXT("<0123456789012345678901234567890123456789>")},
	{TEXT("data: 01234567890123456789012345678901234567890\n\n"),
	 TEXT("!")},
	{TEXT("data:01234567890123456789012345678901234567890\n\n"), TEXT("!")},
	{TEXT("data: a\n\ndata: 01234567890123456789\n"
	      "data: 0123456789012345678\n\n"),
	 TEXT("<a><01234567890123456789\n0123456789012345678>")},
	{TEXT("data: a\n\ndata: 01234567890123456789\n"
	      "data: 01234567890123456789\n\n"),
	 TEXT("<a>!")},
	/* No line is kept without bound, comments and half lines included. */
	{TEXT(": 0123456789012345678901234567890123456789012345678901\n"),
	 TEXT("!")},
	{TEXT("data: a\n\n01234567890123456789012345678901234567890123456789"),
	 TEXT("<a>!")},
};

static int note(void *arg, struct span data)
{
	struct buf *seen = arg;

	buf_add(seen, "<", 1);
	buf_add_span(seen, data);
	return buf_add(seen, ">", 1);
}

/* Copied, so that a read past the end is seen by a sanitizer. */
static int feed(struct sse_in *in, struct span bytes, struct buf *seen)
{
	char *copy = malloc(bytes.n ? bytes.n : 1);
	int rc;

	assert_non_null(copy);
	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	rc = sse_in_feed(in, (struct span){copy, bytes.n}, note, seen);
	free(copy);
	if (rc < 0)
		buf_add(seen, "!", 1);
	return rc;
}

/* In three pieces: up to a, up to b, the rest. */
static void check_cut(size_t i, size_t a, size_t b)
{
	struct span s = cases[i].in;
	struct sse_in in;
	struct buf seen;

	sse_in_init(&in, MAX_EVENT);
	buf_init(&seen, 0);
	if (feed(&in, (struct span){s.p, a}, &seen) == 0 &&
	    feed(&in, (struct span){s.p + a, b - a}, &seen) == 0)
		feed(&in, (struct span){s.p + b, s.n - b}, &seen);
	if (!span_eq(buf_span(&seen), cases[i].what))
		fail_msg("case %zu cut at %zu and %zu: %.*s", i, a, b,
			 (int)seen.n, seen.p);
	buf_release(&seen);
	sse_in_release(&in);
}

static void any_cut_gives_the_same_events(void **state)
{
	size_t i, a, b;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (a = 0; a <= cases[i].in.n; a++) {
			check_cut(i, a, cases[i].in.n);
			if (cases[i].in.n > SHORT)
				continue;
			for (b = a; b <= cases[i].in.n; b++)
				check_cut(i, a, b);
		}
	}
}

static void byte_by_byte(void **state)
{
	struct sse_in in;
	struct buf seen;
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sse_in_init(&in, MAX_EVENT);
		buf_init(&seen, 0);
		for (at = 0; at < cases[i].in.n; at++) {
			if (feed(&in, (struct span){cases[i].in.p + at, 1},
				 &seen) < 0)
				break;
		}
		assert_true(span_eq(buf_span(&seen), cases[i].what));
		buf_release(&seen);
		sse_in_release(&in);
	}
}

/* All streams of up to 7 pieces of a small alphabet, whole and in two. */
static void all_short_streams(void **state)
{
	static const char *const parts[] = {"\r", "\n", "data", ":", " ", "x"};
	size_t n_parts = sizeof(parts) / sizeof(parts[0]);
	struct buf text, whole, halves;
	struct sse_in in;
	size_t i, left, cut;

	(void)state;
	buf_init(&text, 0);
	buf_init(&whole, 0);
	buf_init(&halves, 0);
	for (i = 0; i < 6 * 6 * 6 * 6 * 6 * 6 * 6; i++) {
		buf_clear(&text);
		for (left = i; left; left /= n_parts)
			buf_adds(&text, parts[left % n_parts]);
		buf_clear(&whole);
		sse_in_init(&in, MAX_EVENT);
		sse_in_feed(&in, buf_span(&text), note, &whole);
		sse_in_release(&in);
		cut = text.n ? i % text.n : 0;
		buf_clear(&halves);
		sse_in_init(&in, MAX_EVENT);
		sse_in_feed(&in, (struct span){text.p, cut}, note, &halves);
		sse_in_feed(&in, (struct span){text.p + cut, text.n - cut},
			    note, &halves);
		sse_in_release(&in);
		assert_true(span_eq(buf_span(&whole), buf_span(&halves)));
	}
	buf_release(&text);
	buf_release(&whole);
	buf_release(&halves);
}

static void large_streams_take_linear_time(void **state)
{
	size_t n = 16 << 20;
	char *p = malloc(n);
	struct sse_in in;
	struct buf seen;

	(void)state;
	assert_non_null(p);
	memset(p, '\r', n);
	sse_in_init(&in, MAX_EVENT);
	buf_init(&seen, 0);
	assert_int_equal(sse_in_feed(&in, (struct span){p, n}, note, &seen), 0);
	assert_int_equal(seen.n, 0);
	free(p);
	sse_in_release(&in);
}

struct stopper {
	struct sse_in in;
	int calls;
};

static int stop_at_second(void *arg, struct span data)
{
	struct stopper *s = arg;

	(void)data;
	if (++s->calls < 2)
		return 0;
	sse_in_release(&s->in);
	memset(&s->in, 0xa5, sizeof(s->in));
	return 7;
}

static void fn_may_stop_and_release(void **state)
{
	static const char text[] = "data: a\n\nda";
	static const char more[] = "ta: b\n\ndata: c\n\n";
	struct stopper s = {0};

	(void)state;
	sse_in_init(&s.in, MAX_EVENT);
	assert_int_equal(sse_in_feed(&s.in, span_of(text), stop_at_second, &s),
			 0);
	assert_int_equal(sse_in_feed(&s.in, span_of(more), stop_at_second, &s),
			 7);
	assert_int_equal(s.calls, 2);
}

static void bounds_at_the_edges(void **state)
{
	struct buf seen;
	struct sse_in in;

	(void)state;
	buf_init(&seen, 0);
	sse_in_init(&in, 0);
	assert_int_equal(sse_in_feed(&in, span_of("data: \n\n"), note, &seen),
			 0);
	assert_true(span_is(buf_span(&seen), "<>"));
	assert_int_equal(sse_in_feed(&in, span_of("data: a\n"), note, &seen),
			 -1);
	sse_in_release(&in);
	sse_in_init(&in, SIZE_MAX);
	assert_int_equal(sse_in_feed(&in, span_of("data: a\n\n"), note, &seen),
			 0);
	assert_true(span_is(buf_span(&seen), "<><a>"));
	sse_in_release(&in);
	buf_release(&seen);
}

static void writers(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(sse_out_keepalive(&out), 0);
	assert_int_equal(sse_out_event(&out, span_of("{\"a\":1}")), 0);
	assert_int_equal(sse_out_event(&out, span_of("{\r\n\"a\":\n1}")), 0);
	assert_int_equal(sse_out_event(&out, span_of("")), 0);
	assert_int_equal(sse_out_done(&out), 0);
	assert_true(span_is(buf_span(&out), ": keep-alive\n"
					    "data: {\"a\":1}\n\n"
					    "data: {  \"a\": 1}\n\n"
					    "data: \n\n"
					    "data: [DONE]\n\n"));
	buf_release(&out);
}

static void writers_add_all_or_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	assert_int_equal(sse_out_event(&out, span_of("0123456789")), 0);
	assert_int_equal(out.n, 18);
	assert_int_equal(sse_out_event(&out, span_of("")), -1);
	assert_int_equal(out.n, 18);
	assert_true(out.failed);
	buf_release(&out);
	buf_init(&out, 11);
	assert_int_equal(sse_out_done(&out), -1);
	assert_int_equal(sse_out_keepalive(&out), -1);
	assert_int_equal(out.n, 0);
	buf_release(&out);
}

static void what_is_written_is_read(void **state)
{
	struct buf out, seen;
	struct sse_in in;
	size_t cut;

	(void)state;
	buf_init(&out, 0);
	sse_out_event(&out, span_of("{\"a\":\n1}"));
	sse_out_keepalive(&out);
	sse_out_event(&out, span_of("b"));
	sse_out_done(&out);
	for (cut = 0; cut <= out.n; cut++) {
		buf_init(&seen, 0);
		sse_in_init(&in, MAX_EVENT);
		feed(&in, (struct span){out.p, cut}, &seen);
		feed(&in, (struct span){out.p + cut, out.n - cut}, &seen);
		assert_true(
			span_is(buf_span(&seen), "<{\"a\": 1}><b><[DONE]>"));
		sse_in_release(&in);
		buf_release(&seen);
	}
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same_events),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(all_short_streams),
		cmocka_unit_test(large_streams_take_linear_time),
		cmocka_unit_test(fn_may_stop_and_release),
		cmocka_unit_test(bounds_at_the_edges),
		cmocka_unit_test(writers),
		cmocka_unit_test(writers_add_all_or_nothing),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
