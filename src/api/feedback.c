/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a label, member by member.
 */
#include "api/feedback.h"

#include <stdarg.h>
#include <stdio.h>

#include "api/request_id.h"
#include "base/jscan.h"

#define BODY_MOST   ((size_t)1 << 20)
#define DEPTH_MOST  32
#define SOURCE_MOST 64

enum member { REQUEST_ID, LABEL, BACKEND, SOURCE, N_MEMBERS };

static const char *const names[N_MEMBERS] = {
	[REQUEST_ID] = "request_id",
	[LABEL] = "label",
	[BACKEND] = "backend",
	[SOURCE] = "source",
};

struct reader {
	const struct conf *conf;
	struct ledger_label *label;
	struct fault *why;
	bool seen[N_MEMBERS];
};

/* ---- what values must be ------------------------------------------------- */

bool feedback_is_backend(const struct conf *conf, struct span name)
{
	for (size_t i = 0; i < conf->n_backends; i++) {
		if (span_is(name, conf->backends[i].name))
			return true;
	}
	return false;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	       c == 0x2029;
}

bool feedback_is_source(struct span text)
{
	const char *p = text.p, *end = p + text.n;
	size_t length, n = 0;

	for (; p < end; p += length, n++) {
		length = jtext_utf8_length(p, end);
		if (length == 0 || is_control(jtext_code_point(p, length)))
			return false;
	}
	return n >= 1 && n <= SOURCE_MOST;
}

static int wrong(struct reader *r, const char *member, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(struct reader *r, const char *member, const char *fmt, ...)
{
	char text[sizeof(r->why->message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fault_set(r->why, FAULT_BAD_REQUEST, "%s", text);
	snprintf(r->why->param, sizeof(r->why->param), "%s", member);
	return -1;
}

static int lacks(struct reader *r, enum member m, const char *what)
{
	wrong(r, names[m], "you must provide %s: %s", names[m], what);
	snprintf(r->why->code, sizeof(r->why->code),
		 "missing_required_parameter");
	return -1;
}

/* ---- members ------------------------------------------------------------- */

typedef bool is_fine_fn(const struct reader *r, struct span text);

static bool is_id(const struct reader *r, struct span text)
{
	(void)r;
	return request_id_is_valid(text);
}

static bool is_backend(const struct reader *r, struct span text)
{
	return feedback_is_backend(r->conf, text);
}

static bool is_source(const struct reader *r, struct span text)
{
	(void)r;
	return feedback_is_source(text);
}

/* NULL when the value is no string or not fine. */
static const char *text_of(struct reader *r, struct span value,
			   is_fine_fn *is_fine)
{
	const char *text = NULL;
	struct buf plain;

	if (value.p[0] != '"')
		return NULL;
	buf_init(&plain, 0);
	jtext_unescape((struct span){value.p + 1, value.n - 2}, &plain);
	if (is_fine(r, buf_span(&plain)))
		text = arena_dup(r->label->arena, buf_span(&plain));
	buf_release(&plain);
	return text;
}

static int take_request_id(struct reader *r, struct span value)
{
	r->label->request_id = text_of(r, value, is_id);
	if (r->label->request_id)
		return 0;
	return wrong(r, names[REQUEST_ID],
		     "request_id must be text of 1 to %d letters, digits, `.`, "
		     "`_` and `-`: the x-request-id of the answer",
		     REQUEST_ID_MOST);
}

static int take_label(struct reader *r, struct span value)
{
	r->label->right = span_is(value, "true");
	if (r->label->right || span_is(value, "false"))
		return 0;
	return wrong(r, names[LABEL],
		     "label must be true (the answer is right) or false");
}

static int take_backend(struct reader *r, struct span value)
{
	if (value.p[0] == 'n')
		return 0;
	r->label->backend = text_of(r, value, is_backend);
	if (r->label->backend)
		return 0;
	return wrong(r, names[BACKEND],
		     "backend must be the name of a backend of this server, as "
		     "in x-frugald-backend; left out it is the one that "
		     "answered");
}

static int take_source(struct reader *r, struct span value)
{
	if (value.p[0] == 'n')
		return 0;
	r->label->source = text_of(r, value, is_source);
	if (r->label->source)
		return 0;
	return wrong(r, names[SOURCE],
		     "source must be text of 1 to %d printable characters",
		     SOURCE_MOST);
}

static int take(struct reader *r, enum member m, struct span value)
{
	static int (*const takes[N_MEMBERS])(struct reader *, struct span) = {
		[REQUEST_ID] = take_request_id,
		[LABEL] = take_label,
		[BACKEND] = take_backend,
		[SOURCE] = take_source,
	};

	if (r->seen[m])
		return wrong(r, names[m], "%s is there twice; say it once",
			     names[m]);
	r->seen[m] = true;
	return takes[m](r, value);
}

/* ---- the object ---------------------------------------------------------- */

static int refuse_name(struct reader *r, struct span key)
{
	char name[sizeof(r->why->param)];

	snprintf(name, sizeof(name), "%.*s", (int)key.n, key.p);
	return wrong(r, name,
		     "there is no member %s in a label; there are request_id, "
		     "label, backend and source",
		     name);
}

static int take_member(struct reader *r, struct span key, struct span value)
{
	for (enum member m = 0; m < N_MEMBERS; m++) {
		if (jscan_key_is(key, names[m]))
			return take(r, m, value);
	}
	return refuse_name(r, key);
}

static int read_members(struct reader *r, struct span body)
{
	struct span key, value;
	struct jscan s;

	jscan_init(&s, body, DEPTH_MOST);
	jscan_enter(&s, '{');
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (take_member(r, key, value) < 0)
			return -1;
	}
	if (jscan_end(&s) == 0)
		return 0;
	fault_set(r->why, FAULT_BAD_REQUEST,
		  "not a valid JSON object: at byte %zu, %s", s.fault_at,
		  s.why);
	return -1;
}

static int read_body(struct reader *r, struct span body)
{
	if (body.n > BODY_MOST) {
		fault_set(r->why, FAULT_TOO_LARGE,
			  "a label is an object of at most 1 MiB");
		return -1;
	}
	if (read_members(r, body) < 0)
		return -1;
	if (!r->seen[REQUEST_ID])
		return lacks(r, REQUEST_ID, "the x-request-id of the answer");
	if (!r->seen[LABEL])
		return lacks(r, LABEL, "true (the answer is right) or false");
	return 0;
}

struct ledger_label *feedback_read(struct span body, const struct conf *conf,
				   struct fault *why)
{
	struct reader r = {
		.conf = conf, .label = ledger_label_new(), .why = why};

	if (read_body(&r, body) == 0)
		return r.label;
	ledger_label_free(r.label);
	return NULL;
}
