/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a line of records by tables of members.
 */
#include "ctl/record.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/jscan.h"

#define DEPTH JSCAN_DEPTH

struct reader {
	struct jscan s;
	struct arena *arena;
	struct err *err;
	char at[40];	/* "attempts[1].", before a name */
	char near[120]; /* the member that was begun last */
};

struct member {
	const char *name;
	int (*read)(struct reader *r, const struct member *m, void *field);
	size_t offset;
};

static void note(struct reader *r, const char *in, const char *name)
{
	snprintf(r->near, sizeof(r->near), "%s%s%s%.60s", r->at, in,
		 *in ? "." : "", name);
}

/* Names the member; the scanner's own fault is told by record_read(). */
static int wrong(struct reader *r, const char *member, const char *must)
{
	if (r->s.why)
		return -1;
	return err_set(r->err, ERR_PARSE, "%s%.60s must be %s", r->at, member,
		       must);
}

static int wrong_in(struct reader *r, const char *in, const char *member,
		    const char *must)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.%s", in, member);
	return wrong(r, name, must);
}

/* ---- values -------------------------------------------------------------- */

static const char *unescaped(struct reader *r, struct span raw)
{
	struct buf plain;
	const char *text;

	buf_init(&plain, 0);
	jtext_unescape(raw, &plain);
	text = arena_dup(r->arena, buf_span(&plain));
	buf_release(&plain);
	return text;
}

static int read_text(struct reader *r, const struct member *m, void *field)
{
	struct span raw;

	if (jscan_peek(&r->s) != JSCAN_STRING || jscan_string(&r->s, &raw) < 0)
		return wrong(r, m->name, "text in quotes");
	*(const char **)field = unescaped(r, raw);
	return 0;
}

static int read_object(struct reader *r, const struct member *m, void *field)
{
	if (jscan_peek(&r->s) != JSCAN_OBJECT || jscan_value(&r->s, field) < 0)
		return wrong(r, m->name, "an object");
	return 0;
}

static int read_amount(struct reader *r, const struct member *m, double *field,
		       const char *must)
{
	if (jscan_peek(&r->s) != JSCAN_NUMBER ||
	    jscan_number(&r->s, field) < 0 || !isfinite(*field) || *field < 0)
		return wrong(r, m->name, must);
	return 0;
}

static int read_usd(struct reader *r, const struct member *m, void *field)
{
	return read_amount(r, m, field, "a number of dollars from 0");
}

static int read_seconds(struct reader *r, const struct member *m, void *field)
{
	return read_amount(r, m, field, "a number of seconds from 0");
}

static int read_status(struct reader *r, const struct member *m, void *field)
{
	struct span value;

	if (jscan_value(&r->s, &value) < 0 || !jscan_int64(value, field))
		return wrong(r, m->name, "an HTTP status, like 200");
	return 0;
}

static int read_bool(struct reader *r, bool *out)
{
	enum jscan_type type = jscan_peek(&r->s);

	*out = type == JSCAN_TRUE;
	if (type != JSCAN_TRUE && type != JSCAN_FALSE)
		return -1;
	return jscan_value(&r->s, NULL);
}

static int read_claim(struct reader *r, const struct member *m, void *field)
{
	bool is_so;

	if (read_bool(r, &is_so) < 0)
		return wrong(r, m->name, "true or false");
	*(enum known *)field = is_so ? KNOWN_TRUE : KNOWN_FALSE;
	return 0;
}

static const char *const mode_names[] = {
	[SAMPLE_EVAL] = "eval",
	[SAMPLE_SHADOW] = "shadow",
	[SAMPLE_ENFORCE] = "enforce",
};

const char *record_mode_name(enum sample_mode m)
{
	return mode_names[m];
}

static int read_mode(struct reader *r, const struct member *m, void *field)
{
	const char *word;

	if (read_text(r, m, &word) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++)
		if (strcmp(word, mode_names[i]) == 0) {
			*(enum sample_mode *)field = (enum sample_mode)i;
			return 0;
		}
	return wrong(r, m->name, "\"eval\", \"shadow\" or \"enforce\"");
}

/* ---- objects of names ---------------------------------------------------- */

/* Steps over a null: 1; else 0, or -1 on what is no JSON. */
static int pass_null(struct reader *r)
{
	enum jscan_type type = jscan_peek(&r->s);

	if (type != JSCAN_NULL && type != JSCAN_FAULT)
		return 0;
	return jscan_value(&r->s, NULL) < 0 ? -1 : 1;
}

/* Reads the value of one name of an object, and keeps it. */
typedef int named_fn(struct reader *r, const char *in, const char *name,
		     void *arg);

static int read_named(struct reader *r, const struct member *m,
		      const char *must, named_fn *one, void *arg)
{
	struct span key;
	int rc;

	if (jscan_peek(&r->s) != JSCAN_OBJECT || jscan_enter(&r->s, '{') < 0)
		return wrong(r, m->name, must);
	while ((rc = jscan_member(&r->s, &key)) > 0) {
		const char *name = unescaped(r, key);

		note(r, m->name, name);
		if (one(r, m->name, name, arg) < 0)
			return -1;
	}
	return rc;
}

