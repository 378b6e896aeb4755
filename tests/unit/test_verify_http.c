/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a scorer, and what is said to it each time. What it is asked
 * and what it answers is in tests/flow/56-http-verifier.py.
 */
#include "verify/verify_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf_read.h"
#include "conf/conf_verify.h"
#include "net/fetch_route.h"
#include "net/http_client.h"
#include "verify/verifiers.h"

static struct buf faults, warnings;

static const char *text_of(struct buf *b)
{
	buf_add(b, "", 1);
	b->n--;
	return b->p;
}

/* NULL when it was not taken. */
static struct conf *read_options(const char *options)
{
	char *text = mem_printf(
		"backends: {s: {base_url: 'http://h', model: m}, l: {base_url: "
		"'http://h', model: m}}\ncascades: {c: {tiers: [s, l], "
		"threshold: 0.5, verify: [http: {%s}]}}\n",
		options);
	struct conf *c;

	buf_clear(&faults);
	buf_clear(&warnings);
	c = conf_read_text(span_of(text), "f", verifier_confs(), &faults,
			   &warnings);
	free(text);
	return c;
}

static struct conf *read_good(const char *options)
{
	struct conf *c = read_options(options);

	assert_string_equal(text_of(&faults), "");
	assert_non_null(c);
	return c;
}

#define OF "f:2: cascades.c.verify.http"

static void test_faults(void **state)
{
	static const char *const t[][2] = {
		{"", OF ".url: is missing; it has no default\n"},
		{"url: 'http://h/?key=secret'",
		 OF ".url: holds a query or a fragment; leave off what follows "
		    "? or #\n"},
		{"url: 'ftp://h/'", OF ".url: must be a URL of http,https\n"},
		{"url: 'http://h/', timeout: 0s",
		 OF ".timeout: 0s is out of range; from 1ms to 1h\n"},
		{"url: 'http://h/', usd: -1",
		 OF ".usd: -1 is not an amount of US dollars; write a number "
		    "with at most six decimals, like 0.15\n"},
		{"url: 'http://h/', headers: {host: h}",
		 OF ".headers.host: is frugald's to send; leave it out\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_null(read_options(t[i][0]));
		assert_string_equal(text_of(&faults), t[i][1]);
	}
}

/* Where it is says who it is; the rest only tunes, or is secret. */
static void test_written(void **state)
{
	struct conf *c = read_good(
		"url: 'http://127.0.0.1:9400/score/', timeout: 1s, usd: 0.01, "
		"band: [0.1, 0.9], headers: {X-Key: env:SCORER_KEY}");
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(conf_verify_write(&c->cascades[0], &out), 0);
	assert_string_equal(
		text_of(&out),
		"[{\"http\":{\"url\":\"http://127.0.0.1:9400/score/\"}}]");
	buf_release(&out);
	conf_free(c);
}

static void test_asks(void **state)
{
	const struct verifier *v = verify_http();
	struct conf *c = read_good("url: 'http://h', usd: 0.0025, band: "
				   "[0.2, 0.7]");
	const void *opts = c->cascades[0].verify[0].opts;
	struct conf_range band = v->asks->band(opts);

	(void)state;
	assert_true(verifier_asks(v, opts));
	assert_true(band.said);
	assert_true(band.low == 0.2 && band.high == 0.7);
	assert_int_equal(v->asks->price(NULL, opts), 2500000000);
	assert_int_equal(v->asks->n_score, 1);
	assert_int_equal(v->asks->score[0], SIGNAL_HTTP_SCORE);
	conf_free(c);
	c = read_good("url: 'http://h'");
	opts = c->cascades[0].verify[0].opts;
	assert_false(v->asks->band(opts).said);
	assert_int_equal(v->asks->price(NULL, opts), 0);
	conf_free(c);
}

static void test_warnings(void **state)
{
	static const struct {
		const char *options;
		bool warned;
	} t[] = {
		{"url: 'http://h/', headers: {X-Key: env:SCORER_KEY}", true},
		{"url: 'http://h/', headers: {X-Team: a}", false},
		{"url: 'http://h/'", false},
		{"url: 'https://h/', headers: {X-Key: env:SCORER_KEY}", false},
		{"url: 'http://127.0.0.1/', headers: {X-Key: env:SCORER_KEY}",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		conf_free(read_good(t[i].options));
		assert_string_equal(
			text_of(&warnings),
			t[i].warned ? OF ": its secret headers cross the "
					 "network in the clear; use https\n"
				    : "");
	}
}

static void check_head(const char *options, const char *wanted)
{
	struct conf *c = read_good(options);
	struct fetch_line line = {.has_body = true, .body_n = 7};
	struct err err = {0};
	struct buf out;
	void *route;

	assert_int_equal(verify_http()->open(c->cascades[0].verify[0].opts, c,
					     &route, &err), 0);
	conf_free(c); /* the route has its own */
	buf_init(&out, 0);
	assert_int_equal(fetch_route_write(route, &line, &out), 0);
	assert_string_equal(text_of(&out), wanted);
	buf_release(&out);
	verify_http()->close(route);
}

static void test_heads(void **state)
{
	(void)state;
	check_head("url: 'http://h:9/score/', headers: {X-Team: a b, "
		   "Authorization: env:SCORER_KEY}",
		   "POST /score/ HTTP/1.1\r\n"
		   "Host: h:9\r\n"
		   "Content-Type: application/json\r\n"
		   "User-Agent: frugald/" FRUGALD_VERSION "\r\n"
		   "X-Team: a b\r\n"
		   "Authorization: Bearer sk-scorer\r\n"
		   "Accept: */*\r\n"
		   "Content-Length: 7\r\n\r\n");
	check_head("url: 'http://h', headers: {user-agent: mine, accept: a/b}",
		   "POST / HTTP/1.1\r\n"
		   "Host: h\r\n"
		   "Content-Type: application/json\r\n"
		   "user-agent: mine\r\n"
		   "accept: a/b\r\n"
		   "Content-Length: 7\r\n\r\n");
}

static int set_up(void **state)
{
	struct err err = {0};

	(void)state;
	setenv("SCORER_KEY", "Bearer sk-scorer", 1);
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	return http_client_global_init(&err);
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&faults);
	buf_release(&warnings);
	http_client_global_release();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults), cmocka_unit_test(test_written),
		cmocka_unit_test(test_asks),   cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests_name("verify_http", tests, set_up,
					   tear_down);
}
