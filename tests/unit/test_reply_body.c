/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of replies, cut at every two places: what is found in them, where
 * they end, and which are refused.
 */
#include "net/reply_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/reply_head.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define CHUNKED (-1)
#define CLOSE	(-2)

static struct reply_head head_of(int status, int64_t length)
{
	return (struct reply_head){
		.status = status,
		.is_final = true,
		.has_length = length >= 0,
		.length = length >= 0 ? (uint64_t)length : 0,
		.has_coding = length == CHUNKED,
	};
}

struct found {
	char body[256];
	size_t n;
	size_t taken; /* of the input */
	int rc;
	struct err err;
};

/* In memory of its own, so that reading past it is seen. */
static void feed(struct reply_body *b, struct span piece, struct found *f)
{
	char *copy = malloc(piece.n ? piece.n : 1);
	struct span in = {copy, piece.n};
	struct span bytes;

	assert_non_null(copy);
	memcpy(copy, piece.p, piece.n);
	while (f->rc == 0 && in.n && b->state != REPLY_BODY_WHOLE) {
		f->rc = reply_body_take(b, &in, &bytes, &f->err);
		if (f->rc < 0)
			break;
		assert_true(bytes.p >= copy);
		assert_true(bytes.p + bytes.n <= in.p);
		assert_true(f->n + bytes.n <= sizeof(f->body));
		memcpy(f->body + f->n, bytes.p, bytes.n);
		f->n += bytes.n;
	}
	f->taken += piece.n - in.n;
	free(copy);
}

static struct found read_cut(const struct reply_head *h, const char *text,
			     size_t n, size_t i, size_t k)
{
	struct reply_body b;
	struct found f = {0};

	reply_body_init(&b, h);
	feed(&b, (struct span){text, i}, &f);
	feed(&b, (struct span){text + i, k - i}, &f);
	feed(&b, (struct span){text + k, n - k}, &f);
	if (f.rc == 0)
		f.rc = reply_body_close(&b, &f.err);
	return f;
}

/* One byte after the other is one more way. */
static struct found read_bytes(const struct reply_head *h, const char *text,
			       size_t n)
{
	struct reply_body b;
	struct found f = {0};
	size_t i;

	reply_body_init(&b, h);
	for (i = 0; i < n; i++)
		feed(&b, (struct span){text + i, 1}, &f);
	if (f.rc == 0)
		f.rc = reply_body_close(&b, &f.err);
	return f;
}

#define C(text, body, rest)                                                    \
	{                                                                      \
		200, CHUNKED, text, sizeof(text) - 1, body, rest               \
	}

