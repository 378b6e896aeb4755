/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader: what it takes, what it refuses and where, and that it says
 * the same as jansson and strtod().
 */
#include "base/jscan.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#define DEPTH 64

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static size_t below(size_t n)
{
	return (size_t)(next_random() % n);
}

/* ---- reading all of it --------------------------------------------------- */

static int pass(struct span text, int depth, size_t *fault_at)
{
	struct jscan s;

	jscan_init(&s, text, depth);
	jscan_value(&s, NULL);
	jscan_end(&s);
	if (s.why && fault_at)
		*fault_at = s.fault_at;
	return s.why ? -1 : 0;
}

static void walk_value(struct jscan *s)
{
	struct span key;
	double v;

	switch (jscan_peek(s)) {
	case JSCAN_OBJECT:
		jscan_enter(s, '{');
		while (jscan_member(s, &key) > 0)
			walk_value(s);
		break;
	case JSCAN_ARRAY:
		jscan_enter(s, '[');
		while (jscan_element(s) > 0)
			walk_value(s);
		break;
	case JSCAN_STRING:
		jscan_string(s, &key);
		break;
	case JSCAN_NUMBER:
		jscan_number(s, &v);
		break;
	default:
		jscan_value(s, NULL);
	}
}

/* Step by step, as a reader would. */
static int walk(struct span text, int depth, size_t *fault_at)
{
	struct jscan s;

	jscan_init(&s, text, depth);
	walk_value(&s);
	jscan_end(&s);
	if (s.why && fault_at)
		*fault_at = s.fault_at;
	return s.why ? -1 : 0;
}

/* In memory of exactly its size, so that a byte read beyond is seen (by the
 * address sanitizer). Both ways of reading must agree. */
static int verdict(struct span text, size_t *fault_at)
{
	char *copy = malloc(text.n ? text.n : 1);
	struct span exact = {copy, text.n};
	size_t at = 0, walked_at = 0;
	int rc;

	assert_non_null(copy);
	if (text.n)
		memcpy(copy, text.p, text.n);
	/* Not even the one byte of the empty text may be looked at. */
	if (text.n == 0)
		exact.p = copy + 1;
	rc = pass(exact, DEPTH, &at);
	assert_int_equal(rc, walk(exact, DEPTH, &walked_at));
	assert_int_equal(at, walked_at);
	if (fault_at)
		*fault_at = at;
	free(copy);
	return rc;
}

/* ---- corpus -------------------------------------------------------------- */

#define T(text)                                                                \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct span valid[] = {
	T("null"),
	T("true"),
	T("false"),
	T("0"),
	T("-0"),
	T("1"),
	T("-1"),
	T("10"),
	T("123456789012345678901234567890"),
	T("0.5"),
	T("-0.5"),
	T("1e1"),
	T("1E1"),
	T("1e+1"),
	T("1e-1"),
	T("1.5e300"),
	T("1e999"),
	T("-1e999"),
	T("1e-999"),
	T("0e0"),
	T("0.0e-0"),
	T("0e99999999999999"),
	T("1.000000000000000000000000000000000000000000001"),
	T("\"\""),
	T("\"a\""),
	T("\"\\\"\""),
	T("\"\\\\\""),
	T("\"\\/\""),
	T("\"\\b\""),
	T("\"\\f\\n\\r\\t\""),
	T("\"\\u0000\""),
	T("\"\\u0041\""),
	T("\"\\uabcd\""),
	T("\"\\uABCD\""),
	T("\"\\uD83D\\uDE00\""),
	T("\"\\ud83d\""),
	T("\"\\ude00\""),
	T("\"\\ude00\\ud83d\""),
	T("\"\\ud83dx\""),
	T("\"\\ud83d\\n\""),
	T("\"\\ud83d\\ud83d\\ude00\""),
	T("\"\x7f\""),
	T("\"\xc2\x80\""),
	T("\"\xdf\xbf\""),
	T("\"\xe0\xa0\x80\""),
	T("\"\xed\x9f\xbf\""),
	T("\"\xee\x80\x80\""),
	T("\"\xef\xbf\xbf\""),
	T("\"\xf0\x90\x80\x80\""),
	T("\"\xf4\x8f\xbf\xbf\""),
	T("\"\xf0\x9f\x98\x80\""),
	T("\"1234567\xf0\x9f\x98\x80 789\""),
	T("\"0123456\""),
	T("\"01234567\""),
	T("\"012345678\""),
	T("\"0123456789abcdef\""),
	T("\"0123456\\n89abcde\\\"\""),
	T("[]"),
	T("{}"),
	T("[ ]"),
	T("{ }"),
	T("[1]"),
	T("[1,2]"),
	T("[ 1 , 2 ]"),
	T("[[]]"),
	T("[[],[]]"),
	T("[{}]"),
	T("[null,true,false,\"x\",1.5,[],{}]"),
	T("{\"a\":1}"),
	T("{\"a\":1,\"b\":2}"),
	T("{\"a\":1,\"a\":2}"),
	T("{\"\":0}"),
	T("{\"\\u0061\":1}"),
	T("{ \"a\" : 1 , \"b\" : [ ] }"),
	T("{\"a\":{\"b\":{\"c\":[{\"d\":null}]}}}"),
	T(" 1"),
	T("1 "),
	T("\t1\r\n"),
	T("[\n\t1\r\n]\n"),
	T("[[[[[[[[[[[[]]]]]]]]]]]]"),
	T("[\"\",\"\"]"),
	T("[-1,-2.5,-3e4]"),
	T("[\"a\",{\"b\":\"c\"},\"d\"]"),
	T("{\"a\":[1,[2,[3,{\"b\":{}}]]],\"c\":\"\"}"),
};