/* tail: where the next one goes. */
static int read_signal(struct reader *r, const char *in, const char *name,
		       void *tail)
{
	struct record_signal *s = arena_get(r->arena, sizeof(*s));
	int null = pass_null(r);

	*s = (struct record_signal){.name = name, .value = NAN};
	**(struct record_signal ***)tail = s;
	*(struct record_signal ***)tail = &s->next;
	if (null)
		return null < 0 ? -1 : 0;
	if (jscan_peek(&r->s) != JSCAN_NUMBER ||
	    jscan_number(&r->s, &s->value) < 0 || !isfinite(s->value))
		return wrong_in(r, in, name, "a finite number, or null");
	return 0;
}

static int read_signals(struct reader *r, const struct member *m, void *field)
{
	struct record_signal **tail = field;

	*tail = NULL;
	return read_named(r, m, "an object of numbers", read_signal, &tail);
}

static int read_label(struct reader *r, const char *in, const char *name,
		      void *tail)
{
	struct record_label *l = arena_get(r->arena, sizeof(*l));
	int null = pass_null(r);
	bool right;

	*l = (struct record_label){.backend = name, .right = KNOWN_NOT};
	**(struct record_label ***)tail = l;
	*(struct record_label ***)tail = &l->next;
	if (null)
		return null < 0 ? -1 : 0;
	if (read_bool(r, &right) < 0)
		return wrong_in(r, in, name, "true or false");
	l->right = right ? KNOWN_TRUE : KNOWN_FALSE;
	return 0;
}

static int read_labels(struct reader *r, const struct member *m, void *field)
{
	struct record_label **tail = field;

	*tail = NULL;
	return read_named(r, m, "an object of true and false", read_label,
			  &tail);
}

/* ---- members ------------------------------------------------------------- */

static const struct member *find(const struct member *table, struct span key)
{
	for (; table->name; table++)
		if (jscan_key_is(key, table->name))
			return table;
	return NULL;
}

static int read_members(struct reader *r, const struct member *table, void *out)
{
	const struct member *m;
	struct span key;
	int rc, null;

	if (jscan_enter(&r->s, '{') < 0)
		return -1;
	while ((rc = jscan_member(&r->s, &key)) > 0) {
		m = find(table, key);
		note(r, "", m ? m->name : unescaped(r, key));
		null = pass_null(r);
		if (null == 0)
			null = m ? m->read(r, m, (char *)out + m->offset)
				 : jscan_value(&r->s, NULL);
		if (null < 0)
			return -1;
	}
	return rc;
}

#define OF(type, member, reader)                                               \
	{                                                                      \
#member, reader, offsetof(struct type, member)                 \
	}

static const struct member of_attempt[] = {
	OF(record_attempt, backend, read_text),
	OF(record_attempt, model, read_text),
	OF(record_attempt, purpose, read_text),
	OF(record_attempt, verifier, read_text),
	OF(record_attempt, mode, read_text),
	OF(record_attempt, about, read_text),
	OF(record_attempt, status, read_status),
	OF(record_attempt, seconds, read_seconds),
	OF(record_attempt, cost_usd, read_usd),
	OF(record_attempt, response, read_object),
	OF(record_attempt, answer, read_text),
	OF(record_attempt, barred, read_text),
	OF(record_attempt, signals, read_signals),
	{NULL, NULL, 0},
};

static int read_attempts(struct reader *r, const struct member *m, void *field)
{
	struct record_attempt **tail = field, *t;
	size_t i = 0;
	int rc;

	*tail = NULL;
	if (jscan_peek(&r->s) != JSCAN_ARRAY || jscan_enter(&r->s, '[') < 0)
		return wrong(r, m->name, "a list of attempts");
	while ((rc = jscan_element(&r->s)) > 0) {
		snprintf(r->at, sizeof(r->at), "%s[%zu].", m->name, i++);
		if (jscan_peek(&r->s) != JSCAN_OBJECT)
			return wrong(r, "*", "in an object");
		t = arena_get(r->arena, sizeof(*t));
		*t = (struct record_attempt){.status = 200, .cost_usd = NAN};
		if (read_members(r, of_attempt, t) < 0)
			return -1;
		r->at[0] = '\0';
		*tail = t;
		tail = &t->next;
	}
	return rc;
}

static const struct member of_record[] = {
	OF(record, id, read_text),
	OF(record, time, read_text),
	OF(record, cascade, read_text),
	OF(record, mode, read_mode),
	OF(record, decision, read_text),
	OF(record, request, read_object),
	OF(record, attempts, read_attempts),
	OF(record, labels, read_labels),
	OF(record, signals, read_signals),
	OF(record, agrees, read_claim),
	OF(record, compared_by, read_text),
	{NULL, NULL, 0},
};

int record_read(struct record *rec, struct span line, struct arena *a,
		struct err *err)
{
	struct reader r = {.arena = a, .err = err};
	int rc;

	*rec = (struct record){.mode = SAMPLE_EVAL, .agrees = KNOWN_NOT};
	jscan_init(&r.s, line, DEPTH);
	rc = read_members(&r, of_record, rec);
	if (rc == 0)
		rc = jscan_end(&r.s);
	if (r.s.why)
		return err_set(err, ERR_PARSE,
			       "not a JSON object: at byte %zu, %s%s%s",
			       r.s.fault_at + 1, r.s.why,
			       *r.near ? "; in or after " : "", r.near);
	if (rc == 0 && (!rec->id || !*rec->id))
		return err_set(err, ERR_PARSE,
			       "id is missing; give each record its own");
	return rc;
}
