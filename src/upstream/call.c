/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one backend: asked, perhaps asked once more without what we
 * had added, and its answer read.
 */
#include "upstream/call.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/now.h"
#include "chat/chat_edit.h"
#include "chat/gather.h"
#include "evt/deadline.h"
#include "net/http_client.h"
#include "net/sse.h"
#include "upstream/dialect.h"

/* A stream that said [DONE] may take so long to end; then its connection is
 * given up. */
#define LINGER_US 250000

struct call {
	struct loop *loop;
	struct http_client *client;
	struct backend *backend;
	struct call_question q;
	const struct call_ops *ops;
	void *arg;

	struct arena *arena;   /* spans of the reply */
	struct arena *scratch; /* spans of one chunk */
	struct buf body;       /* the question as sent */
	struct buf bytes;      /* the reply; of a stream what was gathered */
	struct fetch *fetch;
	struct answer answer;
	unsigned added;	       /* enum dialect_added, of the present fetch */
	bool ended;	       /* on_done() is due or came */

	bool streams;	       /* the reply is an event stream */
	struct sse_in sse;
	bool gathers; /* live and keep_bytes */
	struct gather gather;
	bool said_done;
	uint64_t seen, finished; /* bit i: choice i, i < 64 */
	size_t content_bytes;
	struct deadline linger;

	int busy;   /* callbacks of the owner on the stack */
	bool freed; /* by one of them; destroyed when it returns */
};

static void ask(struct call *c);

static void destroy(struct call *c)
{
	sse_in_release(&c->sse);
	if (c->gathers)
		gather_release(&c->gather);
	buf_release(&c->body);
	buf_release(&c->bytes);
	arena_free(c->scratch);
	free(c);
}

/* ---- the end ------------------------------------------------------------- */

static void estimate(struct call *c)
{
	struct answer *a = &c->answer;

	if (!a->usage.there && a->connected) {
		price_estimate(&a->usage,
			       c->q.request->messages.n + c->q.request->tools.n,
			       c->content_bytes);
		a->usage_estimated = true;
	}
	a->cost_pusd = price_of(&c->backend->price, &a->usage);
}

static void settle(struct call *c)
{
	deadline_clear(&c->linger);
	fetch_free(c->fetch);
	c->fetch = NULL;
	c->ended = true;
	c->answer.total_us = now_us() - c->answer.start_us;
	backend_leave(c->backend, c->q.spare);
}

static void report(void *arg)
{
	struct call *c = arg;

	c->busy++;
	c->ops->on_done(c->arg, &c->answer);
	c->busy--;
	if (c->freed && c->busy == 0)
		destroy(c);
}

/* What a backend has begun to answer, or had all its time for, is charged:
 * it may well charge for it. */
static void finish(struct call *c, const char *why)
{
	if (c->ended)
		return;
	if (c->answer.connected && c->answer.status < 400)
		estimate(c);
	c->answer.why = why;
	settle(c);
	report(c);
}

static void fail(struct call *c, enum fault_kind kind, const char *why,
		 const char *text)
{
	fault_set(&c->answer.fault, kind, "%s", text);
	finish(c, why);
}

/* ---- whole replies ------------------------------------------------------- */

static void count_choice(struct call *c, const struct chat_choice *ch)
{
	c->content_bytes += ch->content.n + ch->refusal.n + ch->tool_calls.n +
			    ch->reasoning_raw.n + ch->function_call.n;
}

static void take_reply(struct call *c)
{
	struct answer *a = &c->answer;
	struct chat_fault why;

	if (chat_reply_read(&a->reply, buf_span(&c->bytes), c->q.max_depth,
			    c->q.want_tokens || c->q.request->logprobs,
			    c->arena, &why) < 0) {
		fail(c, FAULT_UPSTREAM, "garbage",
		     "the backend's reply is no chat completion");
		return;
	}
	if (a->reply.error.n) {
		fail(c, FAULT_UPSTREAM, "error_body",
		     "the backend answered with an error and status 200");
		return;
	}
	for (size_t i = 0; i < a->reply.n_choices; i++)
		count_choice(c, &a->reply.choices[i]);
	a->usage = a->reply.usage;
	a->whole = true;
	finish(c, "ok");
}

/* A number of 1 to most digits; dates and nonsense are not passed on. */
static bool is_count(const char *s, size_t most)
{
	size_t n = s ? strspn(s, "0123456789") : 0;

	return n > 0 && n <= most && s[n] == '\0' && strspn(s, "0") < n;
}

static void copy_retry_after(struct call *c)
{
	const char *after = fetch_header(c->fetch, "Retry-After");
	const char *ms = fetch_header(c->fetch, "retry-after-ms");
	struct fault *f = &c->answer.fault;

	if (is_count(after, 5))
		strcpy(f->retry_after, after);
	if (is_count(ms, 8))
		strcpy(f->retry_after_ms, ms);
}

/* The backend rejects what we added, not what the client said: once more
 * without, and remembered. */