static const struct {
	int status;
	int64_t length;
	const char *text;
	size_t n;
	const char *body;
	size_t rest; /* bytes that are not of it */
} good[] = {
	{200, 0, "", 0, "", 0},
	{200, 0, "x", 1, "", 1},
	{200, 5, "hello", 5, "hello", 0},
	{200, 5, "hello!!", 7, "hello", 2},
	{204, 5, "hello", 5, "", 5},
	{204, CHUNKED, "0\r\n\r\n", 5, "", 5},
	{204, CLOSE, "hello", 5, "", 5},
	{200, CLOSE, "", 0, "", 0},
	{200, CLOSE, "hello", 5, "hello", 0},
	C("0\r\n\r\n", "", 0),
	C("5\r\nhello\r\n0\r\n\r\n", "hello", 0),
	C("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", "hello", 17),
	C("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", 0),
	C("3;a=b\r\nhel\r\n2 ;c=\"d;e\"\r\nlo\r\n0;x\r\n\r\n", "hello", 0),
	C("3 \r\nhel\r\n2\t\r\nlo\r\n0 \r\n\r\n", "hello", 0),
	C("00005\r\nhello\r\n000000000000000\r\n\r\n", "hello", 0),
	C("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n",
	  "01234567890123456789a", 0),
	C("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0),
	C("5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", "hello", 0),
	C("5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", "hello", 0),
};

static void bodies_that_are_whole(void **state)
{
	size_t c, i, k;

	(void)state;
	for (c = 0; c < N(good); c++) {
		struct reply_head h = head_of(good[c].status, good[c].length);
		size_t n = good[c].n;
		size_t want = strlen(good[c].body);

		for (i = 0; i <= n + 1; i++) {
			for (k = i; k <= n || i > n; k++) {
				struct found f =
					i > n ? read_bytes(&h, good[c].text, n)
					      : read_cut(&h, good[c].text, n, i,
							 k);

				if (f.rc < 0)
					fail_msg("%zu: %s", c, f.err.text);
				assert_int_equal(f.n, want);
				assert_memory_equal(f.body, good[c].body, want);
				assert_int_equal(f.taken, n - good[c].rest);
				if (i > n)
					break;
			}
		}
	}
}

#define B(text, why)                                                           \
	{                                                                      \
		CHUNKED, text, sizeof(text) - 1, why                           \
	}

static const struct {
	int64_t length;
	const char *text;
	size_t n;
	const char *why;
} refused[] = {
	/* broken off */
	{5, "", 0, "5 bytes remaining"},
	{5, "hell", 4, "1 bytes remaining"},
	B("", "outstanding"),
	B("5", "outstanding"),
	B("5\r", "outstanding"),
	B("5\r\n", "outstanding"),
	B("5\r\nhell", "outstanding"),
	B("5\r\nhello", "outstanding"),
	B("5\r\nhello\r\n", "outstanding"),
	B("5\r\nhello\r\n0\r\n", "outstanding"),
	B("5\r\nhello\r\n0\r\n\r", "outstanding"),
	B("5\r\nhello\r\n0\r\nA: b\r\n", "outstanding"),
	/* sizes */
	B("\r\n", "no number"),
	B("\n", "no number"),
	B("g\r\n", "no number"),
	B("-5\r\nhello\r\n", "no number"),
	B("+5\r\nhello\r\n", "no number"),
	B(" 5\r\nhello\r\n", "no number"),
	B("0x5\r\nhello\r\n", "no number"),
	B("5,\r\nhello\r\n", "no number"),
	B("5\nhello\r\n", "no number"),
	B(";a=b\r\n", "no number"),
	B("5\0\r\nhello\r\n", "no number"),
	B("1000000000000000\r\nx", "too large"),
	B("0000000000000005\r\nhello", "too large"),
	B("FFFFFFFFFFFFFFFFF\r\nx", "too large"),
	/* lines and chunks that do not end as they should */
	B("5\rhello\r\n", "CR LF"),
	B("5;a\nb\r\nhello\r\n", "control"),
	B("5;a\0\r\nhello\r\n", "control"),
	B("5\r\nhello0\r\n\r\n", "CR LF"),
	B("5\r\nhello\n0\r\n\r\n", "CR LF"),
	B("5\r\nhello\r0\r\n\r\n", "CR LF"),
	B("5\r\nhello!\r\n0\r\n\r\n", "CR LF"),
	B("0\r\n\n", "control"),
	B("0\r\n\rx", "CR LF"),
	B("0\r\nA: b\n\r\n", "control"),
	B("0\r\nA: b\rc\r\n\r\n", "CR LF"),
	B("0\r\nA\0: b\r\n\r\n", "control"),
};

static void bodies_that_are_refused(void **state)
{
	size_t c, i, k;

	(void)state;
	for (c = 0; c < N(refused); c++) {
		struct reply_head h = head_of(200, refused[c].length);
		size_t n = refused[c].n;

		for (i = 0; i <= n; i++) {
			for (k = i; k <= n; k++) {
				struct found f =
					read_cut(&h, refused[c].text, n, i, k);

				if (f.rc == 0 ||
				    !strstr(f.err.text, refused[c].why))
					fail_msg("%zu: %s", c, f.err.text);
				assert_int_equal(f.err.kind, ERR_UPSTREAM);
			}
		}
	}
}

/* How many bytes of filler are taken after start, before a fault. */
static size_t taken_of(const char *start, const char *filler)
{
	struct reply_head h = head_of(200, CHUNKED);
	struct reply_body b;
	struct found f = {0};
	size_t n = strlen(start);

	reply_body_init(&b, &h);
	feed(&b, span_of(start), &f);
	assert_int_equal(f.rc, 0);
	while (n < 1000000) {
		feed(&b, span_of(filler), &f);
		if (f.rc < 0)
			break;
		n += strlen(filler);
	}
	assert_string_equal(f.err.text, "a chunk's frame is too large");
	return n;
}

static void frames_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(taken_of("5;", "x"), REPLY_CHUNK_LINE_MOST);
	assert_int_equal(taken_of("5\r\nhello\r\n5;", "x") - 10,
			 REPLY_CHUNK_LINE_MOST);
	assert_int_equal(taken_of("0\r\nA: ", "x") - 3, REPLY_TRAILERS_MOST);
	assert_int_equal(taken_of("0\r\n", "A: b\r\n") - 3,
			 REPLY_TRAILERS_MOST / 6 * 6);
}

/* The bound is of a line, not of a body. */
static void chunks_are_not_bounded(void **state)
{
	struct reply_head h = head_of(200, CHUNKED);
	struct reply_body b;
	int i;

	(void)state;
	reply_body_init(&b, &h);
	for (i = 0; i < 100000; i++) {
		struct found f = {0};

		feed(&b, span_of("5;some=extension\r\nhello\r\n"), &f);
		assert_int_equal(f.rc, 0);
		assert_int_equal(f.n, 5);
	}
}

/* Sizes past what a size_t of 32 bits holds are counted right. */
static void large_lengths(void **state)
{
	struct reply_head h = head_of(200, INT64_C(999999999999999999));
	struct reply_body b;
	struct found f = {0};
	struct err err = {0};

	(void)state;
	reply_body_init(&b, &h);
	feed(&b, span_of("hello"), &f);
	assert_int_equal(f.n, 5);
	assert_int_equal(reply_body_close(&b, &err), -1);
	assert_non_null(strstr(err.text, "999999999999999994"));
	h = head_of(200, CHUNKED);
	reply_body_init(&b, &h);
	feed(&b, span_of("FFFFFFFFFFFFFFF\r\nhello"), &f);
	assert_int_equal(f.rc, 0);
	assert_true(b.left == UINT64_C(0xfffffffffffffff) - 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_that_are_whole),
		cmocka_unit_test(bodies_that_are_refused),
		cmocka_unit_test(frames_are_bounded),
		cmocka_unit_test(chunks_are_not_bounded),
		cmocka_unit_test(large_lengths),
	};

	return cmocka_run_group_tests_name("reply_body", tests, NULL, NULL);
}
