/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole replies, cut at every two places.
 */
#include "net/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK   "HTTP/1.1 200 OK\r\n"
#define N(a) (sizeof(a) / sizeof((a)[0]))

struct seen {
	struct reply r;
	char body[256];
	size_t n;
	size_t taken;
	int heads; /* how often the head became final */
	int rc;
	struct err err;
};

/* In memory of its own, which is gone afterwards. */
static void feed(struct seen *s, const char *p, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct span in = {copy, n};
	struct span bytes;
	bool had;

	assert_non_null(copy);
	memcpy(copy, p, n);
	while (s->rc == 0 && in.n && !reply_is_whole(&s->r)) {
		had = s->r.head.is_final;
		s->rc = reply_take(&s->r, &in, &bytes, &s->err);
		if (s->rc < 0)
			break;
		if (!had && s->r.head.is_final) {
			s->heads++;
			assert_int_equal(bytes.n, 0);
		}
		assert_true(s->n + bytes.n <= sizeof(s->body));
		if (bytes.n)
			memcpy(s->body + s->n, bytes.p, bytes.n);
		s->n += bytes.n;
	}
	s->taken += n - in.n;
	free(copy);
}

static void read_cut(struct seen *s, const char *text, size_t n, size_t i,
		     size_t k)
{
	*s = (struct seen){0};
	feed(s, text, i);
	feed(s, text + i, k - i);
	feed(s, text + k, n - k);
}

#define R(text) text, sizeof(text) - 1