static bool asks_again(struct call *c, unsigned complaints)
{
	unsigned blamed = complaints & c->added;

	if (!blamed || c->answer.refused_before)
		return false;
	if (blamed & DIALECT_ADDED_LOGPROBS)
		atomic_store(&c->backend->no_logprobs, true);
	if (blamed & DIALECT_ADDED_USAGE)
		atomic_store(&c->backend->no_stream_usage, true);
	c->answer.refused_before = c->answer.status;
	fetch_free(c->fetch);
	c->fetch = NULL;
	buf_clear(&c->bytes);
	ask(c);
	return true;
}

static void take_refusal(struct call *c)
{
	struct fault f;
	unsigned complaints = c->backend->dialect->refusal(
		c->answer.status, buf_span(&c->bytes), &f);

	if (asks_again(c, complaints))
		return;
	c->answer.fault = f;
	if (f.kind == FAULT_RATE_LIMIT || f.kind == FAULT_QUOTA)
		copy_retry_after(c);
	finish(c, "status");
}

/* ---- streams ------------------------------------------------------------- */

static void note_chunk(struct call *c, const struct chat_chunk *ch)
{
	for (size_t i = 0; i < ch->n_choices; i++) {
		const struct chat_delta *d = &ch->choices[i];
		uint64_t bit = d->index >= 0 && d->index < 64 ?
				       UINT64_C(1) << d->index :
				       0;

		c->seen |= bit;
		if (d->finish.n)
			c->finished |= bit;
		c->content_bytes += d->content_bytes;
	}
	if (ch->usage.there)
		c->answer.usage = ch->usage;
}

static void pass_chunk(struct call *c, const struct chat_chunk *ch)
{
	c->busy++;
	c->ops->on_chunk(c->arg, ch);
	c->busy--;
}

static int on_event(void *arg, struct span data)
{
	struct call *c = arg;
	struct chat_chunk ch;
	struct chat_fault why;

	if (c->said_done)
		return 0;
	if (span_is(data, "[DONE]")) {
		c->said_done = true;
		return 0;
	}
	arena_reset(c->scratch);
	if (chat_chunk_read(&ch, data, c->q.max_depth, c->scratch, &why) < 0) {
		fault_set(&c->answer.fault, FAULT_UPSTREAM,
			  "the backend's stream is no chat completion");
		return 1;
	}
	if (ch.error.n) {
		fault_set(&c->answer.fault, FAULT_UPSTREAM,
			  "the backend broke off its stream with an error");
		return 1;
	}
	note_chunk(c, &ch);
	if (c->gathers)
		gather_chunk(&c->gather, &ch);
	pass_chunk(c, &ch);
	return c->freed;
}

/* All of the stream or nothing. */
static void keep_gathered(struct call *c)
{
	if (gather_write(&c->gather, &c->bytes) < 0)
		buf_clear(&c->bytes);
}

static void end_stream(struct call *c)
{
	if (!c->said_done || c->seen == 0 || c->seen != c->finished) {
		fail(c, FAULT_UPSTREAM, "cut",
		     "the backend's stream ended before it was complete");
		return;
	}
	if (c->gathers)
		keep_gathered(c);
	finish(c, "ok");
}

static void on_linger(void *arg)
{
	end_stream(arg);
}

static void feed(struct call *c, struct span bytes)
{
	int rc = sse_in_feed(&c->sse, bytes, on_event, c);

	if (c->freed) {
		if (c->busy == 0)
			destroy(c);
		return;
	}
	if (rc < 0)
		fail(c, FAULT_UPSTREAM, "limit",
		     "an event of the backend's stream is too large");
	else if (rc > 0)
		finish(c, "garbage");
	else if (c->said_done && !deadline_is_set(&c->linger))
		deadline_set(&c->linger, c->loop, now_us() + LINGER_US,
			     on_linger, c);
}

/* ---- the fetch ----------------------------------------------------------- */

static void on_head(void *arg, struct fetch *f)
{
	struct call *c = arg;
	const char *type = fetch_header(f, "Content-Type");

	c->answer.status = fetch_status(f);
	c->answer.first_byte_us = now_us() - c->answer.start_us;
	c->answer.connected = true;
	c->streams = c->q.live && c->answer.status == 200 && type &&
		     !strncasecmp(type, "text/event-stream", 17);
}

static void on_data(void *arg, struct fetch *f, struct span bytes)
{
	struct call *c = arg;

	(void)f;
	if (c->streams)
		feed(c, bytes);
	else if (buf_add_span(&c->bytes, bytes) < 0)
		fail(c, FAULT_UPSTREAM, "limit",
		     "the backend's reply is too large");
}

static void fail_fetch(struct call *c, const struct err *why)
{
	struct answer *a = &c->answer;

	a->connected = why->kind != ERR_CONNECT;
	switch (why->kind) {
	case ERR_CONNECT:
		fail(c, FAULT_UPSTREAM, "connect",
		     "the backend could not be reached");
		break;
	case ERR_TLS:
		fail(c, FAULT_UPSTREAM, "tls",
		     "no secure connection to the backend could be made");
		break;
	case ERR_TIMEOUT:
		a->out_of_time = now_us() >= c->q.until_us;
		fail(c, FAULT_TIMEOUT, "timeout",
		     "the backend did not answer in time");
		break;
	case ERR_LIMIT:
		fail(c, FAULT_UPSTREAM, "limit",
		     "the backend's reply is too large");
		break;
	default:
		fail(c, FAULT_UPSTREAM, "broken",
		     "the backend broke off or did not speak HTTP");
	}
}

