/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gates stop, and what they must let through.
 */
#include "verify/verify_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "verify/pattern.h"
#include "verify/signal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

/* Fills the row of that name; NULL: there is none. */
static void *field(void *opts, const char *name, enum conf_type type)
{
	const struct conf_key *k = verify_rules()->conf.keys;

	while (k->name && strcmp(k->name, name) != 0)
		k++;
	assert_non_null(k->name);
	assert_int_equal(k->type, type);
	return (char *)opts + k->offset;
}

/* The options as conf would fill them: gates named in `on` are true, and the
 * patterns are those given, one a list. */
static void *opts_of(const char *on, const char *must, const char *must_not)
{
	const struct conf_verifier *v = &verify_rules()->conf;
	void *opts = arena_get(arena, v->opts_size);
	static const char *texts[2];
	struct err err = {0};

	for (const struct conf_key *k = v->keys; k->name; k++) {
		if (k->type != CONF_BOOL)
			continue;
		assert_string_equal(k->fallback, "false");
		*(bool *)((char *)opts + k->offset) =
			strstr(on, k->name) != NULL;
	}
	texts[0] = must;
	texts[1] = must_not;
	*(struct conf_strings *)field(opts, "must", CONF_STRINGS) =
		(struct conf_strings){&texts[0], must != NULL};
	*(struct conf_strings *)field(opts, "must_not", CONF_STRINGS) =
		(struct conf_strings){&texts[1], must_not != NULL};
	if (v->prepare(opts, arena, &err) < 0)
		fail_msg("%s", err.text);
	return opts;
}

static const char all[] = "refusal truncated repetition";

static struct verdict judge(struct chat_choice *choices, size_t n,
			    const void *opts)
{
	struct chat_reply reply = {.choices = choices, .n_choices = n};
	struct chat_request rq = {
		.messages = span_of("[{\"role\":\"user\",\"content\":"
				    "\"What is it, please?\"}]"),
	};
	const struct verify_case c = {
		.arena = arena, .request = &rq, .reply = &reply};
	struct verdict v = {0};

	verify_rules_judge(&c, opts, &v);
	assert_string_equal(v.verifier, "rules");
	assert_int_equal(v.n_signals, 1);
	assert_ptr_equal(v.signals[0].name, signal_name(SIGNAL_RULES_HEDGE));
	return v;
}

/* The gate that stops a reply of these choices; NULL: none. */
static const char *gate_of(struct chat_choice *choices, size_t n,
			   const char *on)
{
	struct verdict v = judge(choices, n, opts_of(on, NULL, NULL));

	assert_int_equal(v.lack, LACK_NONE);
	assert_int_equal(v.kind, v.why ? VERDICT_REJECT : VERDICT_PASS);
	return v.why;
}

static const char *gate_of_span(struct span content, const char *on)
{
	struct chat_choice c = {.content = content, .finish = span_of("stop")};

	return gate_of(&c, 1, on);
}

static const char *gate_of_text(const char *content, const char *on)
{
	return gate_of_span(span_of(content), on);
}

static void stops(const char *content, const char *on, const char *gate)
{
	const char *got = gate_of_text(content, on);

	if (!got || strcmp(got, gate))
		fail_msg("%s, not %s: %s", got ? got : "passes", gate, content);
}

static void passes(const char *content)
{
	const char *got = gate_of_text(content, all);

	if (got)
		fail_msg("%s: %s", got, content);
}

/* ---- empty --------------------------------------------------------------- */

static void test_empty(void **state)
{
	static const char *const texts[] = {"", " ", "\n", " \t\r\n\v\f "};
	struct chat_choice c = {.finish = span_of("stop")};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		stops(texts[i], "", "empty"); /* always on */
		stops(texts[i], all, "empty");
	}
	assert_string_equal(gate_of(&c, 1, ""), "empty"); /* null */
	assert_null(gate_of_text("0", all));
	assert_null(gate_of_text(" .", all));
	/* Thinking alone is no answer. */
	c.reasoning_raw = span_of("\"let me see\"");
	assert_string_equal(gate_of(&c, 1, ""), "empty");
}

static void test_tool_calls_are_not_empty(void **state)
{
	struct chat_choice c = {.finish = span_of("tool_calls")};

	(void)state;
	c.tool_calls = span_of("[{}]");
	assert_null(gate_of(&c, 1, all));
	c.content = span_of("");
	assert_null(gate_of(&c, 1, all));
	c.tool_calls.n = 0;
	c.function_call = span_of("{}");
	assert_null(gate_of(&c, 1, all));
	/* But cut arguments are cut. */
	c.finish = span_of("length");
	assert_string_equal(gate_of(&c, 1, all), "truncated");
}