static const struct {
	const char *text;
	size_t n;
	const char *body;
	const char *field; /* the value of X-A */
	size_t rest;
	bool keeps;
} good[] = {
	{R(OK "X-A: b\r\nContent-Length: 5\r\n\r\nhello"), "hello", "b", 0,
	 true},
	{R(OK "x-a:b\nContent-Length: 5\n\nhelloHTTP"), "hello", "b", 4, true},
	{R(OK "X-A: b\r\nX-B: c\r\nx-A: \t d \t\r\nContent-Length: 0\r\n\r\n"),
	 "", "d", 0, true},
	{R(OK "X-A:\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "3\r\nhel\r\n2\r\nlo\r\n0\r\nX-A: t\r\n\r\n"),
	 "hello", "", 0, true},
	{R("HTTP/1.1 100 C\r\nX-A: i\r\n\r\n" OK
	   "Connection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi"),
	 "hi", NULL, 0, true},
	{R("HTTP/1.1 103 E\r\nX-A: i\r\n\r\nHTTP/1.1 102 P\r\n\r\n" OK
	   "X-A: f\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"),
	 "hi", "f", 0, false},
	{R(OK "Connection: keep-alive,  CLOSE\r\nContent-Length: 0\r\n\r\n"),
	 "", NULL, 0, false},
	{R(OK "Connection: close\r\nConnection: keep-alive\r\n"
	      "Content-Length: 0\r\n\r\n"),
	 "", NULL, 0, false},
	{R("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "hi", NULL, 0,
	 false},
	{R("HTTP/1.0 200 OK\r\nConnection: upgrade ,keep-alive\r\n"
	   "Content-Length: 2\r\n\r\nhi"),
	 "hi", NULL, 0, true},
	{R("HTTP/1.1 204 N\r\nX-A-B: c\r\nX: X-A\r\n\r\nrest"), "", NULL, 4,
	 true},
	/* a body may yet come, which would pass for the next reply */
	{R("HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\n"), "", NULL, 0, false},
	{R("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
	   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	 "", NULL, 0, false},
};

static void replies_that_are_whole(void **state)
{
	struct seen s;
	const char *field;
	size_t c, i, k;

	(void)state;
	for (c = 0; c < N(good); c++) {
		for (i = 0; i <= good[c].n; i++) {
			for (k = i; k <= good[c].n; k++) {
				read_cut(&s, good[c].text, good[c].n, i, k);
				if (s.rc < 0 || !reply_is_whole(&s.r))
					fail_msg("%zu: %s", c, s.err.text);
				assert_int_equal(s.heads, 1);
				assert_int_equal(s.n, strlen(good[c].body));
				assert_memory_equal(s.body, good[c].body, s.n);
				assert_int_equal(s.taken,
						 good[c].n - good[c].rest);
				assert_int_equal(s.r.head.keeps, good[c].keeps);
				field = reply_field_find(&s.r, "X-A");
				if (good[c].field)
					assert_string_equal(field,
							    good[c].field);
				else
					assert_null(field);
				assert_int_equal(reply_close(&s.r, &s.err), 0);
				reply_release(&s.r);
			}
		}
	}
}

static const struct {
	const char *text;
	size_t n;
	const char *why;
} bad[] = {
	{R(""), "without a reply"},
	{R("H"), "within the head"},
	{R(OK), "within the head"},
	{R(OK "X-A: b\r\n\r"), "within the head"},
	{R("HTTP/1.1 100 C\r\n\r\n"), "within the head"},
	{R(OK "Content-Length: 5\r\n\r\nhell"), "remaining"},
	{R(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi"), "outstanding"},
	{R("hello\n"), "status line"},
	{R(OK "X-A: a\0b\r\n\r\n"), "NUL"},
	{R("HTTP/1.1\0 200 OK\r\n\r\n"), "NUL"},
	{R(OK "X\r\n\r\n"), "colon"},
	{R(OK "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "no number"},
};

static void replies_that_are_refused(void **state)
{
	struct seen s;
	size_t c, i, k;

	(void)state;
	for (c = 0; c < N(bad); c++) {
		for (i = 0; i <= bad[c].n; i++) {
			for (k = i; k <= bad[c].n; k++) {
				read_cut(&s, bad[c].text, bad[c].n, i, k);
				if (s.rc == 0)
					s.rc = reply_close(&s.r, &s.err);
				if (s.rc == 0 ||
				    !strstr(s.err.text, bad[c].why))
					fail_msg("%zu: %s", c, s.err.text);
				assert_int_equal(s.err.kind, ERR_UPSTREAM);
				reply_release(&s.r);
			}
		}
	}
}

static void a_body_may_end_by_the_close(void **state)
{
	struct seen s;

	(void)state;
	read_cut(&s, R(OK "\r\nhello"), 3, 20);
	assert_int_equal(s.rc, 0);
	assert_false(reply_is_whole(&s.r));
	assert_int_equal(reply_close(&s.r, &s.err), 0);
	assert_true(reply_is_whole(&s.r));
	reply_release(&s.r);
}

static void no_field_before_the_end_of_the_head(void **state)
{
	struct seen s;

	(void)state;
	read_cut(&s, R(OK "X-A: b\r\n"), 3, 4);
	assert_true(s.r.begun);
	assert_null(reply_field_find(&s.r, "X-A"));
	feed(&s, R("\r\n"));
	assert_string_equal(reply_field_find(&s.r, "X-A"), "b");
	assert_null(reply_field_find(&s.r, "b"));
	assert_null(reply_field_find(&s.r, ""));
	reply_release(&s.r);
}

/* Whether it comes in lines or never ends one, in pieces of any size. */
static void heads_are_bounded(void **state)
{
	static const char *const fillers[] = {"x", "X: y\r\n", "X-A: b"};
	static const size_t steps[] = {1, 7, 1000, 70000};
	char *text = malloc(70000);
	struct seen s;
	size_t f, i, k, n;

	(void)state;
	assert_non_null(text);
	for (f = 0; f < N(fillers); f++) {
		n = strlen(OK);
		memcpy(text, OK, n);
		for (; n < 70000; n++)
			text[n] = fillers[f][(n - strlen(OK)) %
					     strlen(fillers[f])];
		for (i = 0; i < N(steps); i++) {
			s = (struct seen){0};
			for (k = 0; k < 70000 && s.rc == 0; k += steps[i])
				feed(&s, text + k,
				     k + steps[i] < 70000 ? steps[i]
							  : 70000 - k);
			assert_int_equal(s.rc, -1);
			assert_non_null(strstr(s.err.text, "too large"));
			assert_true(s.taken <= REPLY_HEAD_MOST + steps[i]);
			assert_true(s.r.part.room + s.r.fields.room <=
				    (size_t)4 * REPLY_HEAD_MOST);
			reply_release(&s.r);
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_that_are_whole),
		cmocka_unit_test(replies_that_are_refused),
		cmocka_unit_test(a_body_may_end_by_the_close),
		cmocka_unit_test(no_field_before_the_end_of_the_head),
		cmocka_unit_test(heads_are_bounded),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
