/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which log-probs are believed, which tokens count, and what is made of them.
 */
#include "verify/verify_logprob.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/now.h"
#include "verify/final_answer.h"
#include "verify/signal.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define TOKENS_MOST 32

static struct arena *arena;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* ---- by hand ------------------------------------------------------------- */

/* A choice being put together, token by token. */
struct made {
	struct chat_choice choice;
	struct chat_token tokens[TOKENS_MOST];
	struct chat_alternative tops[4 * TOKENS_MOST];
	char text[1024];
};

static void made_init(struct made *m, const char *content)
{
	memset(m, 0, sizeof(*m));
	m->choice.content = span_of(content);
	m->choice.tokens = (struct chat_tokens){
		.v = m->tokens,
		.tops = m->tops,
		.sound = true,
		.text = {m->text, 0},
	};
}

static void add(struct made *m, const char *text, double logprob)
{
	struct chat_tokens *t = &m->choice.tokens;

	t->v[t->n++] = (struct chat_token){
		.logprob = logprob,
		.text_at = (uint32_t)t->text.n,
		.text_n = (uint32_t)strlen(text),
		.top_at = (uint32_t)t->n_tops,
	};
	memcpy(m->text + t->text.n, text, strlen(text));
	t->text.n += strlen(text);
}

/* An alternative of the token added last. */
static void add_top(struct made *m, double logprob)
{
	struct chat_tokens *t = &m->choice.tokens;

	t->tops[t->n_tops++].logprob = logprob;
	t->v[t->n - 1].n_top++;
}

/* As conf would fill them; span: its place in "all,answer". */
static struct verdict judge_span(const struct chat_choice *choice, int span)
{
	struct chat_choice one = *choice;
	struct chat_reply reply = {.choices = &one, .n_choices = 1};
	const struct verify_case c = {.arena = arena, .reply = &reply};
	struct verdict v = {0};

	assert_int_equal(verify_logprob()->conf.opts_size, sizeof(span));
	verify_logprob_judge(&c, &span, &v);
	assert_string_equal(v.verifier, "logprob");
	return v;
}

static struct verdict judge(const struct chat_choice *choice)
{
	return judge_span(choice, 0);
}

static void refused(const struct chat_choice *c, const char *why)
{
	struct verdict v = judge(c);
	size_t from, to;

	assert_int_equal(v.kind, VERDICT_NONE);
	assert_int_equal(v.lack, LACK_SIGNAL);
	assert_string_equal(v.why, why);
	assert_int_equal(v.n_signals, 0);
	assert_string_equal(verify_logprob_align(c, &from, &to), why);
}

/* The tokens [from, to) count, and the score is e^min of them. */
static void counted(const struct chat_choice *c, size_t from, size_t to,
		    double min)
{
	struct verdict v = judge(c);
	size_t f, t;

	assert_null(verify_logprob_align(c, &f, &t));
	assert_int_equal(f, from);
	assert_int_equal(t, to);
	assert_int_equal(v.kind, VERDICT_SCORE);
	assert_null(v.why);
	assert_true(fabs(v.score - exp(min)) < 1e-12);
	assert_true(v.score >= 0 && v.score <= 1);
}

static double signal_of(const struct verdict *v, const char *name)
{
	for (size_t i = 0; i < v->n_signals; i++)
		if (!strcmp(v->signals[i].name, name))
			return v->signals[i].value;
	fail_msg("no signal %s", name);
	return 0;
}

static void signal_is(const struct verdict *v, const char *name, double wanted)
{
	double got = signal_of(v, name);

	if (isnan(wanted) ? !isnan(got) : !(fabs(got - wanted) < 1e-9))
		fail_msg("%s is %.12g, not %.12g", name, got, wanted);
}

/* ---- what is believed ---------------------------------------------------- */

static void test_absent(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris");
	refused(&m.choice, "absent");
}

static void test_fake(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "abc");
	add(&m, "a", 0);
	add(&m, "b", -0.0);
	add(&m, "c", 0);
	refused(&m.choice, "fake");
	m.tokens[1].logprob = -1e-9; /* one that is not 0: sure, no fake */
	counted(&m.choice, 0, 3, -1e-9);
	/* Two tokens may well be certain. */
	made_init(&m, "ab");
	add(&m, "a", 0);
	add(&m, "b", 0);
	counted(&m.choice, 0, 2, 0);
}