/* ---- refusal ------------------------------------------------------------- */

static const char *const refusals[] = {
	"I'm sorry, but I can't help with that.",
	"I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t help with that.",
	"I am sorry, but that is not possible.",
	"I'm sorry, I can't do that.",
	"I am sorry, I cannot answer.",
	"Sorry, but I can't.",
	"Sorry, I can't assist with that request.",
	"SORRY, I CANNOT DO THAT",
	"I apologize, but this is beyond me.",
	"I cannot provide medical advice.",
	"I can't determine that from the text.",
	"I can not say.",
	"I'm unable to browse the internet.",
	"I am unable to open files.",
	"I'm not able to see images.",
	"I am not able to do so.",
	"I won't write that.",
	"I don't know.",
	"I do not know the answer.",
	"I'm not sure what you mean.",
	"I am not sure.",
	"Unfortunately, I have no such data.",
	"As an AI, I have no opinions.",
	"As an AI language model, I cannot have feelings.",
	"As an AI assistant I can only guess.",
	"As a language model, I do not eat.",
	"\n\n  I'm sorry, but no.",
	"Thank you. As an AI language model, I have no opinion.",
	"That is a good question, but I cannot assist with it.",
	"Hello! I can't help with hacking.",
	"For today's weather: I don't have access to live data.",
	"The figures? I do not have access to them.",
	"Well, I don't have enough information to say.",
	"Hm. I do not have enough information.",
	"My apologies; i cannot help with that.",
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		stops(refusals[i], "refusal", "refusal");
		assert_null(gate_of_text(refusals[i], "truncated repetition"));
	}
}

static void test_refusal_member(void **state)
{
	struct chat_choice c = {.finish = span_of("stop")};

	(void)state;
	c.refusal = span_of("No.");
	assert_string_equal(gate_of(&c, 1, "refusal"), "refusal");
	assert_string_equal(gate_of(&c, 1, ""), "empty");
	c.content = span_of("Here you are.");
	assert_string_equal(gate_of(&c, 1, "refusal"), "refusal");
	assert_null(gate_of(&c, 1, ""));
}

/* Only the beginning counts: an answer may speak of refusing. */
static void test_refusal_far_inside(void **state)
{
	char text[600];

	(void)state;
	memset(text, 'x', 300);
	strcpy(text + 300, " As an AI language model, I cannot assist");
	passes(text);
	memset(text, 'x', 200);
	strcpy(text + 200, " as an AI language model");
	stops(text, all, "refusal");
}

/* ---- truncated ----------------------------------------------------------- */