/* And where the fault is. */
static const struct {
	struct span text;
	size_t at;
} invalid[] = {
	{T(""), 0},
	{T(" "), 1},
	{T("\n\t "), 3},
	{T("nul"), 0},
	{T("nulL"), 0},
	{T("nullx"), 4},
	{T("True"), 0},
	{T("tru"), 0},
	{T("fals"), 0},
	{T("falsy"), 0},
	{T("nan"), 0},
	{T("NaN"), 0},
	{T("Infinity"), 0},
	{T("-Infinity"), 1},
	{T("inf"), 0},
	{T("-"), 1},
	{T("--1"), 1},
	{T("+1"), 0},
	{T("01"), 1},
	{T("-01"), 2},
	{T("00"), 1},
	{T("1."), 2},
	{T("1.e1"), 2},
	{T(".5"), 0},
	{T("-.5"), 1},
	{T("1e"), 2},
	{T("1e+"), 3},
	{T("1e-"), 3},
	{T("1ee1"), 2},
	{T("1e1.5"), 3},
	{T("1.2.3"), 3},
	{T("0x10"), 1},
	{T("1a"), 1},
	{T("1 2"), 2},
	{T("1,"), 1},
	{T("1_000"), 1},
	{T("\""), 1},
	{T("\"a"), 2},
	{T("\"\\"), 1},
	{T("\"\\\""), 3},
	{T("\"\\x41\""), 1},
	{T("\"\\a\""), 1},
	{T("\"\\0\""), 1},
	{T("\"\\'\""), 1},
	{T("\"\\U0041\""), 1},
	{T("\"\\u\""), 1},
	{T("\"\\u0\""), 1},
	{T("\"\\u00\""), 1},
	{T("\"\\u004\""), 1},
	{T("\"\\u004g\""), 1},
	{T("\"\\u004"), 1},
	{T("\"ab\\u+041\""), 3},
	{T("\"\\u 041\""), 1},
	{T("\"\n\""), 1},
	{T("\"\t\""), 1},
	{T("\"\0\""), 1},
	{T("\"\x1f\""), 1},
	{T("\"0123456789\r\""), 11},
	{T("\"\x80\""), 1},
	{T("\"\xbf\""), 1},
	{T("\"\xc0\x80\""), 1},
	{T("\"\xc1\xbf\""), 1},
	{T("\"\xc2\""), 1},
	{T("\"\xc2\x7f\""), 1},
	{T("\"\xc2\xc0\""), 1},
	{T("\"\xe0\x9f\xbf\""), 1},
	{T("\"\xe0\xa0\""), 1},
	{T("\"\xed\xa0\x80\""), 1},
	{T("\"\xed\xbf\xbf\""), 1},
	{T("\"\xe1\x80\xc0\""), 1},
	{T("\"\xf0\x8f\xbf\xbf\""), 1},
	{T("\"\xf0\x90\x80\""), 1},
	{T("\"\xf4\x90\x80\x80\""), 1},
	{T("\"\xf5\x80\x80\x80\""), 1},
	{T("\"\xf8\x88\x80\x80\x80\""), 1},
	{T("\"\xfe\""), 1},
	{T("\"\xff\""), 1},
	{T("\"ok\xc3\x28\""), 3},
	{T("\"\xf0\x9f\x98\x80\xf0\x9f\""), 5},
	{T("'a'"), 0},
	{T("a"), 0},
	{T("\"a\"b"), 3},
	{T("\"a\"\"b\""), 3},
	{T("["), 1},
	{T("[1"), 2},
	{T("[1,"), 3},
	{T("[1,]"), 3},
	{T("[,1]"), 1},
	{T("[,]"), 1},
	{T("[1,,2]"), 3},
	{T("[1 2]"), 3},
	{T("[1}"), 2},
	{T("[}"), 1},
	{T("]"), 0},
	{T("[]]"), 2},
	{T("[][]"), 2},
	{T("[[]"), 3},
	{T("[1:2]"), 2},
	{T("[\"a\":1]"), 4},
	{T("[a]"), 1},
	{T("[-]"), 2},
	{T("[1]x"), 3},
	{T("[\"a]"), 4},
	{T("[tru]"), 1},
	{T("{"), 1},
	{T("{]"), 1},
	{T("}"), 0},
	{T("{}}"), 2},
	{T("{1:2}"), 1},
	{T("{a:1}"), 1},
	{T("{'a':1}"), 1},
	{T("{null:1}"), 1},
	{T("{\"a\"}"), 4},
	{T("{\"a\" 1}"), 5},
	{T("{\"a\",1}"), 4},
	{T("{\"a\":}"), 5},
	{T("{\"a\":1"), 6},
	{T("{\"a\":1,"), 7},
	{T("{\"a\":1,}"), 7},
	{T("{,\"a\":1}"), 1},
	{T("{\"a\":1,,\"b\":2}"), 7},
	{T("{\"a\":1 \"b\":2}"), 7},
	{T("{\"a\"::1}"), 5},
	{T("{\"a\":1]"), 6},
	{T("{\"a\":1:2}"), 6},
	{T("{\"a\":\"b\""), 8},
	{T("{\"a"), 3},
	{T("{\"a\""), 4},
	{T("{\"a\":"), 5},
	{T("{\"a\":[}"), 6},
	{T("{\"a\":1}{"), 7},
	{T("{\"a\":/**/1}"), 5},
	{T("// x\n1"), 0},
	{T("[1]#"), 3},
	{T("\xef\xbb\xbf{}"), 0},
	{T("\x0b"
	   "1"),
	 0},
	{T("\f1"), 0},
	{T("\xa0"
	   "1"),
	 0},
	{T("1\0"), 1},
	{T("[\0]"), 1},
	{T("123\0"), 3},
	{T("{\"a\":\0}"), 5},
	{T("<html>"), 0},
	{T("data: {}"), 0},
	{T("[1,2"), 4},
	{T("[{\"a\":[{\"b\":}]}]"), 12},
};