static void test_broken(void **state)
{
	static const double wrong[] = {(double)NAN, (double)INFINITY, 1.5,
				       0.001};
	struct made m;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		for (size_t at = 0; at < 3; at++) {
			made_init(&m, "abc");
			add(&m, "a", -1);
			add(&m, "b", -1);
			add(&m, "c", -1);
			m.tokens[at].logprob = wrong[i];
			refused(&m.choice, "broken");
		}
	/* A hair above 0 is rounding, and no more than certain. */
	made_init(&m, "a");
	add(&m, "a", 1e-6);
	counted(&m.choice, 0, 1, 0);
	m.choice.tokens.sound = false;
	refused(&m.choice, "broken");
}

static void test_misaligned(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris");
	add(&m, "Ro", -1);
	add(&m, "me", -1);
	refused(&m.choice, "misaligned");
	made_init(&m, "Paris is it");
	add(&m, "Paris", -1);
	refused(&m.choice, "misaligned"); /* the list was cut */
	made_init(&m, "");
	add(&m, "x", -1);
	refused(&m.choice, "misaligned");
	made_init(&m, " \n");
	add(&m, " \n", -1);
	refused(&m.choice, "misaligned");
	made_init(&m, NULL);
	add(&m, "x", -1);
	refused(&m.choice, "misaligned");
	made_init(&m, "a");
	add(&m, "", -1); /* tokens that spell nothing */
	refused(&m.choice, "misaligned");
}

/* ---- which tokens -------------------------------------------------------- */

static void test_plain(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris is big");
	add(&m, "Par", -0.1);
	add(&m, "is", -0.7);
	add(&m, " is", -0.2);
	add(&m, " big", -0.3);
	counted(&m.choice, 0, 4, -0.7);
}

/* What follows the text does not count, be it ever so unlikely. */
static void test_end_tokens(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris");
	add(&m, "Paris", -0.1);
	add(&m, "<|eot_id|>", -5);
	counted(&m.choice, 0, 1, -0.1);
	made_init(&m, "Paris");
	add(&m, "Paris", -0.1);
	add(&m, "", -5); /* some servers spell it as nothing */
	counted(&m.choice, 0, 1, -0.1);
	made_init(&m, "Paris");
	add(&m, "", -5);
	add(&m, "Par", -0.1);
	add(&m, "", -0.2);
	add(&m, "is", -0.1);
	add(&m, "\n", -7);
	counted(&m.choice, 1, 4, -0.2);
}

/* The reasoning comes first and may quote the answer. */
static void test_reasoning_before(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris");
	add(&m, "<think>", -3);
	add(&m, "Paris", -4);
	add(&m, "?", -5);
	add(&m, "</think>", -6);
	add(&m, "\n\n", -7);
	add(&m, "Paris", -0.25);
	add(&m, "<eos>", -8);
	counted(&m.choice, 5, 6, -0.25);
}

/* White space around the text is not what was asked for. */
static void test_white_space_around(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "\n Paris \n");
	add(&m, "\n", -9);
	add(&m, " Paris", -0.5);
	add(&m, " \n", -9);
	counted(&m.choice, 1, 2, -0.5);
	/* Trimmed by the server, not by its tokens. */
	made_init(&m, "Paris");
	add(&m, " Par", -0.5);
	add(&m, "is ", -0.6);
	counted(&m.choice, 0, 2, -0.6);
}

/* A token that is partly text and partly not counts. */
static void test_tokens_across_the_border(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "Paris");
	add(&m, "x", -9);
	add(&m, ">Pa", -0.5);
	add(&m, "ris<", -0.6);
	add(&m, "y", -9);
	counted(&m.choice, 1, 3, -0.6);
}

/* Bytes of one character may stand in several tokens. */
static void test_split_characters(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, "\xf0\x9f\x98\x80!");
	add(&m, "\xf0\x9f", -0.5);
	add(&m, "\x98", -1.5);
	add(&m, "\x80", -0.1);
	add(&m, "!", -0.2);
	counted(&m.choice, 0, 4, -1.5);
}