static void test_finish_reasons(void **state)
{
	static const struct {
		const char *finish;
		bool cut;
	} rows[] = {
		{"length", true},
		{"content_filter", true},
		{"max_tokens", true},
		{"model_length", true},
		{"length_limit", true},
		{"safety", true},
		{"refusal", true},
		{"stop", false},
		{"tool_calls", false},
		{"function_call", false},
		{"eos_token", false},
		{"end_turn", false},
		{"", false},
		{NULL, false},
		{"length of days", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct chat_choice c = {.content = span_of("Paris"),
					.finish = span_of(rows[i].finish)};
		const char *gate = gate_of(&c, 1, "truncated");

		if ((gate != NULL) != rows[i].cut)
			fail_msg("%s", rows[i].finish ? rows[i].finish : "-");
		if (gate)
			assert_string_equal(gate, "truncated");
		assert_null(gate_of(&c, 1, "refusal repetition"));
	}
}

/* ---- repetition ---------------------------------------------------------- */

/* A piece in which nothing is repeated: numbers, digits swapped about. */
static size_t fill_piece(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('!' + random() % 94);
	return n;
}

/* A text that ends in `times` times one piece of n bytes. */
static const char *gate_of_loop(size_t n, size_t times)
{
	char text[4096];
	size_t at = fill_piece(text, 50);
	char piece[300];

	fill_piece(piece, n);
	for (size_t i = 0; i < times; i++, at += n)
		memcpy(text + at, piece, n);
	return gate_of_span((struct span){text, at}, "repetition");
}

static void test_loops_of_every_length(void **state)
{
	(void)state;
	srandom(11);
	for (size_t n = 1; n <= 256; n++) {
		size_t enough = n >= 15 ? 4 : (60 + n - 1) / n;

		if (!gate_of_loop(n, enough))
			fail_msg("%zu times %zu bytes pass", enough, n);
		assert_non_null(gate_of_loop(n, enough + 1));
		if (n >= 20) /* not so short that the 60 bytes decide */
			assert_null(gate_of_loop(n, 3));
	}
	assert_null(gate_of_loop(300, 4)); /* longer than is looked at */
}

/* White space at the end does not hide a loop. */
static void test_loop_before_white_space(void **state)
{
	char text[400] = "It is ";

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(text, "very ");
	stops(text, all, "repetition");
	strcat(text, "\n \n\t");
	stops(text, all, "repetition");
	strcat(text, "good, and that is all there is to say.");
	passes(text); /* it came out of it again */
}

static void test_repeated_lines(void **state)
{
	(void)state;
	stops("The answer is 4.\nThe answer is 4.\nHm.\nThe answer is 4.\n"
	      "The answer is 4.\nSo it is.",
	      all, "repetition");
	stops("  - Check the cable\n\n- Check the cable\n\n\t- Check the cable"
	      "\r\n\n- Check the cable\n\nDone and done.",
	      all, "repetition");
	passes("The answer is 4.\nThe answer is 4.\nHm.\nThe answer is 4.\n"
	       "So it is.");
}

/* Many lines, none alike, and a loop that begins after the first 128. */
static void test_many_lines(void **state)
{
	char *text = malloc(65536);
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		n += (size_t)sprintf(text + n, "line number %d of many\n", i);
	passes(text);
	for (int i = 0; i < 60; i++)
		n += (size_t)sprintf(text + n, "and so on and on\n");
	stops(text, all, "repetition");
	free(text);
}

/* ---- what must pass ------------------------------------------------------ */

static const char *const ordinary[] = {
	"4",
	"B",
	"Yes.",
	"no",
	"Paris",
	"{}",
	"[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
	"\xe4\xb8\x9c\xe4\xba\xac\xe6\x98\xaf\xe6\x97\xa5\xe6\x9c\xac",
	"\xf0\x9f\x98\x80",
	"The capital of France is Paris.",
	"Sorry to hear that! Try to turn it off and on again.",
	"Sorry for the wait. The total is 12.50.",
	"As an aircraft climbs, the air around it gets thinner.",
	"As an aid to memory, think of a rhyme.",
	"As an aim in itself it is worth little.",
	"Cannot is written as one word in most cases.",
	"Unfortunately, it rained all day, so the match was called off.",
	"I canoe on weekends.",
	"I know this one: it is 1969.",
	"The error \"permission denied\" means the user may not write there.",
	"Ha ha ha ha ha ha!",
	"Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
	"3.14159265358979323846264338327950288419716939937510582097494459230781"
	"64062862089986280348253421170679",
	"1. Mix flour and water.\n2. Let it rest for an hour.\n3. Knead it.\n"
	"4. Bake at 220 degrees.\n5. Let it cool.",
	"- yes\n- yes\n- yes\n- no\n- yes\n- yes\n- yes\n- yes",
	"- [ ] milk\n- [ ] bread\n- [ ] eggs\n- [ ] butter\n- [ ] tea",
	"| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n| 4 | 5 | 6 |\n"
	"| 7 | 8 | 9 |\n| 1 | 2 | 4 |\n| 1 | 2 | 5 |",
	"name,age,city\nann,31,Rome\nbob,32,Rome\ncid,33,Rome\ndan,34,Rome\n"
	"eve,35,Rome\nfay,36,Rome",
	"```c\nint f(struct x *x)\n{\n\tif (!x)\n\t\treturn NULL;\n"
	"\tif (!x->a)\n\t\treturn NULL;\n\tif (!x->b)\n\t\treturn NULL;\n"
	"\tif (!x->c)\n\t\treturn NULL;\n\treturn x->d;\n}\n```",
	"try:\n    a()\nexcept ValueError as error:\n    log(error)\n"
	"try:\n    b_is_called(with_arguments)\nexcept ValueError as error:\n"
	"    log(error)\ntry:\n    c_is_called(with_other_arguments)\n"
	"except ValueError as error:\n    log(error)\ntry:\n"
	"    d_is_called(and_more_of_them, and_more)\n"
	"except ValueError as error:\n    log(error)\nelse:\n"
	"    print('none of the above went wrong, and so we are done')\n"
	"    return the_result_of_it_all(a, b, c, d)\n",
	"<ul>\n  <li>one</li>\n  <li>two</li>\n  <li>three</li>\n</ul>",
	"}\n}\n}\n}\n}\n}\n}\n}\n}\n}",
	"Row, row, row your boat,\nGently down the stream.\n"
	"Merrily, merrily, merrily, merrily,\nLife is but a dream.",
	/* A refrain, three times. */
	"The wind blew over the hill,\nand the night was long.\n"
	"Sing, my heart, sing on.\n\n"
	"The rain came down on the mill,\nand the stream was strong.\n"
	"Sing, my heart, sing on.\n\n"
	"The sun rose over it still,\nand the road was gone.\n"
	"Sing, my heart, sing on.",
	/* Five times, but it is a song: most lines are others. */
	"Alas, my love, you do me wrong\nto cast me off discourteously,\n"
	"and I have loved you oh so long,\ndelighting in your company.\n"
	"Refrain of the song\n"
	"Your vows you've broken, like my heart,\noh, why did you so enrapture"
	" me?\nNow I remain in a world apart,\nbut my heart remains in"
	" captivity.\nRefrain of the song\n"
	"I have been ready at your hand,\nto grant whatever you would crave,\n"
	"I have both wagered life and land,\nyour love and good-will for to"
	" have.\nRefrain of the song\n"
	"My men were clothed all in green,\nand they did ever wait on thee;\n"
	"all this was gallant to be seen,\nand yet thou wouldst not love me.\n"
	"Refrain of the song",
	"Q: What is 2+2?\nA: 4\nQ: What is 3+3?\nA: 6\nQ: What is 4+4?\nA: 8",
	"x = 1\nx = 2\nx = 3\nx = 4\n------------------------------\nx = 10",
};

static void test_ordinary_texts_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ordinary); i++)
		passes(ordinary[i]);
}