static void test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		if (verdict(valid[i], NULL) != 0)
			fail_msg("refused: %s", valid[i].p);
	}
}

static void test_invalid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		size_t at = 999;

		if (verdict(invalid[i].text, &at) == 0)
			fail_msg("taken: %s", invalid[i].text.p);
		if (at != invalid[i].at)
			fail_msg("%s: fault at %zu, not %zu", invalid[i].text.p,
				 at, invalid[i].at);
	}
}

/* Every prefix is refused, unless it is a whole value by itself (numbers, and
 * what only white space follows); nothing is read behind it. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		char first = valid[i].p[0];

		for (size_t n = 0; n < valid[i].n; n++) {
			struct span part = {valid[i].p, n};

			if (verdict(part, NULL) == 0 &&
			    strchr("{[\"tfn", first))
				assert_true(strspn(part.p + n, " \r\n\t") ==
					    valid[i].n - n);
		}
	}
}

/* In each kind of context a bad value is refused. */
static void test_nested_faults(void **state)
{
	static const char *const frames[][2] = {
		{"[", "]"},
		{"[1,", ",2]"},
		{"{\"a\":", "}"},
		{"{\"a\":0,\"b\":", ",\"c\":0}"},
		{"[[{\"x\":[", "]}]]"}};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct span t = invalid[i].text;

		/* What is fine inside an array, or closes it, is left out. */
		if (t.n == 0 || strspn(t.p, " \n\t") == t.n ||
		    strpbrk(t.p, ",[]{}:") || memchr(t.p, '"', t.n))
			continue;
		for (size_t f = 0; f < 5; f++) {
			size_t head = strlen(frames[f][0]);
			size_t tail = strlen(frames[f][1]);
			size_t at;

			memcpy(text, frames[f][0], head);
			memcpy(text + head, t.p, t.n);
			memcpy(text + head + t.n, frames[f][1], tail);
			assert_int_equal(
				verdict((struct span){text, head + t.n + tail},
					&at),
				-1);
			assert_true(at >= head && at <= head + t.n);
		}
	}
}