static void on_done(void *arg, struct fetch *f, const struct err *why)
{
	struct call *c = arg;

	if (why) {
		fail_fetch(c, why);
		return;
	}
	if (c->streams) {
		end_stream(c);
		return;
	}
	if (!c->q.live) {
		size_t n;
		char *p = buf_detach(fetch_body(f), &n);

		buf_release(&c->bytes);
		c->bytes.p = p;
		c->bytes.n = c->bytes.room = n;
	}
	if (c->answer.status >= 200 && c->answer.status < 300)
		take_reply(c);
	else
		take_refusal(c);
}

/* ---- asking -------------------------------------------------------------- */

static int write_question(struct call *c)
{
	const struct chat_request *rq = c->q.request;
	struct chat_ask q = {
		.buffered = c->q.want_tokens || (rq->stream && !c->q.live),
	};

	c->added = 0;
	c->answer.tokens_asked = rq->logprobs;
	if (c->q.want_tokens && !atomic_load(&c->backend->no_logprobs)) {
		q.top_logprobs = (int)c->backend->conf->top_logprobs;
		c->answer.tokens_asked = true;
		if (!rq->logprobs)
			c->added |= DIALECT_ADDED_LOGPROBS;
	}
	if (c->q.live && !atomic_load(&c->backend->no_stream_usage)) {
		q.include_usage = true;
		if (!rq->include_usage)
			c->added |= DIALECT_ADDED_USAGE;
	}
	buf_clear(&c->body);
	return c->backend->dialect->ask(c->backend->conf, rq, &q, c->arena,
					&c->body);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int start_fetch(struct call *c, struct err *err)
{
	static const struct fetch_ops whole = { on_head, NULL, on_done };
	static const struct fetch_ops live = { on_head, on_data, on_done };
	const struct conf_backend *conf = c->backend->conf;
	int64_t left = c->q.until_us - now_us();
	struct fetch_ask ask = {
		.route = c->q.live ? c->backend->stream : c->backend->whole,
		.body = buf_span(&c->body),
		.request_id = c->q.request_id,
		.query = c->q.query,
		.total_us = left > 1 ? least(left, conf->total_us) : 1,
		.max_body = c->q.live ? 0 : c->backend->max_reply,
	};

	if (c->q.live) {
		ask.first_byte_us = conf->first_byte_us;
		ask.idle_us = conf->idle_us;
	}
	c->fetch = fetch_start(c->client, &ask, c->q.live ? &live : &whole, c,
			       err);
	return c->fetch ? 0 : -1;
}

static void end_early(struct call *c, enum fault_kind kind, const char *why,
		      const char *text)
{
	fault_set(&c->answer.fault, kind, "%s", text);
	c->answer.why = why;
	c->answer.total_us = now_us() - c->answer.start_us;
	c->ended = true;
	loop_defer(c->loop, report, c);
}

static void ask(struct call *c)
{
	struct err err = { 0 };

	if (write_question(c) == 0 && start_fetch(c, &err) == 0)
		return;
	backend_leave(c->backend, c->q.spare);
	end_early(c, FAULT_INTERNAL, "internal",
		  "the call to the backend could not be started");
}

struct call *call_start(struct loop *l, struct http_client *client,
			struct backend *b, const struct call_question *q,
			const struct call_ops *ops, void *arg)
{
	struct call *c = mem_new(sizeof(*c));

	c->loop = l;
	c->client = client;
	c->backend = b;
	c->q = *q;
	c->ops = ops;
	c->arg = arg;
	c->arena = q->arena;
	c->answer.start_us = now_us();
	buf_init(&c->body, 0);
	buf_init(&c->bytes, b->max_reply);
	sse_in_init(&c->sse, b->max_reply);
	if (q->live)
		c->scratch = arena_new();
	c->gathers = q->live && q->keep_bytes;
	if (c->gathers)
		gather_init(&c->gather, b->max_reply);
	if (backend_enter(b, q->spare))
		ask(c);
	else
		end_early(c, FAULT_OVERLOADED, "busy",
			  "the backend has all the calls it may have");
	return c;
}

void call_free(struct call *c)
{
	if (!c)
		return;
	loop_undefer(c->loop, report, c);
	if (!c->ended)
		settle(c);
	c->freed = true;
	if (c->busy == 0)
		destroy(c);
}

const struct answer *call_answer(struct call *c)
{
	if (!c->ended) {
		c->answer.total_us = now_us() - c->answer.start_us;
		c->answer.connected = true; /* as far as we know */
		estimate(c);
	}
	return &c->answer;
}

const struct backend *call_backend(const struct call *c)
{
	return c->backend;
}

void call_hold(struct call *c, bool hold)
{
	if (c->fetch)
		fetch_hold(c->fetch, hold);
}

struct span call_reply_bytes(const struct call *c)
{
	return buf_span(&c->bytes);
}