/* Their text is not the content's: all tokens count. */
static void test_tool_calls(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, NULL);
	m.choice.tool_calls = span_of("[{}]");
	add(&m, "<tool>", -0.1);
	add(&m, "{\"city\":", -0.9);
	add(&m, "\"Rome\"}", -0.2);
	counted(&m.choice, 0, 3, -0.9);
	m.choice.tool_calls.n = 0;
	m.choice.function_call = span_of("{}");
	counted(&m.choice, 0, 3, -0.9);
	m.choice.tokens.n = 0;
	refused(&m.choice, "absent");
}

/* Every place of a text in what the tokens spell, every length of token. */
static void test_every_place(void **state)
{
	struct made m;

	(void)state;
	for (size_t size = 1; size <= 3; size++)
		for (size_t before = 0; before < 9; before++)
			for (size_t after = 0; after < 9; after++) {
				char all[32] = "";
				size_t n = before + 5 + after;

				memset(all, '-', n);
				memcpy(all + before, "Paris", 5);
				made_init(&m, "Paris");
				for (size_t at = 0; at < n; at += size) {
					char tok[4] = "";

					memcpy(tok, all + at,
					       n - at < size ? n - at : size);
					add(&m, tok, -1);
				}
				counted(&m.choice, before / size,
					(before + 5 + size - 1) / size, -1);
			}
}

/* Of several places the last one, against a plain search. */
static void test_last_place(void **state)
{
	struct made m;

	(void)state;
	srandom(5);
	for (int round = 0; round < 3000; round++) {
		size_t n = 1 + (size_t)random() % 6, from, to;
		char text[25] = "", part[8] = "";
		int at = 24;

		for (size_t i = 0; i < 24; i++)
			text[i] = random() % 2 ? 'a' : 'b';
		for (size_t i = 0; i < n; i++)
			part[i] = random() % 2 ? 'a' : 'b';
		while (--at >= 0 && strncmp(text + at, part, n) != 0)
			;
		made_init(&m, part);
		for (size_t i = 0; i < 24; i++)
			add(&m, (char[]){text[i], '\0'}, -1);
		if (at < 0) {
			refused(&m.choice, "misaligned");
			continue;
		}
		assert_null(verify_logprob_align(&m.choice, &from, &to));
		assert_int_equal(from, at);
		assert_int_equal(to, (size_t)at + n);
	}
}

/* ---- what is made of them ------------------------------------------------ */

static void test_signals_by_hand(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, "abcd");
	add(&m, "a", -0.4); /* certain of two: ln 2, no margin */
	add_top(&m, -1);
	add_top(&m, -1);
	add(&m, "b", -0.1);
	add_top(&m, log(0.9)); /* in any order */
	add_top(&m, log(0.1));
	add(&m, "c", -0.2);
	add_top(&m, -0.2);  /* one alternative says nothing */
	add(&m, "d", -0.3); /* none at all */
	add(&m, "<eos>", -50);
	add_top(&m, -50);
	add_top(&m, -1);
	v = judge(&m.choice);
	assert_int_equal(v.n_signals, 22);
	signal_is(&v, "logprob.min", -0.4);
	signal_is(&v, "logprob.sum", -1.0);
	signal_is(&v, "logprob.mean", -0.25);
	signal_is(&v, "logprob.q10", -0.37); /* 0.3 of the way to -0.3 */
	signal_is(&v, "logprob.q25", -0.325);
	signal_is(&v, "logprob.median", -0.25);
	signal_is(&v, "logprob.tokens", 4);
	signal_is(&v, "logprob.entropy_max", log(2));
	signal_is(&v, "logprob.entropy_mean",
		  (log(2) - 0.9 * log(0.9) - 0.1 * log(0.1)) / 2);
	signal_is(&v, "logprob.margin_min", 0);
	signal_is(&v, "logprob.margin_mean", log(9) / 2);
	assert_true(fabs(v.score - exp(-0.4)) < 1e-12);
}

/* ---- the answer ---------------------------------------------------------- */