static void test_depth(void **state)
{
	char text[2 * JSCAN_DEPTH + 8];
	size_t at;

	(void)state;
	for (int n = 1; n <= JSCAN_DEPTH; n++) {
		struct span all = {text, 2 * (size_t)n};

		for (int i = 0; i < n; i++) {
			text[i] = '[';
			text[2 * n - 1 - i] = ']';
		}
		assert_int_equal(pass(all, n, NULL), 0);
		assert_int_equal(walk(all, n, NULL), 0);
		if (n == 1)
			continue;
		assert_int_equal(pass(all, n - 1, &at), -1);
		assert_int_equal(at, n - 1);
		assert_int_equal(walk(all, n - 1, &at), -1);
		assert_int_equal(at, n - 1);
	}
	/* No more than that, whatever is asked for. */
	memset(text, '[', JSCAN_DEPTH + 1);
	assert_int_equal(
		pass((struct span){text, JSCAN_DEPTH + 1}, 100000, &at), -1);
	assert_int_equal(at, JSCAN_DEPTH);
}

/* Arrays and objects mixed: the closing bracket must be the right one at each
 * level, beyond 64 levels too. */
static void test_mixed_depth(void **state)
{
	char text[8192];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		int depth = 1 + (int)below(300);
		char close[300];
		size_t n = 0, wrong;

		for (int i = 0; i < depth; i++) {
			bool object = below(2);

			n += (size_t)sprintf(text + n, "%s",
					     object ? "{\"k\":" : "[");
			close[i] = object ? '}' : ']';
		}
		text[n++] = '1';
		for (int i = depth; i-- > 0;)
			text[n++] = close[i];
		assert_int_equal(pass((struct span){text, n}, 300, NULL), 0);
		wrong = n - 1 - below((size_t)depth);
		text[wrong] = text[wrong] == ']' ? '}' : ']';
		assert_int_equal(pass((struct span){text, n}, 300, NULL), -1);
	}
}

/* ---- against jansson ----------------------------------------------------- */

/* What jansson refuses and we leave to the reader (escapes of NUL and of lone
 * surrogates, numbers beyond its types), and its own limit of depth. */
static bool differs_by_design(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_null_character:
	case json_error_null_byte_in_key:
	case json_error_numeric_overflow:
	case json_error_stack_overflow:
		return true;
	case json_error_invalid_syntax:
		return strstr(e->text, "invalid Unicode") != NULL;
	default:
		return false;
	}
}

static size_t make_value(char *to, int depth);

static size_t make_string(char *to)
{
	static const char *const pieces[] = {"a",
					     "bc",
					     " ",
					     "\\n",
					     "\\\"",
					     "\\\\",
					     "\\/",
					     "\\u00e9",
					     "\xc3\xa9",
					     "\xe2\x82\xac",
					     "\xf0\x9f\x98\x80",
					     "\\ud83d\\ude00",
					     "0123456789",
					     "{",
					     "]",
					     ",",
					     ":"};
	size_t n = 0, k = below(6);

	to[n++] = '"';
	while (k-- > 0) {
		const char *p =
			pieces[below(sizeof(pieces) / sizeof(pieces[0]))];

		memcpy(to + n, p, strlen(p));
		n += strlen(p);
	}
	to[n++] = '"';
	return n;
}

static size_t make_number(char *to)
{
	static const char *const begins[] = {"", "-", "0.", "-1."};
	static const char *const ends[] = {"", "", ".5", "e3", ".25E-2", "e+1"};
	size_t begin = below(4);

	return (size_t)sprintf(to, "%s%d%s", begins[begin], (int)below(100000),
			       begin < 2 ? ends[below(6)] : "");
}

static size_t make_space(char *to)
{
	if (below(6))
		return 0;
	to[0] = " \t\n\r"[below(4)];
	return 1;
}

static size_t make_list(char *to, int depth, bool object)
{
	size_t n = 0, k = below(5);

	to[n++] = object ? '{' : '[';
	for (size_t i = 0; i < k; i++) {
		if (i)
			to[n++] = ',';
		n += make_space(to + n);
		if (object) {
			n += make_string(to + n);
			n += make_space(to + n);
			to[n++] = ':';
		}
		n += make_value(to + n, depth - 1);
		n += make_space(to + n);
	}
	to[n++] = object ? '}' : ']';
	return n;
}

static size_t make_value(char *to, int depth)
{
	static const char *const words[] = {"null", "true", "false"};

	switch (below(depth > 0 ? 7 : 4)) {
	case 0:
		return make_number(to);
	case 1:
	case 2:
		return make_string(to);
	case 3:
		return (size_t)sprintf(to, "%s", words[below(3)]);
	default:
		return make_list(to, depth, below(2));
	}
}

