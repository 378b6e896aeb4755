/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts bytes into the lines of a head, and hands on those of the body.
 */
#include "net/reply.h"

#include <string.h>
#include <strings.h>

void reply_release(struct reply *r)
{
	buf_release(&r->part);
	buf_release(&r->fields);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_SYS, "no memory for the head of a reply");
}

static int keep_field(struct reply *r, const struct reply_field *f,
		      struct err *err)
{
	buf_add_span(&r->fields, f->name);
	buf_add(&r->fields, "", 1);
	buf_add_span(&r->fields, f->value);
	buf_add(&r->fields, "", 1);
	return r->fields.failed ? no_memory(err) : 0;
}

static int take_line(struct reply *r, struct span line, struct err *err)
{
	struct reply_field field;

	if (!r->head.in_block)
		buf_clear(&r->fields); /* of an interim head */
	if (reply_head_line(&r->head, line, &field, err) < 0)
		return -1;
	if (r->head.is_final) {
		reply_body_init(&r->body, &r->head);
		buf_release(&r->part);
	}
	return field.name.n ? keep_field(r, &field, err) : 0;
}

/* A line is looked at where it lies, and copied only when it came in parts. */
static int take_head(struct reply *r, struct span *in, struct err *err)
{
	const char *lf = memchr(in->p, '\n', in->n);
	struct span line = {in->p, lf ? (size_t)(lf - in->p) + 1 : in->n};
	int rc;

	in->p += line.n;
	in->n -= line.n;
	if (lf && r->part.n == 0)
		return take_line(r, line, err);
	if (r->head.n + r->part.n + line.n > REPLY_HEAD_MOST)
		return err_set(err, ERR_UPSTREAM, "the head is too large");
	if (buf_add_span(&r->part, line) < 0)
		return no_memory(err);
	if (!lf)
		return 0;
	rc = take_line(r, buf_span(&r->part), err);
	buf_clear(&r->part);
	return rc;
}

int reply_take(struct reply *r, struct span *in, struct span *bytes,
	       struct err *err)
{
	*bytes = (struct span){0};
	if (in->n)
		r->begun = true;
	if (r->head.is_final)
		return reply_body_take(&r->body, in, bytes, err);
	while (in->n && !r->head.is_final) {
		if (take_head(r, in, err) < 0)
			return -1;
	}
	return 0;
}

int reply_close(struct reply *r, struct err *err)
{
	if (!r->begun)
		return err_set(err, ERR_UPSTREAM, "closed without a reply");
	if (!r->head.is_final)
		return err_set(err, ERR_UPSTREAM, "closed within the head");
	return reply_body_close(&r->body, err);
}

bool reply_is_whole(const struct reply *r)
{
	return r->head.is_final && r->body.state == REPLY_BODY_WHOLE;
}

const char *reply_field_find(const struct reply *r, const char *name)
{
	const char *end = r->fields.p + r->fields.n;
	const char *found = NULL;
	const char *p = r->fields.p;
	const char *value;

	if (!r->head.is_final)
		return NULL;
	for (; p < end; p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (strcasecmp(p, name) == 0)
			found = value;
	}
	return found;
}