static void test_answer(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, " It is Paris.");
	add(&m, "<s>", -9);
	add(&m, " It", -3);
	add(&m, " is", -2);
	add(&m, " Par", -0.5);
	add_top(&m, -0.5);
	add_top(&m, -1.5);
	add(&m, "is", -0.25);
	add_top(&m, -0.25);
	add_top(&m, -2.25);
	add(&m, ".", -4);
	add(&m, "<eos>", -8);
	v = judge(&m.choice);
	signal_is(&v, "logprob.min", -4);
	signal_is(&v, "logprob.tokens", 5);
	signal_is(&v, "answer.min", -0.5);
	signal_is(&v, "answer.sum", -0.75);
	signal_is(&v, "answer.mean", -0.375);
	signal_is(&v, "answer.median", -0.375);
	signal_is(&v, "answer.q10", -0.475);
	signal_is(&v, "answer.q25", -0.4375);
	signal_is(&v, "answer.tokens", 2);
	signal_is(&v, "answer.margin_min", 1);
	signal_is(&v, "answer.margin_mean", 1.5);
	assert_true(fabs(v.score - exp(-4)) < 1e-12);
	/* The same signals, another score. */
	v = judge_span(&m.choice, 1);
	signal_is(&v, "logprob.min", -4);
	signal_is(&v, "answer.min", -0.5);
	assert_true(fabs(v.score - exp(-0.5)) < 1e-12);
}

static void groups_are_equal(const struct verdict *v)
{
	for (int i = 0; i < SIGNAL_TOKEN_STATS; i++) {
		const struct signal *s = &v->signals[SIGNAL_LOGPROB + i];
		const struct signal *t = &v->signals[SIGNAL_ANSWER + i];

		assert_ptr_equal(s->name, signal_name(SIGNAL_LOGPROB + i));
		assert_ptr_equal(t->name, signal_name(SIGNAL_ANSWER + i));
		assert_true(s->value == t->value ||
			    (isnan(s->value) && isnan(t->value)));
	}
}

/* Where it is all of the reply, where there is none, where it is a call. */
static void test_answer_is_all(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, "Paris");
	add(&m, "Par", -0.5);
	add_top(&m, -0.5);
	add_top(&m, -1.5);
	add(&m, "is", -0.25);
	v = judge(&m.choice);
	groups_are_equal(&v);
	made_init(&m, "...");
	add(&m, ".", -0.5);
	add(&m, "..", -0.25);
	v = judge(&m.choice);
	groups_are_equal(&v);
	made_init(&m, "It is 5.");
	m.choice.tool_calls = span_of("[{}]");
	add(&m, "<tool>", -0.1);
	add(&m, "{}", -0.9);
	v = judge(&m.choice);
	groups_are_equal(&v);
}

/* Every length of token and every place of the answer: those count that touch
 * it, and what goes before the content shifts nothing. */
static void test_answer_in_every_place(void **state)
{
	static const char *const contents[] = {
		"So, it is 42.",
		"42",
		"\n\n The answer is **B**. Paris",
		"{\"a\": 1}",
		"Well:\n```json\n[1]\n```",
		"x = 5\nDone. So, 5",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++)
		for (size_t size = 1; size <= 5; size++) {
			char all[64] = "<think>5</think>";
			size_t before = strlen(all), at, end;
			struct final_answer f;
			struct verdict v;
			struct made m;

			strcat(all, contents[i]);
			made_init(&m, contents[i]);
			for (size_t k = 0; k < strlen(all); k += size) {
				char tok[8] = "";

				memcpy(tok, all + k, strnlen(all + k, size));
				add(&m, tok, -1);
			}
			final_answer_find(m.choice.content, &f);
			at = before + (size_t)(f.text.p - contents[i]);
			end = at + f.text.n;
			v = judge(&m.choice);
			signal_is(&v, "answer.tokens",
				  (double)((end - 1) / size - at / size + 1));
		}
}

static void test_one_token(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, "B");
	add(&m, "B", -0.5);
	v = judge(&m.choice);
	signal_is(&v, "logprob.min", -0.5);
	signal_is(&v, "logprob.q10", -0.5);
	signal_is(&v, "logprob.median", -0.5);
	signal_is(&v, "logprob.tokens", 1);
	signal_is(&v, "logprob.entropy_max", NAN);
	signal_is(&v, "logprob.entropy_mean", NAN);
	signal_is(&v, "logprob.margin_min", NAN);
	signal_is(&v, "logprob.margin_mean", NAN);
}