static size_t mutate(char *text, size_t n)
{
	static const char bytes[] = "{}[]\",:\\ \n0123456789.-+eEutfn\x80\xc3"
				    "\xe2\xf0\x01\x1f\xff'/x";
	size_t at = below(n);

	switch (below(4)) {
	case 0:
		memmove(text + at, text + at + 1, n - at - 1);
		return n - 1;
	case 1:
		memmove(text + at + 1, text + at, n - at);
		text[at] = bytes[below(sizeof(bytes) - 1)];
		return n + 1;
	case 2:
		text[at] = bytes[below(sizeof(bytes) - 1)];
		return n;
	default:
		return at;
	}
}

static void test_like_jansson(void **state)
{
	static char text[65536];
	size_t taken = 0, refused = 0;

	(void)state;
	for (int round = 0; round < 60000; round++) {
		size_t n = make_value(text, 4), k = below(4);
		json_error_t e;
		json_t *tree;
		int rc;

		while (k-- > 0 && n > 0)
			n = mutate(text, n);
		rc = verdict((struct span){text, n}, NULL);
		tree = json_loadb(text, n, JSON_DECODE_ANY, &e);
		if (!tree && rc == 0 && differs_by_design(&e))
			continue;
		if ((tree != NULL) != (rc == 0))
			fail_msg("jansson %s, jscan not: %.*s",
				 tree ? "takes" : "refuses", (int)n, text);
		taken += rc == 0;
		refused += rc != 0;
		json_decref(tree);
	}
	/* The dice gave both kinds. */
	assert_true(taken > 10000 && refused > 10000);
}

/* ---- numbers ------------------------------------------------------------- */

static void expect_number(const char *text)
{
	double got = 0, want = strtod(text, NULL);
	struct jscan s;

	jscan_init(&s, span_of(text), 1);
	assert_int_equal(jscan_number(&s, &got), 0);
	assert_int_equal(jscan_end(&s), 0);
	if (memcmp(&got, &want, sizeof(got)) != 0)
		fail_msg("%s: %.17g, not %.17g", text, got, want);
}

static double any_double(void)
{
	uint64_t bits = next_random();
	double v;

	memcpy(&v, &bits, sizeof(v));
	return isfinite(v) ? v : 1.5;
}

