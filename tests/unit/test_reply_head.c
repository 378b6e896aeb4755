/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of replies: which are taken, and what is read from them.
 */
#include "net/reply_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OK   "HTTP/1.1 200 OK\n"
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Line by line, each in memory of its own. */
static int feed(struct reply_head *h, const char *text, struct err *err)
{
	const char *end;
	char *line;
	struct reply_field field;
	size_t n;
	int rc = 0;

	for (; *text && rc == 0; text += n) {
		end = strchr(text, '\n');
		n = end ? (size_t)(end - text) + 1 : strlen(text);
		line = malloc(n);
		assert_non_null(line);
		memcpy(line, text, n);
		rc = reply_head_line(h, (struct span){line, n}, &field, err);
		free(line);
	}
	return rc;
}

static const struct {
	const char *text;
	int status;
	bool is_final;
	bool has_length;
	bool has_coding;
	uint64_t length;
} taken[] = {
	{"", 0, false, false, false, 0},
	{OK, 200, false, false, false, 0},
	{OK "\n", 200, true, false, false, 0},
	{OK "\r\n", 200, true, false, false, 0},
	{"HTTP/1.1 204\r\n\r\n", 204, true, false, false, 0},
	{"HTTP/1.0 599 x y\n\n", 599, true, false, false, 0},
	{"HTTP/1.1 404 \n\n", 404, true, false, false, 0},
	{OK "Content-Length: 5\n\n", 200, true, true, false, 5},
	{OK "CONTENT-LENGTH:\t 007 \t\r\n\r\n", 200, true, true, false, 7},
	{OK "Content-Length : 0\n\n", 200, true, true, false, 0},
	{OK "content-length:999999999999999999\n\n", 200, true, true, false,
	 999999999999999999},
	{OK "Transfer-Encoding: Chunked\r\n\r\n", 200, true, false, true, 0},
	{OK "Content-Encoding: identity\n\n", 200, true, false, false, 0},
	{OK "X-Content-Length: x\nContent-Lengths: y\n:\nA:\n\n", 200, true,
	 false, false, 0},
	{"HTTP/1.1 100 C\nContent-Length: 5\n\n", 0, false, true, false, 5},
	{"HTTP/1.1 103 E\nContent-Length: 5\n\n" OK
	 "Transfer-Encoding: chunked\n\n",
	 200, true, false, true, 0},
};

static void heads_that_are_taken(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(taken); i++) {
		struct reply_head h = {0};
		struct err err = {0};

		if (feed(&h, taken[i].text, &err) < 0)
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(h.status, taken[i].status);
		assert_int_equal(h.is_final, taken[i].is_final);
		assert_int_equal(h.has_length, taken[i].has_length);
		assert_int_equal(h.has_coding, taken[i].has_coding);
		assert_int_equal(h.length, taken[i].length);
	}
}

static const char *const refused[] = {
	"\n",
	"\r\n",
	"HTTP/1.1\n",
	"HTTP/1.1 \n",
	"HTTP/1.1 20\n",
	"HTTP/1.1 2000\n",
	"HTTP/1.1 -20\n",
	"HTTP/1.1 +20\n",
	"HTTP/1.1 2x0 OK\n",
	"HTTP/1.1 099 X\n",
	"HTTP/1.1 000 X\n",
	"HTTP/1.1 600 X\n",
	"HTTP/1.1  200 OK\n",
	"HTTP/1.1 200OK\n",
	"http/1.1 200 OK\n",
	"ICY 200 OK\n",
	"HTTP/2 200\n",
	"HTTP/0.9 200 OK\n",
	"HTTP/1.2 200 OK\n",
	"HTTP/1.10 200 OK\n",
	"HTTP/1.1\t200 OK\n",
	"HTTP",
	OK "Content-Length: 5\nContent-Length: 5\n",
	OK "Content-Length: 5\ncontent-length : 6\n",
	OK "Content-Length:\n",
	OK "Content-Length: \t\n",
	OK "Content-Length: 5,5\n",
	OK "Content-Length: 5 5\n",
	OK "Content-Length: +5\n",
	OK "Content-Length: -5\n",
	OK "Content-Length: 0x5\n",
	OK "Content-Length: 5.0\n",
	OK "Content-Length: 1000000000000000000\n",
	OK "Transfer-Encoding:\n",
	OK "Transfer-Encoding: identity\n",
	OK "Transfer-Encoding: gzip, chunked\n",
	OK "Transfer-Encoding: chunked, chunked\n",
	OK "Transfer-Encoding: chunkedx\n",
	OK "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n",
	OK "Content-Encoding: gzip\n",
	OK "Content-Encoding: identity, gzip\n",
	OK "Content-Encoding:\n",
	OK "A: b\n c\n",
	OK "\tc: d\n",
	OK "no colon\n",
	OK "Content-Length: 5\nTransfer-Encoding: chunked\n\n",
	OK "Transfer-Encoding: chunked\nContent-Length: 5\n\n",
	"HTTP/1.1 101 S\n\n",
	"HTTP/1.1 300 X\n\n",
	"HTTP/1.1 302 F\nLocation: /\n\n",
	"HTTP/1.1 399 X\n\n",
	"HTTP/1.1 100 C\n\nA: b\n",
	"HTTP/1.1 100 C\n\n" OK "Content-Encoding: br\n",
};

static void heads_that_are_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(refused); i++) {
		struct reply_head h = {0};
		struct err err = {0};

		if (feed(&h, refused[i], &err) == 0)
			fail_msg("%zu is taken: %s", i, refused[i]);
		assert_int_equal(err.kind, ERR_UPSTREAM);
		assert_false(h.is_final);
	}
}

static void all_statuses(void **state)
{
	char text[40];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		struct reply_head h = {0};
		struct err err = {0};
		bool fits = (i >= 100 && i < 300 && i != 101) ||
			    (i >= 400 && i < 600);

		snprintf(text, sizeof(text), "HTTP/1.1 %03d X\n\n", i);
		assert_int_equal(feed(&h, text, &err), fits ? 0 : -1);
		assert_int_equal(h.is_final, fits && i >= 200);
	}
}

static void heads_are_bounded(void **state)
{
	static const char block[] = "HTTP/1.1 102 P\nA: 0123456789\n\n";
	struct reply_head h = {0};
	struct err err = {0};
	size_t n = 0;

	(void)state;
	while (feed(&h, block, &err) == 0)
		n += sizeof(block) - 1;
	assert_true(n <= REPLY_HEAD_MOST);
	assert_true(n + sizeof(block) - 1 > REPLY_HEAD_MOST);
	assert_string_equal(err.text, "the head is too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_that_are_taken),
		cmocka_unit_test(heads_that_are_refused),
		cmocka_unit_test(all_statuses),
		cmocka_unit_test(heads_are_bounded),
	};

	return cmocka_run_group_tests_name("reply_head", tests, NULL, NULL);
}