/* What servers send for "nothing": all are -100, and all is finite. */
static void test_floors(void **state)
{
	static const double low[] = {-100, -9999, -3.4028234663852886e38,
				     -1.7e308, (double)-INFINITY};
	struct made m;

	(void)state;
	for (size_t i = 0; i < COUNT(low); i++) {
		struct verdict v;

		made_init(&m, "ab");
		add(&m, "a", low[i]);
		add_top(&m, -0.5);
		add_top(&m, low[i]);
		add(&m, "b", -0.5);
		v = judge(&m.choice);
		signal_is(&v, "logprob.min", -100);
		signal_is(&v, "logprob.sum", -100.5);
		signal_is(&v, "logprob.margin_min", 99.5);
		for (size_t s = 0; s < v.n_signals; s++)
			assert_true(isfinite(v.signals[s].value));
		assert_true(fabs(v.score - exp(-100)) < 1e-50);
	}
}

/* Alternatives that are no probabilities give no signal, and no infinity. */
static void test_absurd_alternatives(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, "ab");
	add(&m, "a", -0.5);
	add_top(&m, -9999); /* fillers alone: no list */
	add_top(&m, -9999);
	add(&m, "b", -0.25);
	add_top(&m, log(0.5));
	add_top(&m, log(0.5));
	v = judge(&m.choice);
	signal_is(&v, "logprob.entropy_max", log(2));
	signal_is(&v, "logprob.margin_mean", 0);
	add(&m, "c", -0.5);
	add_top(&m, 5); /* the probability of nothing */
	v = judge(&m.choice);
	assert_int_equal(v.kind, VERDICT_NONE);
	assert_string_equal(v.why, "broken");
}

/* More alternatives than the API allows: the first 20 are looked at. */
static void test_many_alternatives(void **state)
{
	struct made m;
	struct verdict v;

	(void)state;
	made_init(&m, "a");
	add(&m, "a", -0.5);
	for (int i = 0; i < 20; i++)
		add_top(&m, -1);
	for (int i = 0; i < 60; i++)
		add_top(&m, -0.001);
	v = judge(&m.choice);
	signal_is(&v, "logprob.entropy_max", log(20));
	signal_is(&v, "logprob.margin_min", 0);
}

/* ---- as it is read ------------------------------------------------------- */

static struct verdict judge_body(const char *body)
{
	struct chat_reply r;
	struct chat_fault why;

	if (chat_reply_read(&r, span_of(body), 64, true, arena, &why) < 0)
		fail_msg("%s", why.text);
	return judge(&r.choices[0]);
}

#define REPLY(content, entries)                                                \
	"{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,"           \
	"\"message\":{\"role\":\"assistant\",\"content\":" content "},"        \
	"\"logprobs\":{\"content\":" entries "},\"finish_reason\":\"stop\"}]}"
#define ENTRY(token, bytes, lp)                                                \
	"{\"token\":" token ",\"bytes\":" bytes ",\"logprob\":" lp             \
	",\"top_logprobs\":[{\"token\":" token ",\"logprob\":" lp              \
	"},{\"token\":\"x\",\"logprob\":-3}]}"