/* ---- replies ------------------------------------------------------------- */

static void test_every_choice_is_judged(void **state)
{
	struct chat_choice c[3];

	(void)state;
	for (size_t bad = 0; bad < 3; bad++) {
		for (size_t i = 0; i < 3; i++)
			c[i] = (struct chat_choice){
				.content = span_of(i == bad ? "" : "Paris"),
				.finish = span_of("stop"),
			};
		assert_string_equal(gate_of(c, 3, all), "empty");
		c[bad].content = span_of("Rome");
		assert_null(gate_of(c, 3, all));
	}
}

/* No gate that is off is ever heard of. */
static void test_off_is_off(void **state)
{
	struct chat_choice c = {.content = span_of(refusals[0]),
				.finish = span_of("length")};

	(void)state;
	assert_null(gate_of(&c, 1, ""));
	assert_string_equal(gate_of(&c, 1, "truncated"), "truncated");
	assert_string_equal(gate_of(&c, 1, "refusal"), "refusal");
	assert_string_equal(gate_of(&c, 1, all), "truncated");
}

static void test_large_reply(void **state)
{
	const size_t n = 8u << 20;
	char *text = malloc(n + 1);

	(void)state;
	memset(text, 'a', n);
	text[n] = '\0';
	assert_string_equal(gate_of_text(text, all), "repetition");
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(i % 61 ? 'a' + random() % 26 : '\n');
	assert_null(gate_of_text(text, all));
	free(text);
}

/* ---- script, patterns, hedges -------------------------------------------- */

#define RUSSIAN                                                                \
	"\xd0\xa1\xd1\x82\xd0\xbe\xd0\xbb\xd0\xb8\xd1\x86\xd0\xb0 "            \
	"\xd0\xa1\xd1\x82\xd0\xbe\xd0\xbb\xd0\xb8\xd1\x86\xd0\xb0 "            \
	"\xd0\xa1\xd1\x82\xd0\xbe\xd0\xbb\xd0\xb8\xd1\x86\xd0\xb0"

static void test_script(void **state)
{
	(void)state;
	stops(RUSSIAN, "script", "script");
	assert_null(gate_of_text(RUSSIAN, all));
	assert_null(
		gate_of_text("It is here, as it has been for long.", "script"));
}

/* The verdict on one text by a pattern of each list. */
static struct verdict by_patterns(const char *content, const char *must,
				  const char *must_not)
{
	struct chat_choice c = {.content = span_of(content),
				.finish = span_of("stop")};

	return judge(&c, 1, opts_of(all, must, must_not));
}

