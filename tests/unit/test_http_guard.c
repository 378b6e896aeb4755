/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule of the guard, each by a head that breaks only that rule.
 */
#include "net/http_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Takes a head apart as the library does: at CRLF, at the first colon, blanks
 * before the value dropped. */
static int guard(const char *head, struct http_guard *g)
{
	const char *target = strchr(head, ' ') + 1;
	const char *version = strchr(target, ' ') + 1;
	const char *line = strstr(version, "\r\n");
	const char *end, *colon;

	http_guard_start(g,
			 (struct span){target, (size_t)(version - target - 1)});
	http_guard_line(g, (struct span){head, (size_t)(target - head - 1)},
			(struct span){version, (size_t)(line - version)});
	for (line += 2; (end = strstr(line, "\r\n")) != line; line = end + 2) {
		colon = memchr(line, ':', (size_t)(end - line));
		assert_non_null(colon);
		struct span name = {line, (size_t)(colon - line)};

		for (colon++; *colon == ' ' || *colon == '\t'; colon++)
			;
		http_guard_field(g, name,
				 (struct span){colon, (size_t)(end - colon)});
	}
	return http_guard_finish(g, strlen(head));
}

#define LINE "POST /v1/x?q=1 HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static const struct {
	const char *head;
	int status;
} heads[] = {
	/* Sound ones. */
	{LINE HOST "\r\n", 0},
	{LINE HOST "Content-Length: 5\r\n\r\n", 0},
	{LINE HOST "content-length:5\r\n\r\n", 0},
	{LINE HOST "CONTENT-LENGTH:\t 5\r\n\r\n", 0},
	{LINE HOST "Content-Length: 18446744073709551609\r\n\r\n", 0},
	{LINE HOST "Transfer-Encoding: chunked\r\n\r\n", 0},
	{LINE HOST "transfer-encoding: CHUNKED\r\n\r\n", 0},
	{LINE HOST "Authorization: Bearer x\r\n\r\n", 0},
	{LINE HOST "X: \xc3\xa4\t\"(),/:;<=>?@[\\]{}\r\n\r\n", 0},
	{LINE HOST "X:\r\n\r\n", 0},
	{LINE HOST "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", 0},
	{LINE HOST "Content-Encoding: identity\r\n\r\n", 0},
	{LINE HOST "Content-Encoding:\r\n\r\n", 0},
	{LINE HOST "Expect: 100-Continue\r\n\r\n", 0},
	{"GET / HTTP/1.0\r\n\r\n", 0},
	{"GET / HTTP/1.0\r\n" HOST "Content-Length: 0\r\n\r\n", 0},
	{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0},
	{"M-SEARCH http://a/b HTTP/1.1\r\n" HOST "\r\n", 0},
	/* The request line. */
	{"GE(T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{" / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"G\xc3T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET  HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\t HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\x80 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\r HTTP/1.1\r\n" HOST "\r\n", 400},
	/* Names. */
	{LINE HOST "Content-Length : 5\r\n\r\n", 400},
	{LINE HOST " Content-Length: 5\r\n\r\n", 400},
	{LINE HOST "Content-Length\t: 5\r\n\r\n", 400},
	{LINE HOST ": 5\r\n\r\n", 400},
	{LINE HOST "A(B): 5\r\n\r\n", 400},
	{LINE HOST "A\x01: 5\r\n\r\n", 400},
	{LINE HOST "A\x80: 5\r\n\r\n", 400},
	{LINE HOST "A\x7f: 5\r\n\r\n", 400},
	/* Values. */
	{LINE HOST "X: a\x01\r\n\r\n", 400},
	{LINE HOST "X: a\x1f\r\n\r\n", 400},
	{LINE HOST "X: a\x7f\r\n\r\n", 400},
	{LINE HOST "X: a\rb\r\n\r\n", 400},
	{LINE HOST "X: a\nb\r\n\r\n", 400},
	/* Content-Length. */
	{LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
	{LINE HOST "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", 400},
	{LINE HOST "Content-Length:\r\n\r\n", 400},
	{LINE HOST "Content-Length: +5\r\n\r\n", 400},
	{LINE HOST "Content-Length: -5\r\n\r\n", 400},
	{LINE HOST "Content-Length: 5 \r\n\r\n", 400},
	{LINE HOST "Content-Length: 5, 5\r\n\r\n", 400},
	{LINE HOST "Content-Length: 0x5\r\n\r\n", 400},
	{LINE HOST "Content-Length: 5.0\r\n\r\n", 400},
	{LINE HOST "Content-Length: 18446744073709551616\r\n\r\n", 400},
	{LINE HOST "Content-Length: 99999999999999999999999\r\n\r\n", 400},
	/* Transfer-Encoding. */
	{LINE HOST "Transfer-Encoding: identity\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: chunked \r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: xchunked\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: chunke\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: \"chunked\"\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding:\r\n\r\n", 400},
	{LINE HOST "Transfer-Encoding: chunked\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n",
	 400},
	{LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	 400},
	{LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	 400},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	/* Host, Authorization. */
	{LINE "\r\n", 400},
	{LINE HOST HOST "\r\n", 400},
	{LINE HOST "host: b\r\n\r\n", 400},
	{"GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
	{LINE HOST "Authorization: a\r\nAuthorization: a\r\n\r\n", 400},
	/* Encodings; framing outranks them. */
	{LINE HOST "Content-Encoding: gzip\r\n\r\n", 415},
	{LINE HOST "Content-Encoding: identity, gzip\r\n\r\n", 415},
	{LINE HOST "Content-Encoding: gzip\r\nA B: c\r\n\r\n", 400},
	{LINE "Content-Encoding: gzip\r\n\r\n", 400},
};

static void test_heads(void **state)
{
	struct http_guard g;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int status = guard(heads[i].head, &g);

		if (status != heads[i].status)
			print_error("%s", heads[i].head);
		assert_int_equal(status, heads[i].status);
		assert_true((g.why == NULL) == (status == 0));
	}
}

/* One head after the other with one byte of it replaced: whatever byte stands
 * in a name or value, only the right ones pass. */
static void test_bytes(void **state)
{
	struct http_guard g;
	char name[] = "ab", value[] = "cd";
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') ||
			     strchr("!#$%&'*+-.^_`|~", c);
		bool text = c == '\t' || (c >= 0x20 && c != 0x7f);

		name[1] = value[1] = (char)c;
		assert_int_equal(http_is_token(span_of(name)), token);
		assert_int_equal(http_is_value(span_of(value)), text);
		http_guard_start(&g, span_of(value));
		assert_int_equal(g.status == 0, c > 0x20 && c < 0x7f);
	}
	assert_false(http_is_token(span_of("")));
	assert_false(http_is_token((struct span){"a\0b", 3}));
	assert_false(http_is_value((struct span){"a\0b", 3}));
	assert_true(http_is_value(span_of("")));
}