static void test_numbers(void **state)
{
	static const char *const hard[] = {"0",
					   "-0",
					   "0.0",
					   "-0.0e5",
					   "1",
					   "0.1",
					   "1e22",
					   "1e23",
					   "9007199254740992",
					   "9007199254740993",
					   "9007199254740994",
					   "9007199254740993.0",
					   "900719925474099300e-2",
					   "9007199254740993000e-3",
					   "9007199254740992.5",
					   "9007199254740993.5",
					   "4503599627370496.5",
					   "4503599627370497.5",
					   "18446744073709551615",
					   "18446744073709551616",
					   "9999999999999999999",
					   "99999999999999999999",
					   "0.9999999999999999999",
					   "0.99999999999999999999",
					   "1.7976931348623157e308",
					   "1.7976931348623159e308",
					   "4.9e-324",
					   "2.4703282292062327e-324",
					   "2.4703282292062328e-324",
					   "2.2250738585072011e-308",
					   "1e-400",
					   "-1e400",
					   "1e999999999999999999999",
					   "1e-999999999999999999999",
					   "0e999999999999999999999",
					   "123456789e-27",
					   "123456789012345678e-27",
					   "1e-27",
					   "1e-28",
					   "5e-22",
					   "5e-23",
					   "9007199254740993e-22",
					   "0.000000000000000000000000001",
					   "1000000000000000000000",
					   "-9999.0",
					   "-3.4028234663852886e+38",
					   "-1.1920928955078125e-07"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
		expect_number(hard[i]);
	for (int i = 0; i < 60000; i++) {
		snprintf(text, sizeof(text), "%.17g", any_double());
		expect_number(text);
		snprintf(text, sizeof(text), "%.17g",
			 -(double)(float)((double)below(1u << 30) / 1e7 /
					  (double)(1 + below(1u << 20))));
		expect_number(text);
		snprintf(text, sizeof(text), "%ju.%jue%d",
			 (uintmax_t)(next_random() >> below(64)),
			 (uintmax_t)(next_random() >> below(64)),
			 (int)below(60) - 45);
		expect_number(text);
	}
}

/* Halfway between two doubles, and a hair beside it. */
static void test_number_ties(void **state)
{
	char text[64];

	(void)state;
	for (int i = 0; i < 30000; i++) {
		uint64_t even = ((uint64_t)1 << 53) + 2 * (next_random() >> 12);
		int power = (int)below(3);
		uint64_t digits = even + 1;

		for (int p = 0; p < power; p++)
			digits *= 10;
		for (int hair = -1; hair <= 1; hair++) {
			snprintf(text, sizeof(text), "%jue-%d",
				 (uintmax_t)(digits + (uint64_t)hair), power);
			expect_number(text);
		}
	}
}

static void test_long_numbers(void **state)
{
	char text[4096];
	double v;
	struct jscan s;

	(void)state;
	memset(text, '7', sizeof(text));
	for (size_t n = 490; n < 530; n++) {
		memcpy(text, "0.", 2);
		jscan_init(&s, (struct span){text, n}, 1);
		assert_int_equal(jscan_number(&s, &v), 0);
		assert_true(fabs(v - 0.77777777777777777778) < 1e-15);
	}
	text[1] = '0';
	text[0] = '-';
	text[1] = '7';
	jscan_init(&s, (struct span){text, 600}, 1);
	assert_int_equal(jscan_number(&s, &v), 0);
	assert_true(isinf(v) && v < 0);
	memset(text, '0', sizeof(text));
	memcpy(text, "0.", 2);
	memcpy(text + 4000, "25e4000", 7);
	jscan_init(&s, (struct span){text, 4007}, 1);
	assert_int_equal(jscan_number(&s, &v), 0);
	assert_true(fabs(v - 25) < 1e-9);
}

static void test_int64(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t v;
	} cases[] = {{"0", true, 0},
		     {"-0", true, 0},
		     {"7", true, 7},
		     {"-7", true, -7},
		     {"9223372036854775807", true, INT64_MAX},
		     {"-9223372036854775808", true, INT64_MIN},
		     {"9223372036854775808", false, 0},
		     {"-9223372036854775809", false, 0},
		     {"99999999999999999999999", false, 0},
		     {"1.0", false, 0},
		     {"1e2", false, 0},
		     {"\"1\"", false, 0},
		     {"null", false, 0},
		     {"", false, 0},
		     {"-", false, 0},
		     {"true", false, 0},
		     {"[1]", false, 0}};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = 42;
		assert_int_equal(jscan_int64(span_of(cases[i].text), &v),
				 cases[i].good);
		assert_int_equal(v, cases[i].good ? cases[i].v : 42);
	}
}

/* ---- text ---------------------------------------------------------------- */

static void expect_unescaped(struct span raw, struct span want)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(jtext_unescape(raw, &b), 0);
	assert_int_equal(b.n, want.n);
	assert_memory_equal(b.p, want.p, want.n);
	buf_release(&b);
}

static void test_unescape(void **state)
{
	static const struct span cases[][2] = {
		{T("plain"), T("plain")},
		{T("\\\"\\\\\\/\\b\\f\\n\\r\\t"), T("\"\\/\b\f\n\r\t")},
		{T("a\\u0000b"), T("a\0b")},
		{T("\\u0041\\u00e9"), T("A\xc3\xa9")},
		{T("\\u20AC"), T("\xe2\x82\xac")},
		{T("\\ud83d\\ude00!"), T("\xf0\x9f\x98\x80!")},
		{T("\\uDBFF\\uDFFF"), T("\xf4\x8f\xbf\xbf")},
		{T("\\ud83d"), T("\xef\xbf\xbd")},
		{T("\\ude00"), T("\xef\xbf\xbd")},
		{T("\\ud83dx"), T("\xef\xbf\xbdx")},
		{T("\\ud83d\\n"), T("\xef\xbf\xbd\n")},
		{T("\\ud83d\\u0041"), T("\xef\xbf\xbd"
					"A")},
		{T("\\ud83d\\ud83d\\ude00"), T("\xef\xbf\xbd\xf0\x9f\x98\x80")},
		{T("\xf0\x9f\x98\x80\\n\xc3\xa9"),
		 T("\xf0\x9f\x98\x80\n\xc3\xa9")},
		{T("\\u007f\\u0080\\u07ff\\u0800"),
		 T("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80")}};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_unescaped(cases[i][0], cases[i][1]);
	buf_init(&b, 3);
	assert_int_equal(jtext_unescape(span_of("ab\\ncd"), &b), -1);
	buf_release(&b);
}

