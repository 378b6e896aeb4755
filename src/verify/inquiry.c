/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call for a verifier, begun with the reply or ahead of it.
 */
#include "verify/inquiry.h"

#include "base/digest.h"
#include "chat/price.h"
#include "upstream/call.h"

#define NONCE_BYTES 16

struct verification {
	const struct inquiry_ops *ops;
	const struct verify_case *c; /* with a reply, once that is there */
	const void *opts;
	verify_done_fn *done;
	void *arg;
	char nonce[2 * NONCE_BYTES + 1];
	struct buf body;
	struct chat_request question;
	struct call *call; /* NULL: nobody was asked */
	bool is_out;
	bool is_said; /* verdict was given without asking */
	struct verdict verdict;
};

/* ---- the verdict --------------------------------------------------------- */

static void fault(struct verification *v, const char *why)
{
	v->verdict.kind = VERDICT_NONE;
	v->verdict.lack = LACK_FAULT;
	v->verdict.why = why;
}

static void judge(struct verification *v)
{
	const struct answer *a;

	v->verdict.verifier = v->ops->verifier;
	if (v->is_said)
		return;
	if (!v->call) {
		fault(v, "internal");
		return;
	}
	a = call_answer(v->call);
	v->verdict.us = a->total_us;
	v->verdict.cost_pusd = a->cost_pusd;
	if (a->fault.kind != FAULT_NONE)
		fault(v, a->why);
	else
		v->ops->read(v->c, v->opts, v->nonce, &a->reply, &v->verdict);
}

static void report(void *arg)
{
	struct verification *v = arg;

	judge(v);
	v->done(v->arg, &v->verdict);
}

/* ---- the call ------------------------------------------------------------ */

static void end_call(struct verification *v, bool aborted)
{
	const struct verify_world *w = v->c->world;
	struct verify_call told = {
		.call = v->call,
		.verifier = v->ops->verifier,
		.mode = v->ops->mode ? v->ops->mode(v->opts) : NULL,
		.aborted = aborted,
	};

	v->is_out = false;
	w->call_ends(w->arg, &told);
}

static void on_answer(void *arg, const struct answer *a)
{
	struct verification *v = arg;

	(void)a;
	end_call(v, false);
	if (v->c->reply)
		report(v);
}

struct span inquiry_proposal(const struct verify_case *c)
{
	const struct chat_choice *ours = c->reply ? &c->reply->choices[0] :
						    NULL;
	int n;

	if (!ours)
		return (struct span){ NULL, 0 };
	n = (ours->tool_calls.n > 0) + (ours->function_call.n > 0) +
	    (ours->content.n > 0);
	if (n > 1) /* all of it, for all of it goes to the client */
		return (struct span){ c->reply->body.p + ours->message_at,
				      ours->message_end - ours->message_at };
	if (ours->function_call.n)
		return ours->function_call;
	return ours->tool_calls.n ? ours->tool_calls : ours->content;
}

struct backend *inquiry_backend(const struct verify_case *c,
				const struct conf_backend *conf)
{
	return c->world->backends[conf - c->world->conf->backends];
}

static int write_question(struct verification *v)
{
	const struct verify_case *c = v->c;
	const struct conf_limits *limits = &c->world->conf->limits;
	struct chat_fault why;

	/* Messages may be shown as a JSON string. A proposal that grows by
	 * escaping beyond a whole reply's size is none to be shown. */
	buf_init(&v->body, 2 * c->request->body.n + 16 * INQUIRY_BYTES +
				   limits->max_reply);
	if (v->ops->write(c, v->opts, v->nonce, &v->body, &v->verdict) < 0)
		return -1;
	return chat_request_read(&v->question, buf_span(&v->body),
				 (int)limits->max_depth, c->arena, &why);
}

static void ask(struct verification *v)
{
	static const struct call_ops ops = { .on_done = on_answer };
	const struct verify_world *w = v->c->world;
	struct call_question q = {
		.arena = v->c->arena,
		.request = &v->question,
		.request_id = w->request_id,
		.query = w->query,
		.keep_bytes = w->conf->ledger.store_text,
		.want_tokens = v->ops->want_tokens,
		.spare = w->spare,
		.until_us = v->c->until_us,
		.max_depth = (int)w->conf->limits.max_depth,
	};

	v->is_out = true;
	w->call_begins(w->arg);
	v->call = call_start(v->c->loop, w->client,
			     v->ops->whom(v->c, v->opts), &q, &ops, v);
}

struct verification *inquiry_start(const struct inquiry_ops *ops,
				   const struct verify_case *c,
				   const void *opts, verify_done_fn *done,
				   void *arg)
{
	struct verification *v = arena_get(c->arena, sizeof(*v));

	v->ops = ops;
	v->c = c;
	v->opts = opts;
	v->done = done;
	v->arg = arg;
	digest_random_hex(v->nonce, NONCE_BYTES);
	if (write_question(v) == 0)
		ask(v);
	else
		v->is_said = v->verdict.kind != VERDICT_NONE ||
			     v->verdict.lack != LACK_NONE;
	if (!v->is_out && c->reply)
		loop_defer(c->loop, report, v);
	return v;
}

void inquiry_reply(struct verification *v, const struct verify_case *c)
{
	v->c = c;
	if (!v->is_out)
		loop_defer(c->loop, report, v);
}

void inquiry_free(struct verification *v)
{
	if (!v)
		return;
	loop_undefer(v->c->loop, report, v);
	if (v->is_out)
		end_call(v, true);
	call_free(v->call);
	buf_release(&v->body);
}

int64_t inquiry_cost(const struct verification *v)
{
	return v->call ? call_answer(v->call)->cost_pusd : 0;
}

int64_t inquiry_price(const struct backend *b, const struct verify_case *c,
		      size_t own_bytes, size_t answer_bytes)
{
	struct chat_usage u = { 0 };

	price_estimate(&u,
		       c->request->messages.n + own_bytes +
			       inquiry_proposal(c).n,
		       answer_bytes);
	return price_of(&b->price, &u);
}