static void test_facts(void **state)
{
	struct http_guard g;

	(void)state;
	assert_int_equal(
		guard(LINE HOST "Content-Length: 1234567890123\r\n\r\n", &g),
		0);
	assert_true(g.length == 1234567890123);
	assert_false(g.chunked || g.expects_continue || g.is_http10);

	assert_int_equal(guard(LINE HOST "Transfer-Encoding: Chunked\r\n"
					 "Expect: 100-continue\r\n\r\n",
			       &g),
			 0);
	assert_true(g.chunked && g.expects_continue && g.length == 0);

	/* HTTP/1.0 knows no 100. */
	assert_int_equal(
		guard("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", &g), 0);
	assert_true(g.is_http10 && !g.expects_continue);
}

/* Bytes of the head that were not shown: a NUL cut a value short, a line end
 * was a bare LF, a line was folded away. */
static void test_hidden_bytes(void **state)
{
	static const char head[] = LINE HOST "X: y\r\n\r\n";
	struct http_guard g;
	size_t i;

	(void)state;
	for (i = 1; i < 2 * sizeof(head); i++) {
		guard(head, &g);
		g.status = 0;
		g.bytes -= 2;
		assert_int_equal(http_guard_finish(&g, i),
				 i == sizeof(head) - 1 ? 0 : 400);
	}
	guard(head, &g);
	assert_int_equal(http_guard_finish(&g, 0), 0); /* not known */
}

static void test_size(void **state)
{
	static char head[HTTP_GUARD_HEAD_MOST + 100];
	size_t n, pad;

	(void)state;
	for (n = HTTP_GUARD_HEAD_MOST - 1; n <= HTTP_GUARD_HEAD_MOST + 1; n++) {
		struct http_guard g;

		pad = n - strlen(LINE HOST "X: \r\n\r\n");
		snprintf(head, sizeof(head), "%s%sX: %0*d\r\n\r\n", LINE, HOST,
			 (int)pad, 0);
		assert_int_equal(strlen(head), n);
		assert_int_equal(guard(head, &g),
				 n > HTTP_GUARD_HEAD_MOST ? 431 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_hidden_bytes),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("http_guard", tests, NULL, NULL);
}