static void test_units(void **state)
{
	static const struct {
		struct span raw;
		size_t unit, n;
	} cases[] = {{T("ab"), 1, 1},		{T("\xc3\xa9x"), 2, 2},
		     {T("\xe2\x82\xac"), 3, 3}, {T("\xf0\x9f\x98\x80"), 4, 4},
		     {T("\\nx"), 2, 1},		{T("\\u0041x"), 6, 1},
		     {T("\\u20acx"), 6, 3},	{T("\\ud83d\\ude00x"), 12, 4},
		     {T("\\ud83dx"), 6, 3},	{T("\\ud83d\\u0041"), 6, 3},
		     {T("\\ud83d"), 6, 3},	{T("\\ude00\\ud83d"), 6, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char utf8[4];
		size_t n;

		assert_int_equal(jtext_unit(cases[i].raw, utf8, &n),
				 cases[i].unit);
		assert_int_equal(n, cases[i].n);
	}
}

/* What was escaped is a string again, and the same text. */
static void test_escape_round_trip(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		static const char *const pieces[] = {"a",
						     "0123456789",
						     "\"",
						     "\\",
						     "/",
						     "\b\f\n\r\t",
						     "\x01",
						     "\x1f",
						     "\x7f",
						     "\xc3\xa9",
						     "\xe2\x82\xac",
						     "\xf0\x9f\x98\x80"};
		char text[128];
		size_t n = 0, k = below(10);
		struct buf b;

		while (k-- > 0) {
			const char *p = pieces[below(12)];

			memcpy(text + n, p, strlen(p));
			n += strlen(p);
		}
		if (below(4) == 0)
			text[n++] = '\0';
		buf_init(&b, 0);
		buf_adds(&b, "\"");
		assert_int_equal(jtext_escape((struct span){text, n}, &b), 0);
		buf_adds(&b, "\"");
		assert_int_equal(verdict(buf_span(&b), NULL), 0);
		expect_unescaped((struct span){b.p + 1, b.n - 2},
				 (struct span){text, n});
		buf_release(&b);
	}
}

