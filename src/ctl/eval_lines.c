/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads questions: each line becomes a body for the cascade.
 */
#include "ctl/eval_lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/jscan.h"
#include "chat/chat.h"
#include "ctl/lines.h"

struct reading {
	const struct eval_lines_want *want;
	struct eval_lines *lines;
	struct arena *moment; /* of one line */
	struct jscan s;
	struct buf body;
	struct eval_line line;
	bool limited; /* it says how many tokens it wants */
	struct err *err;
};

static int wrong(struct reading *r, const char *member, const char *must)
{
	if (r->s.why)
		return -1;
	return err_set(r->err, ERR_PARSE, "%s must be %s", member, must);
}

/* ---- members for us ------------------------------------------------------ */

/* p NULL: null. */
static int read_text(struct reading *r, const char *member, struct span *text)
{
	enum jscan_type type = jscan_peek(&r->s);
	struct span raw;
	struct buf plain;

	*text = (struct span){NULL, 0};
	if (type == JSCAN_NULL)
		return jscan_value(&r->s, NULL);
	if (type != JSCAN_STRING || jscan_string(&r->s, &raw) < 0)
		return wrong(r, member, "text in quotes");
	buf_init(&plain, 0);
	jtext_unescape(raw, &plain);
	*text = (struct span){arena_dup(r->lines->arena, buf_span(&plain)),
			      plain.n};
	buf_release(&plain);
	return 0;
}

static int read_id(struct reading *r)
{
	return read_text(r, "id", &r->line.id);
}

static int read_reference(struct reading *r)
{
	return read_text(r, "reference", &r->line.reference);
}

/* A word for each but the judge, who would have to be asked. */
static int read_comparator(struct reading *r)
{
	static const char must[] = "one of auto, json, choice, number, "
				   "contains, text, exact, regex";
	struct span word;

	if (read_text(r, "comparator", &word) < 0)
		return -1;
	r->line.compare = word.p ? comparator_find(word.p) : r->want->compare;
	if (r->line.compare == COMPARATOR_N ||
	    (word.p && r->line.compare == COMPARATOR_JUDGE))
		return wrong(r, "comparator", must);
	return 0;
}

/* ---- the body ------------------------------------------------------------ */

static int pass_over(struct reading *r)
{
	return jscan_value(&r->s, NULL);
}

static const struct member {
	const char *name;
	int (*read)(struct reading *r);
} ours[] = {
	{"id", read_id},
	{"reference", read_reference},
	{"comparator", read_comparator},
	{"topic", pass_over},
	{"model", pass_over},
	{"stream", pass_over},
	{"stream_options", pass_over},
};

static const struct member *find(struct span key)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (jscan_key_is(key, ours[i].name))
			return &ours[i];
	return NULL;
}

static bool is_limit(struct span key)
{
	return jscan_key_is(key, "max_completion_tokens") ||
	       jscan_key_is(key, "max_tokens");
}

/* What is sent keeps its bytes. A limit of null gives way to ours. */
static int take_member(struct reading *r, struct span key)
{
	struct span value;

	if (jscan_value(&r->s, &value) < 0)
		return -1;
	if (r->want->max_tokens && is_limit(key)) {
		if (span_is(value, "null"))
			return 0;
		r->limited = true;
	}
	buf_adds(&r->body, ",\"");
	buf_add_span(&r->body, key);
	buf_adds(&r->body, "\":");
	return buf_add_span(&r->body, value);
}

static void begin_body(struct reading *r)
{
	buf_clear(&r->body);
	buf_adds(&r->body, "{\"model\":\"");
	jtext_escape(span_of(r->want->cascade), &r->body);
	buf_adds(&r->body, "\"");
}

static int scan(struct reading *r, struct span text)
{
	const struct member *m;
	struct span key;
	int rc;

	jscan_init(&r->s, text, r->want->max_depth);
	begin_body(r);
	if (jscan_enter(&r->s, '{') < 0)
		return -1;
	while ((rc = jscan_member(&r->s, &key)) > 0) {
		m = find(key);
		if ((m ? m->read(r) : take_member(r, key)) < 0)
			return -1;
	}
	if (r->want->max_tokens && !r->limited)
		buf_addf(&r->body, ",\"max_tokens\":%" PRId64,
			 r->want->max_tokens);
	buf_adds(&r->body, "}");
	return rc < 0 ? -1 : jscan_end(&r->s);
}

/* ---- lines --------------------------------------------------------------- */

/* Is the reference like itself? Then a reply can be. A pattern is held against
 * any text, to see whether it is one. */
static bool can_compare(const struct eval_line *l)
{
	if (l->compare == COMPARATOR_REGEX)
		return comparator_same(l->compare, span_of("any"),
				       l->reference) != SAMENESS_UNKNOWN;
	return comparator_same(l->compare, l->reference, l->reference) ==
	       SAMENESS_SAME;
}

static int check_reference(struct reading *r)
{
	const struct eval_line *l = &r->line;

	if (!l->reference.p || can_compare(l))
		return 0;
	return err_set(r->err, ERR_PARSE,
		       "reference is nothing that `%s` can compare with",
		       comparator_name(l->compare));
}

static int check_body(struct reading *r)
{
	struct chat_request rq;
	struct chat_fault why = {.text = ""};

	if (chat_request_read(&rq, buf_span(&r->body), r->want->max_depth,
			      r->moment, &why) < 0)
		return err_set(r->err, ERR_PARSE, "%s", why.text);
	if (rq.n > 1 || rq.beyond_cheap)
		return err_set(r->err, ERR_PARSE,
			       "only the last tier would be asked (n above 1, "
			       "modalities, audio, web_search_options, store, "
			       "moderation): that makes no pair");
	return 0;
}

static int read_line(struct reading *r, struct span text)
{
	if (text.n > EVAL_LINE_MOST)
		return err_set(r->err, ERR_PARSE,
			       "the line has more than %zu bytes",
			       EVAL_LINE_MOST);
	r->line = (struct eval_line){.compare = r->want->compare};
	r->limited = false;
	if (scan(r, text) < 0 && r->s.why)
		return err_set(r->err, ERR_PARSE,
			       "not a JSON object: at byte %zu, %s",
			       r->s.fault_at + 1, r->s.why);
	if (err_is_set(r->err) || check_body(r) < 0 || check_reference(r) < 0)
		return -1;
	r->line.body = (struct span){
		arena_dup(r->lines->arena, buf_span(&r->body)), r->body.n};
	return 0;
}

static void keep(struct eval_lines *l, const struct eval_line *line)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->v = mem_resize(l->v, l->room, sizeof(*l->v));
	}
	l->v[l->n++] = *line;
}

static int take_line(void *arg, struct span text, struct err *err)
{
	struct reading *r = arg;
	int rc;

	r->err = err;
	rc = read_line(r, text);
	arena_reset(r->moment);
	if (rc == 0)
		keep(r->lines, &r->line);
	return rc;
}

int eval_lines_read(struct eval_lines *l, const char *path,
		    const struct eval_lines_want *w, struct err *err)
{
	struct reading r = {.want = w, .lines = l};
	int rc;

	*l = (struct eval_lines){.arena = arena_new()};
	r.moment = arena_new();
	buf_init(&r.body, 0);
	rc = lines_read(path, NULL, take_line, &r, &l->torn, err);
	buf_release(&r.body);
	arena_free(r.moment);
	return rc;
}

void eval_lines_release(struct eval_lines *l)
{
	arena_free(l->arena);
	free(l->v);
	*l = (struct eval_lines){.arena = NULL};
}