static const struct {
	const char *body;
	const char *why; /* NULL: believed */
	double min;
} bodies[] = {
	{REPLY("\"Paris\"", "null"), "absent", 0},
	{REPLY("\"Paris\"", "[]"), "absent", 0},
	{"{\"choices\":[{\"message\":{\"content\":\"a\"},"
	 "\"logprobs\":null}]}",
	 "absent", 0},
	{"{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", "absent", 0},
	{REPLY("\"Paris\"",
	       "[" ENTRY("\"Par\"", "[80,97,114]",
			 "-0.5") "," ENTRY("\"is\"", "null", "-0.25") "]"),
	 NULL, -0.5},
	/* The bytes count, not the token's print. */
	{REPLY("\"\xc3\xa9!\"",
	       "[" ENTRY("\"\\ufffd\"", "[195]", "-0.5") "," ENTRY(
		       "\"\\ufffd\"", "[169]",
		       "-0.75") "," ENTRY("\"!\"", "[33]", "-0.25") "]"),
	 NULL, -0.75},
	{REPLY("\"a\\u0000b\"", "[" ENTRY("\"a\\u0000b\"", "null", "-0.5") "]"),
	 NULL, -0.5},
	{REPLY("\"Paris\"", "[" ENTRY("\"Paris\"", "null", "-0.5") "," ENTRY(
				    "\"<|eot|>\"", "[]", "-20") "]"),
	 NULL, -0.5},
	{REPLY("\"abc\"", "[" ENTRY("\"a\"", "null", "0.0") "," ENTRY(
				  "\"b\"", "null",
				  "0") "," ENTRY("\"c\"", "null", "-0.0") "]"),
	 "fake", 0},
	{REPLY("\"Paris\"", "[" ENTRY("\"Rome\"", "null", "-1") "]"),
	 "misaligned", 0},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "\"-1\"") "]"), "broken", 0},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "null") "]"), "broken", 0},
	{REPLY("\"a\"", "[{\"token\":\"a\"}]"), "broken", 0},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "2") "]"), "broken", 0},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "1e999") "]"), "broken", 0},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "-1e999") "]"), NULL, -100},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "-9999.0") "]"), NULL, -100},
	{REPLY("\"a\"", "[" ENTRY("\"a\"", "null", "-3.4028235e+38") "]"), NULL,
	 -100},
};

static void test_read_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct verdict v = judge_body(bodies[i].body);

		if (bodies[i].why) {
			assert_int_equal(v.kind, VERDICT_NONE);
			if (!v.why || strcmp(v.why, bodies[i].why))
				fail_msg("%zu: %s", i, v.why);
			continue;
		}
		if (v.kind != VERDICT_SCORE)
			fail_msg("%zu: %s", i, v.why);
		assert_true(fabs(v.score - exp(bodies[i].min)) < 1e-12);
	}
}

/* ---- time ---------------------------------------------------------------- */

/* A backend must not be able to hold the loop up by what it writes. */
static void test_worst_texts_take_no_time(void **state)
{
	const size_t n = 1u << 20;
	char *spelled = malloc(n), *content = malloc(n / 2);
	struct chat_token *t = calloc(n, sizeof(*t));
	struct chat_choice c = {
		.content = {content, n / 2},
		.tokens = {.v = t, .n = n, .sound = true, .text = {spelled, n}},
	};
	int64_t start = now_us();

	(void)state;
	memset(spelled, 'a', n);
	memset(content, 'a', n / 2);
	content[n / 2 - 1] = 'b'; /* found at no place, and late each time */
	for (size_t i = 0; i < n; i++)
		t[i] = (struct chat_token){
			.logprob = -1, .text_at = (uint32_t)i, .text_n = 1};
	refused(&c, "misaligned");
	content[n / 2 - 1] = 'a';
	content[0] = 'b';
	refused(&c, "misaligned");
	spelled[0] = 'b'; /* at the very beginning only */
	counted(&c, 0, n / 2, -1);
	if (now_us() - start > 4000000)
		fail_msg("%lld us", (long long)(now_us() - start));
	free(spelled);
	free(content);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_fake),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_end_tokens),
		cmocka_unit_test(test_reasoning_before),
		cmocka_unit_test(test_white_space_around),
		cmocka_unit_test(test_tokens_across_the_border),
		cmocka_unit_test(test_split_characters),
		cmocka_unit_test(test_tool_calls),
		cmocka_unit_test(test_every_place),
		cmocka_unit_test(test_last_place),
		cmocka_unit_test(test_signals_by_hand),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_is_all),
		cmocka_unit_test(test_answer_in_every_place),
		cmocka_unit_test(test_one_token),
		cmocka_unit_test(test_floors),
		cmocka_unit_test(test_absurd_alternatives),
		cmocka_unit_test(test_many_alternatives),
		cmocka_unit_test(test_read_bodies),
		cmocka_unit_test(test_worst_texts_take_no_time),
	};

	return cmocka_run_group_tests_name("verify_logprob", tests, make_arena,
					   free_arena);
}