static void expect_escaped(struct span text, const char *want)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(jtext_escape(text, &b), 0);
	buf_add(&b, "", 1);
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void test_escape(void **state)
{
	static const struct span none = {NULL, 0};

	(void)state;
	expect_escaped(none, "");
	expect_escaped(span_of("a/b"), "a/b");
	expect_escaped(span_of("\"\\\b\f\n\r\t"), "\\\"\\\\\\b\\f\\n\\r\\t");
	expect_escaped((struct span)T("\0\x01\x1f\x7f"),
		       "\\u0000\\u0001\\u001f\x7f");
	expect_escaped(span_of("\x80"), "\xef\xbf\xbd");
	expect_escaped(span_of("a\xc3"), "a\xef\xbf\xbd");
	expect_escaped(span_of("\xed\xa0\x80"),
		       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_escaped(span_of("\xff\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
}

static void test_keys(void **state)
{
	static const struct {
		const char *raw, *name;
		bool same;
	} cases[] = {{"model", "model", true},
		     {"models", "model", false},
		     {"mode", "model", false},
		     {"Model", "model", false},
		     {"mod\\u0065l", "model", true},
		     {"\\u006d\\u006f\\u0064\\u0065\\u006c", "model", true},
		     {"mod\\u0045l", "model", false},
		     {"mod\\u0065", "model", false},
		     {"mod\\u0065ls", "model", false},
		     {"model\\u0000", "model", false},
		     {"\\nmodel", "model", false},
		     {"", "", true},
		     {"x", "", false},
		     {"", "x", false},
		     {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", true},
		     {"model_of_a_long_name", "model", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			jscan_key_is(span_of(cases[i].raw), cases[i].name),
			cases[i].same);
}

/* ---- the walk ------------------------------------------------------------ */

static void test_walk_spans(void **state)
{
	struct span body = span_of(" { \"a\" : [ 1 , \"x\" ] , \"b\\n\":{},"
				   "\"c\": -2.5e1 } ");
	struct span key, value;
	struct jscan s;
	double v = 0;

	(void)state;
	jscan_init(&s, body, 4);
	assert_int_equal(jscan_peek(&s), JSCAN_OBJECT);
	assert_int_equal(jscan_enter(&s, '{'), 0);
	assert_int_equal(jscan_member(&s, &key), 1);
	assert_true(span_is(key, "a"));
	assert_int_equal(jscan_peek(&s), JSCAN_ARRAY);
	assert_int_equal(jscan_value(&s, &value), 0);
	assert_true(span_is(value, "[ 1 , \"x\" ]"));
	assert_int_equal(jscan_member(&s, &key), 1);
	assert_true(span_is(key, "b\\n"));
	assert_int_equal(jscan_enter(&s, '{'), 0);
	assert_int_equal(jscan_member(&s, &key), 0);
	assert_int_equal(jscan_member(&s, &key), 1);
	assert_int_equal(jscan_number(&s, &v), 0);
	assert_true(v == -25);
	assert_int_equal(jscan_member(&s, &key), 0);
	assert_int_equal(jscan_end(&s), 0);
	assert_int_equal(s.depth, 0);
}

static void test_expect(void **state)
{
	static const char *const slow[] = {
		"{ \"ab\":1}", "{\"ab\" :1}",	   "{\"ab\": 1}", "{\"abc\":1}",
		"{\"a\":1}",   "{\"a\\u0062\":1}", "{}",	  "{\"b\":1}"};
	struct span key, value;
	struct jscan s;

	(void)state;
	jscan_init(&s, span_of("{\"ab\":1,\"c\":[2],\"ab\":3}"), 4);
	jscan_enter(&s, '{');
	assert_false(jscan_expect(&s, "c"));
	assert_true(jscan_expect(&s, "ab"));
	assert_true(jscan_at(&s, '1'));
	jscan_value(&s, &value);
	assert_true(jscan_expect(&s, "c"));
	assert_int_equal(jscan_enter(&s, '['), 0);
	assert_int_equal(jscan_element(&s), 1);
	jscan_value(&s, &value);
	assert_int_equal(jscan_element(&s), 0);
	assert_true(jscan_expect(&s, "ab"));
	jscan_value(&s, &value);
	assert_true(span_is(value, "3"));
	assert_false(jscan_expect(&s, "ab"));
	assert_int_equal(jscan_member(&s, &key), 0);
	assert_int_equal(jscan_end(&s), 0);
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
		jscan_init(&s, span_of(slow[i]), 4);
		jscan_enter(&s, '{');
		assert_false(jscan_expect(&s, "ab"));
		while (jscan_member(&s, &key) > 0)
			jscan_value(&s, NULL);
		assert_int_equal(jscan_end(&s), 0);
	}
	/* Cut off anywhere, nothing behind the end is looked at. */
	for (size_t n = 1; n < 7; n++) {
		char *copy = malloc(n);

		memcpy(copy, "{\"ab\":1}", n);
		jscan_init(&s, (struct span){copy, n}, 4);
		jscan_enter(&s, '{');
		assert_false(jscan_expect(&s, "ab"));
		free(copy);
	}
}

/* The first fault stays, and no call goes on after it. */
static void test_fault_sticks(void **state)
{
	struct span v;
	struct jscan s;
	double d;

	(void)state;
	jscan_init(&s, span_of("{\"a\":1,\"b\":2}"), 4);
	assert_int_equal(jscan_enter(&s, '{'), 0);
	assert_int_equal(jscan_member(&s, &v), 1);
	assert_int_equal(jscan_string(&s, &v), -1);
	assert_int_equal(s.fault_at, 5);
	assert_int_equal(jscan_fail(&s, "another"), -1);
	assert_int_equal(s.fault_at, 5);
	assert_string_equal(s.why, "a string was expected");
	assert_int_equal(jscan_value(&s, &v), -1);
	assert_int_equal(jscan_number(&s, &d), -1);
	assert_int_equal(jscan_member(&s, &v), -1);
	assert_int_equal(jscan_element(&s), -1);
	assert_int_equal(jscan_enter(&s, '['), -1);
	assert_int_equal(jscan_peek(&s), JSCAN_FAULT);
	assert_int_equal(jscan_end(&s), -1);
	jscan_init(&s, span_of("[1]"), 4);
	assert_int_equal(jscan_enter(&s, '{'), -1);
	jscan_init(&s, span_of("[1]"), 4);
	jscan_enter(&s, '[');
	assert_int_equal(jscan_fail(&s, "mine"), -1);
	assert_string_equal(s.why, "mine");
	assert_int_equal(s.fault_at, 1);
}

static void test_unclosed_walk(void **state)
{
	struct jscan s;

	(void)state;
	jscan_init(&s, span_of("[1"), 4);
	jscan_enter(&s, '[');
	jscan_element(&s);
	jscan_value(&s, NULL);
	assert_int_equal(jscan_end(&s), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_nested_faults),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_mixed_depth),
		cmocka_unit_test(test_like_jansson),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_ties),
		cmocka_unit_test(test_long_numbers),
		cmocka_unit_test(test_int64),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_escape_round_trip),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_walk_spans),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_fault_sticks),
		cmocka_unit_test(test_unclosed_walk),
	};

	return cmocka_run_group_tests_name("jscan", tests, NULL, NULL);
}