static void test_patterns(void **state)
{
	static const struct {
		const char *content, *must, *must_not, *gate;
	} rows[] = {
		{"It costs 12 EUR.", "\\d+ eur", NULL, NULL},
		{"It costs 12 USD.", "\\d+ eur", NULL, "must"},
		{"It costs 12 EUR.", NULL, "costs", "must_not"},
		{"It costs 12 EUR.", NULL, "price", NULL},
		{"It costs 12 EUR.", "eur", "costs", "must_not"},
		{"It costs 12 USD.", "eur", "costs", "must"},
		{"It costs 12 USD.", "eur", "price", "must"},
		{"I cannot say.", "say", NULL, "refusal"},
		{"", "x*", NULL, "empty"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict v = by_patterns(rows[i].content, rows[i].must,
					       rows[i].must_not);

		assert_int_equal(v.kind,
				 rows[i].gate ? VERDICT_REJECT : VERDICT_PASS);
		if (rows[i].gate)
			assert_string_equal(v.why, rows[i].gate);
	}
}

/* A pattern that cannot be searched for is no pass and no rejection. */
static void test_pattern_fault(void **state)
{
	static const char endless[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	static const char *const lists[][2] = {
		{"(a|a)*[bc]", NULL},
		{NULL, "(a|a)*[bc]"},
		{"(a|a)*[bc]", "!"},
		{"x", "(a|a)*[bc]"},
	};
	char *large = malloc(PATTERN_TEXT_MOST + 2);
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		v = by_patterns(endless, lists[i][0], lists[i][1]);
		assert_int_equal(v.kind, VERDICT_NONE);
		assert_int_equal(v.lack, LACK_FAULT);
		assert_string_equal(v.why, "pattern");
	}
	for (size_t i = 0; i <= PATTERN_TEXT_MOST; i++)
		large[i] = (char)('a' + i % 23 + i / 7 % 3);
	large[PATTERN_TEXT_MOST + 1] = '\0';
	v = by_patterns(large, NULL, "never there");
	assert_int_equal(v.kind, VERDICT_NONE);
	assert_int_equal(v.lack, LACK_FAULT);
	free(large);
}

static void test_patterns_and_calls(void **state)
{
	struct chat_choice c = {.finish = span_of("tool_calls"),
				.tool_calls = span_of("[{}]")};
	const void *opts = opts_of("", "source", NULL);

	(void)state;
	assert_int_equal(judge(&c, 1, opts).kind, VERDICT_PASS);
	c.content = span_of("Let me see.");
	assert_string_equal(judge(&c, 1, opts).why, "must");
	c.content = span_of("By that source.");
	assert_int_equal(judge(&c, 1, opts).kind, VERDICT_PASS);
}

static void test_bad_pattern(void **state)
{
	const struct conf_verifier *v = &verify_rules()->conf;
	const char *bad = "total (\\d+", *good = "x";
	struct conf_strings one = {&bad, 1}, other = {&good, 1};

	(void)state;
	for (int which = 0; which < 2; which++) {
		void *opts = arena_get(arena, v->opts_size);
		struct err err = {0};

		*(struct conf_strings *)field(opts, "must", CONF_STRINGS) =
			which ? other : one;
		*(struct conf_strings *)field(opts, "must_not", CONF_STRINGS) =
			which ? one : other;
		assert_int_equal(v->prepare(opts, arena, &err), -1);
		assert_int_equal(err.kind, ERR_CONF);
		assert_non_null(strstr(err.text, bad));
	}
}

/* Of the first choice, whatever the verdict. */
static void test_hedge(void **state)
{
	struct chat_choice c[] = {
		{.content = span_of("I think it is, perhaps, Paris."),
		 .finish = span_of("stop")},
		{.content = span_of("maybe"), .finish = span_of("length")},
	};

	(void)state;
	assert_true(judge(c, 1, opts_of("", NULL, NULL)).signals[0].value == 2);
	assert_true(judge(c, 2, opts_of(all, NULL, NULL)).signals[0].value ==
		    2);
	c[0].content = (struct span){NULL, 0};
	assert_true(judge(c, 1, opts_of("", NULL, NULL)).signals[0].value == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_tool_calls_are_not_empty),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refusal_member),
		cmocka_unit_test(test_refusal_far_inside),
		cmocka_unit_test(test_finish_reasons),
		cmocka_unit_test(test_loops_of_every_length),
		cmocka_unit_test(test_loop_before_white_space),
		cmocka_unit_test(test_repeated_lines),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_ordinary_texts_pass),
		cmocka_unit_test(test_every_choice_is_judged),
		cmocka_unit_test(test_off_is_off),
		cmocka_unit_test(test_large_reply),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_pattern_fault),
		cmocka_unit_test(test_patterns_and_calls),
		cmocka_unit_test(test_bad_pattern),
		cmocka_unit_test(test_hedge),
	};

	return cmocka_run_group_tests_name("verify_rules", tests, make_arena,
					   free_arena);
}
