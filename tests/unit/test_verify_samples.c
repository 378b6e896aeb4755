/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded samples read again, and what samples will cost, about.
 */
#include "verify/verify_samples.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/jscan.h"
#include "upstream/backend.h"

static struct chat_reply *read_reply(const char *message, const char *more,
				     struct arena *a)
{
	const char *body = arena_printf(a, "{\"choices\":[{\"message\":%s}]%s}",
					message, more);
	struct chat_reply *r = arena_get(a, sizeof(*r));
	struct chat_fault why;

	if (chat_reply_read(r, span_of(body), JSCAN_DEPTH, true, a, &why) < 0)
		fail_msg("%s: %s", why.text, body);
	return r;
}

static struct chat_reply *says(const char *text, struct arena *a)
{
	return read_reply(arena_printf(a, "{\"content\":\"%s\"}", text), "", a);
}

/* Options as though configured: the verifier's own keys say where. */
static void *options(int64_t k, struct arena *a)
{
	const struct conf_verifier *conf = &verify_samples()->conf;
	char *opts = arena_get(a, conf->opts_size);

	for (const struct conf_key *key = conf->keys; key->name; key++)
		if (!strcmp(key->name, "k"))
			*(int64_t *)(void *)(opts + key->offset) = k;
	return opts;
}

#define MOST 20

static void check_share(size_t k, size_t n, size_t ayes, struct arena *a)
{
	const struct chat_reply *replies[2 * MOST];
	struct verify_case c = {
		.arena = a,
		.reply = says("It is Oslo.", a),
		.compare = COMPARATOR_AUTO,
		.decides_at = 0.5, /* of no account: all are there */
	};
	struct verdict v = {.verifier = "samples"};

	for (size_t i = 0; i < n; i++)
		replies[i] = says(i < ayes ? "Oslo" : "Bergen", a);
	verify_samples()->asks->read(&c, options((int64_t)k, a), replies, n,
				     &v);
	if (n < k) {
		assert_int_equal(v.kind, VERDICT_NONE);
		assert_int_equal(v.n_signals, 0);
		return;
	}
	assert_int_equal(v.kind, VERDICT_SCORE);
	assert_true(v.score == (double)(ayes < k ? ayes : k) / (double)k);
	assert_int_equal(v.n_signals, 1);
	assert_ptr_equal(v.signals[0].name, signal_name(SIGNAL_SAMPLES_AGREE));
	assert_true(v.signals[0].value == v.score);
}

/* Of more than were to be asked the first count; of fewer none. */
static void test_read(void **state)
{
	(void)state;
	for (size_t k = 1; k <= MOST; k++)
		for (size_t n = 0; n <= k + 2; n++)
			for (size_t ayes = 0; ayes <= n; ayes++) {
				struct arena *a = arena_new();

				check_share(k, n, ayes, a);
				arena_free(a);
			}
}

static int64_t price(const char *request, const struct chat_reply *reply,
		     int64_t each, int64_t k, struct arena *a)
{
	struct backend b = {.price = {each, 2 * each, each}};
	struct chat_request rq;
	struct chat_fault why;
	struct verify_case c = {
		.arena = a,
		.backend = &b,
		.request = &rq,
		.reply = reply,
	};

	assert_int_equal(
		chat_request_read(&rq, span_of(request), JSCAN_DEPTH, a, &why),
		0);
	return verify_samples()->asks->price(&c, options(k, a));
}

static void test_price(void **state)
{
	static const char rq[] = "{\"model\":\"m\",\"messages\":[1234567890],"
				 "\"tools\":[\"12345678\"]}";
	static const char usage[] =
		",\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50}";
	struct arena *a = arena_new();
	const struct chat_reply *told =
		read_reply("{\"content\":\"Oslo\"}", usage, a);

	(void)state;
	/* as told; else four bytes a token, of 24 and 5; else of 24 alone */
	assert_int_equal(price(rq, told, 10, 1, a), 2000);
	assert_int_equal(price(rq, told, 10, 7, a), 14000);
	assert_int_equal(price(rq, says("Paris", a), 10, 3, a),
			 3 * (6 * 10 + 2 * 20));
	assert_int_equal(price(rq, NULL, 10, 3, a), 3 * 6 * 10);
	assert_int_equal(price(rq, told, 0, 20, a), 0);
	assert_int_equal(price(rq, told, INT64_MAX / 1000, 20, a), INT64_MAX);
	assert_int_equal(price(rq, told, INT64_MAX / 2, 20, a), INT64_MAX);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_price),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
