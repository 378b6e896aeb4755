/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call to another backend, begun with the reply or ahead of it.
 */
#include "verify/verify_check.h"

#include "chat/chat_check.h"
#include "chat/price.h"
#include "upstream/call.h"
#include "verify/verify_check_read.h"

enum check_start { START_AFTER, START_EARLY };

struct check_opts {
	const struct conf_backend *backend;
	struct conf_range band;
	int mode;  /* enum chat_check_mode */
	int start; /* enum check_start */
};

static const struct conf_key keys[] = {
	{ .name = "backend",
	  .type = CONF_BACKEND,
	  .offset = offsetof(struct check_opts, backend),
	  .help = "who is asked; better than the tier it checks" },
	{ .name = "band",
	  .type = CONF_RANGE,
	  .offset = offsetof(struct check_opts, band),
	  .optional = true,
	  .min = 0,
	  .max = 1,
	  .tunes = true,
	  .help = "asked only when the confidence so far is in it; always when "
		  "absent" },
	{ .name = "mode",
	  .type = CONF_ENUM,
	  .offset = offsetof(struct check_opts, mode),
	  .fallback = "blind",
	  .words = "blind,verdict",
	  .help = "asks for its own answer, or whether the one it is shown is "
		  "right" },
	{ .name = "start",
	  .type = CONF_ENUM,
	  .offset = offsetof(struct check_opts, start),
	  .fallback = "after",
	  .words = "after,early",
	  .tunes = true,
	  .help = "early: asked beside the tier, for less waiting and more "
		  "money" },
	{ .name = NULL },
};

static int check_keys(const void *opts, struct err *err)
{
	const struct check_opts *o = opts;

	if (o->start == START_EARLY && o->mode == CHAT_CHECK_VERDICT)
		return err_set(err, ERR_CONF,
			       "`start: early` has no answer to show yet; use "
			       "`mode: blind`, or `start: after`");
	return 0;
}

/* Of what is asked and answered, beside the client's messages. */
#define QUESTION_BYTES 256
#define ANSWER_BYTES   64

struct verification {
	const struct verify_case *c; /* with a reply, once that is there */
	const struct check_opts *opts;
	verify_done_fn *done;
	void *arg;
	struct buf body;
	struct chat_request question;
	struct call *call; /* NULL: it could not be asked */
	bool is_out;
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

	v->verdict.verifier = "check";
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
		verify_check_read((enum chat_check_mode)v->opts->mode,
				  v->c->compare, &v->c->reply->choices[0],
				  &a->reply, v->c->arena, &v->verdict);
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

	v->is_out = false;
	w->call_ends(w->arg, v->call, aborted);
}

static void on_answer(void *arg, const struct answer *a)
{
	struct verification *v = arg;

	(void)a;
	end_call(v, false);
	if (v->c->reply)
		report(v);
}

/* What a verdict is asked about. */
static struct span proposal_of(const struct verify_case *c)
{
	const struct chat_choice *ours = c->reply ? &c->reply->choices[0] :
						    NULL;

	if (!ours)
		return (struct span){ NULL, 0 };
	return ours->tool_calls.n ? ours->tool_calls : ours->content;
}

static struct backend *backend_of(const struct verify_world *w,
				  const struct check_opts *o)
{
	return w->backends[o->backend - w->conf->backends];
}

static int write_question(struct verification *v)
{
	const struct verify_case *c = v->c;
	struct chat_fault why;

	/* A proposal that grows by escaping beyond a whole reply's size is
	 * none to be shown. */
	buf_init(&v->body, c->request->messages.n + QUESTION_BYTES +
				   c->world->conf->limits.max_reply);
	if (chat_check_write(c->request, (enum chat_check_mode)v->opts->mode,
			     proposal_of(c), &v->body) < 0)
		return -1;
	return chat_request_read(&v->question, buf_span(&v->body),
				 (int)c->world->conf->limits.max_depth,
				 c->arena, &why);
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
		.want_tokens = true,
		.until_us = v->c->until_us,
		.max_depth = (int)w->conf->limits.max_depth,
	};

	v->is_out = true;
	w->call_begins(w->arg);
	v->call = call_start(v->c->loop, w->client, backend_of(w, v->opts), &q,
			     &ops, v);
}

static struct verification *check_start(const struct verify_case *c,
					const void *opts, verify_done_fn *done,
					void *arg)
{
	struct verification *v = arena_get(c->arena, sizeof(*v));

	v->c = c;
	v->opts = opts;
	v->done = done;
	v->arg = arg;
	if (write_question(v) == 0)
		ask(v);
	else if (c->reply)
		loop_defer(c->loop, report, v);
	return v;
}

static void check_reply(struct verification *v, const struct verify_case *c)
{
	v->c = c;
	if (!v->is_out)
		loop_defer(c->loop, report, v);
}

static void check_free(struct verification *v)
{
	if (!v)
		return;
	loop_undefer(v->c->loop, report, v);
	if (v->is_out)
		end_call(v, true);
	call_free(v->call);
	buf_release(&v->body);
}

/* ---- the table ----------------------------------------------------------- */

static struct conf_range check_band(const void *opts)
{
	return ((const struct check_opts *)opts)->band;
}

static bool check_is_early(const void *opts)
{
	return ((const struct check_opts *)opts)->start == START_EARLY;
}

/* By the prices as configured: nothing where there are none. */
static int64_t check_price(const struct verify_case *c, const void *opts)
{
	const struct backend *b = backend_of(c->world, opts);
	struct chat_usage u = { 0 };

	price_estimate(&u,
		       c->request->messages.n + QUESTION_BYTES +
			       proposal_of(c).n,
		       ANSWER_BYTES);
	return price_of(&b->price, &u);
}

const struct verifier *verify_check(void)
{
	static const struct verify_asks asks = {
		.band = check_band,
		.is_early = check_is_early,
		.reply = check_reply,
		.price = check_price,
	};
	static const struct verifier v = {
		.conf = { .name = "check",
			  .keys = keys,
			  .opts_size = sizeof(struct check_opts),
			  .check = check_keys },
		.gives_score = true,
		.start = check_start,
		.free = check_free,
		.asks = &asks,
	};

	return &v;
}
