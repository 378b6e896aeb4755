/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client has been told so far, and the next thing in that form.
 */
#include "cascade/outlet.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "chat/chat_replay.h"
#include "net/sse.h"

void outlet_init(struct outlet *o, struct loop *l,
		 const struct conf_reply *conf,
		 const struct chat_request *request, struct arena *arena,
		 const struct chat_stamp *stamp,
		 const struct outlet_sink *sink, void *sink_arg,
		 outlet_meta_fn *fill_meta, void *meta_arg)
{
	memset(o, 0, sizeof(*o));
	o->loop = l;
	o->conf = conf;
	o->request = request;
	o->arena = arena;
	o->stamp = *stamp;
	o->sink = sink;
	o->sink_arg = sink_arg;
	o->fill_meta = fill_meta;
	o->meta_arg = meta_arg;
	buf_init(&o->out, 0);
}

void outlet_release(struct outlet *o)
{
	deadline_clear(&o->timer);
	buf_release(&o->out);
	buf_release(&o->chunk);
	arena_free(o->scratch);
	o->scratch = NULL;
}

static int add_event(void *arg, struct span json)
{
	struct outlet *o = arg;

	return sse_out_event(&o->out, json);
}

static struct outlet_meta meta(struct outlet *o)
{
	struct outlet_meta m = { .confidence = NAN };

	o->fill_meta(o->meta_arg, &m);
	return m;
}

/* From here on every failure is an event of the stream. */
static void open_stream(struct outlet *o)
{
	struct outlet_meta m;

	if (o->opened)
		return;
	m = meta(o);
	o->opened = true;
	o->status = 200;
	o->sink->open(o->sink_arg, &m);
}

static size_t flush(struct outlet *o)
{
	size_t unsent = o->sink->write(o->sink_arg, buf_span(&o->out));

	o->flushed_us = loop_now_us(o->loop);
	buf_clear(&o->out);
	return unsent;
}

static void end(struct outlet *o)
{
	o->ended = true;
	deadline_clear(&o->timer);
}

/* ---- while the client waits ---------------------------------------------- */

static void keep_alive(struct outlet *o)
{
	if (o->conf->keepalive == CONF_KEEPALIVE_COMMENT)
		sse_out_keepalive(&o->out);
	else
		chat_empty_emit(&o->stamp, o->request->include_usage, add_event,
				o);
}

static void add_roles(struct outlet *o)
{
	int64_t n = o->request->n < 64 ? o->request->n : 64;

	chat_role_emit(&o->stamp, n, o->request->include_usage, add_event, o);
	o->role_sent = true;
	o->stream.begun = true;
	o->stream.roles = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

static void on_timer(void *arg)
{
	struct outlet *o = arg;
	int64_t due = o->flushed_us + o->conf->keepalive_every_us;

	if (!o->opened) {
		open_stream(o);
		add_roles(o);
		flush(o);
	} else if (o->conf->keepalive != CONF_KEEPALIVE_OFF &&
		   loop_now_us(o->loop) >= due) {
		keep_alive(o);
		flush(o);
	}
	if (o->conf->keepalive != CONF_KEEPALIVE_OFF)
		deadline_set(&o->timer, o->loop,
			     o->flushed_us + o->conf->keepalive_every_us,
			     on_timer, o);
}

void outlet_wait(struct outlet *o)
{
	if (!o->request->stream)
		return;
	deadline_set(&o->timer, o->loop,
		     loop_now_us(o->loop) + o->conf->commit_after_us, on_timer,
		     o);
}

/* ---- answers ------------------------------------------------------------- */

static int reply_json(struct outlet *o, const struct chat_reply *r)
{
	struct outlet_meta m = meta(o);

	if (chat_reply_write(r, &o->stamp, o->arena, &o->out) < 0)
		return -1;
	end(o);
	o->status = 200;
	o->sink->reply(o->sink_arg, &m, &o->out);
	return 0;
}

static int reply_events(struct outlet *o, const struct chat_reply *r)
{
	if (chat_reply_emit(r, &o->stamp, o->request->include_usage,
			    o->role_sent, (size_t)o->conf->slice, o->arena,
			    add_event, o) != 0 ||
	    sse_out_done(&o->out) < 0) {
		buf_clear(&o->out);
		return -1;
	}
	open_stream(o);
	flush(o);
	end(o);
	o->sink->close(o->sink_arg);
	return 0;
}

int outlet_reply(struct outlet *o, const struct chat_reply *r)
{
	assert(!o->ended);
	return o->request->stream ? reply_events(o, r) : reply_json(o, r);
}

static struct arena *chunk_scratch(struct outlet *o)
{
	if (o->scratch)
		arena_reset(o->scratch);
	else
		o->scratch = arena_new();
	return o->scratch;
}

int outlet_chunk(struct outlet *o, const struct chat_chunk *c, bool pass_usage,
		 size_t *unsent)
{
	struct buf *json = &o->chunk;

	assert(o->request->stream && !o->ended);
	buf_clear(json);
	*unsent = 0;
	if (o->request->n > 1 && !o->role_sent)
		add_roles(o); /* of all, in order, before any text */
	if (chat_chunk_write(c, &o->stamp, pass_usage, &o->stream,
			     chunk_scratch(o), json) < 0)
		return -1;
	if (json->n > 0 && sse_out_event(&o->out, buf_span(json)) < 0)
		return -1;
	if (o->out.n == 0)
		return 0;
	open_stream(o);
	*unsent = flush(o);
	if (!deadline_is_set(&o->timer) &&
	    o->conf->keepalive != CONF_KEEPALIVE_OFF)
		deadline_set(&o->timer, o->loop,
			     o->flushed_us + o->conf->keepalive_every_us,
			     on_timer, o);
	return 0;
}

void outlet_end(struct outlet *o, const struct chat_usage *usage)
{
	assert(!o->ended);
	if (usage)
		chat_usage_emit(&o->stamp, usage, add_event, o);
	sse_out_done(&o->out);
	open_stream(o);
	flush(o);
	end(o);
	o->sink->close(o->sink_arg);
}

static void fault_event(struct outlet *o, const struct fault *f)
{
	struct buf json;

	buf_init(&json, 0);
	chat_error_write(&json, f->message, fault_type(f),
			 *f->param ? f->param : NULL, *f->code ? f->code : NULL);
	sse_out_event(&o->out, buf_span(&json));
	buf_release(&json);
	flush(o);
	o->sink->close(o->sink_arg);
}

void outlet_fault(struct outlet *o, const struct fault *f)
{
	struct outlet_meta m;

	assert(!o->ended);
	end(o);
	buf_clear(&o->out);
	if (o->opened) {
		fault_event(o, f);
		return;
	}
	m = meta(o);
	o->status = f->status;
	o->sink->fault(o->sink_arg, &m, f);
}

void outlet_cut(struct outlet *o)
{
	end(o);
	o->sink->cut(o->sink_arg);
}
