/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard gates on the text of a reply.
 */
#include "verify/verify_rules.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "chat/chat_edit.h"

struct rules_opts {
	bool refusal;
	bool truncated;
	bool repetition;
};

static const struct conf_key keys[] = {
	{ .name = "refusal",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, refusal),
	  .fallback = "false",
	  .help = "reject a reply that refuses or says it does not know" },
	{ .name = "truncated",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, truncated),
	  .fallback = "false",
	  .help = "reject a reply cut by its length or by a content filter" },
	{ .name = "repetition",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, repetition),
	  .fallback = "false",
	  .help = "reject a reply that ends in a loop or repeats a line" },
	{ .name = NULL },
};

/* ---- refusal ------------------------------------------------------------- */

/* How refusals begin, and what gives them away near the beginning. Lower case,
 * straight apostrophes. */
static const char *const refusal_starts[] = {
	"i'm sorry, but",    "i am sorry, but",	  "i'm sorry, i can",
	"i am sorry, i can", "sorry, but i",	  "sorry, i can",
	"i apologize, but",  "i cannot ",	  "i can't ",
	"i can not ",	     "i'm unable to",	  "i am unable to",
	"i'm not able to",   "i am not able to",  "i won't ",
	"i don't know",	     "i do not know",	  "i'm not sure",
	"i am not sure",     "unfortunately, i ", "as an ai ",
	"as an ai,",	     "as a language model",
};

static const char *const refusal_marks[] = {
	"as an ai language model",
	"as an ai assistant, i",
	"i cannot assist",
	"i can't assist",
	"i cannot help with",
	"i can't help with",
	"i don't have access to",
	"i do not have access to",
	"i don't have enough information",
	"i do not have enough information",
};

#define REFUSAL_LOOK 240 /* bytes from the beginning */

/* Lower case, U+2019 as an apostrophe, leading white space dropped. */
static size_t plain_text(struct span s, char *out, size_t room)
{
	size_t n = 0;

	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){ s.p + 1, s.n - 1 };
	for (size_t i = 0; i < s.n && n + 1 < room; i++) {
		if (i + 2 < s.n && !memcmp(s.p + i, "\xe2\x80\x99", 3)) {
			out[n++] = '\'';
			i += 2;
		} else {
			out[n++] = (char)tolower((unsigned char)s.p[i]);
		}
	}
	out[n] = '\0';
	return n;
}

static bool is_refusal(struct span content)
{
	char text[REFUSAL_LOOK + 1];

	plain_text(content, text, sizeof(text));
	for (size_t i = 0; i < sizeof(refusal_starts) / sizeof(char *); i++)
		if (!strncmp(text, refusal_starts[i],
			     strlen(refusal_starts[i])))
			return true;
	for (size_t i = 0; i < sizeof(refusal_marks) / sizeof(char *); i++)
		if (strstr(text, refusal_marks[i]))
			return true;
	return false;
}

/* ---- repetition ---------------------------------------------------------- */

static struct span trimmed(struct span s)
{
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	while (s.n && isspace((unsigned char)*s.p))
		s = (struct span){ s.p + 1, s.n - 1 };
	return s;
}

#define LOOP_LOOK  1024 /* bytes at the end */
#define LOOP_TIMES 4	/* so many times the same ... */
#define LOOP_BYTES 60	/* ... over so many bytes */

/* Does the text end in a piece that is repeated? The prefix function (Knuth,
 * Morris, Pratt) of the reversed tail gives the smallest period of each of its
 * prefixes. */
static bool ends_in_loop(struct span s)
{
	uint16_t fail[LOOP_LOOK];
	size_t n = s.n < LOOP_LOOK ? s.n : LOOP_LOOK;
	const char *last;
	size_t k = 0;

	if (n < LOOP_BYTES)
		return false;
	last = s.p + s.n - 1;
	fail[0] = 0;
	for (size_t i = 1; i < n; i++) {
		size_t len = i + 1;

		while (k > 0 && last[-(ptrdiff_t)i] != last[-(ptrdiff_t)k])
			k = fail[k - 1];
		if (last[-(ptrdiff_t)i] == last[-(ptrdiff_t)k])
			k++;
		fail[i] = (uint16_t)k;
		if (len >= LOOP_BYTES && len >= LOOP_TIMES * (len - k))
			return true;
	}
	return false;
}

#define LINES_LOOK 128
#define LINE_BYTES 16
#define LINE_SHARE 3 /* the repeated line is a third of the text or more */

/* The same line LOOP_TIMES times, wherever. Short lines ("- yes", braces) do
 * not count, nor lines that much else stands between: code has those, and
 * songs. */
static bool repeats_line(struct span text)
{
	struct span line[LINES_LOOK], rest = text;
	size_t n = 0;

	while (rest.n) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t step = nl ? (size_t)(nl - rest.p) + 1 : rest.n;
		struct span l = trimmed((struct span){ rest.p, step });
		size_t same = 1;

		rest = (struct span){ rest.p + step, rest.n - step };
		if (l.n < LINE_BYTES)
			continue;
		for (size_t i = 0; i < n; i++)
			same += span_eq(line[i], l);
		if (same >= LOOP_TIMES && LINE_SHARE * same * l.n >= text.n)
			return true;
		if (n < LINES_LOOK)
			line[n++] = l;
	}
	return false;
}

static bool is_repetition(struct span content)
{
	struct span s = trimmed(content);

	return ends_in_loop(s) || repeats_line(s);
}

/* ---- all gates ----------------------------------------------------------- */

static bool is_empty(const struct chat_choice *c)
{
	if (c->tool_calls.n || c->function_call.n)
		return false;
	for (size_t i = 0; i < c->content.n; i++)
		if (!isspace((unsigned char)c->content.p[i]))
			return false;
	return true;
}

/* By the word that the client would read: backends have others for it. */
static bool is_truncated(const struct chat_choice *c)
{
	const char *finish = chat_finish_name(c->finish, c->tool_calls.n > 0);

	return !strcmp(finish, "length") || !strcmp(finish, "content_filter");
}

static const char *gate_of(const struct chat_choice *c,
			   const struct rules_opts *o)
{
	if (o->refusal && c->refusal.n)
		return "refusal";
	if (o->truncated && is_truncated(c))
		return "truncated";
	if (is_empty(c))
		return "empty";
	if (o->refusal && is_refusal(c->content))
		return "refusal";
	if (o->repetition && is_repetition(c->content))
		return "repetition";
	return NULL;
}

void verify_rules_judge(const struct verify_case *c, const void *opts,
			struct verdict *v)
{
	v->verifier = "rules";
	v->kind = VERDICT_PASS;
	assert(c->reply->n_choices > 0);
	for (size_t i = 0; i < c->reply->n_choices; i++) {
		v->why = gate_of(&c->reply->choices[i], opts);
		if (v->why) {
			v->kind = VERDICT_REJECT;
			return;
		}
	}
}

static struct verification *rules_start(const struct verify_case *c,
					const void *opts, verify_done_fn *done,
					void *arg)
{
	return verification_at_once(c, opts, "rules", verify_rules_judge, done,
				    arg);
}

const struct verifier *verify_rules(void)
{
	static const struct verifier v = {
		.conf = { .name = "rules",
			  .keys = keys,
			  .opts_size = sizeof(struct rules_opts) },
		.start = rules_start,
		.free = verification_at_once_free,
	};

	return &v;
}
