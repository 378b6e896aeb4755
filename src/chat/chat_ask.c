/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a request is changed on its way to a backend.
 */
#include "chat/chat_ask.h"

#include <inttypes.h>

#include "base/jscan.h"
#include "chat/chat_scan.h"
#include "chat/splice.h"

#define TOP_LOGPROBS_MOST 20 /* of the protocol */

struct asking {
	struct splices e;
	const struct chat_ask *ask;
	struct span model, top; /* as JSON; top.n 0: none injected */
	bool usage;		/* include_usage is to be true */
	/* Where both stand, the member that does not count goes. */
	enum chat_name dropped;
	bool has[CHAT_NNAMES];
};

static void include_usage(struct asking *k, size_t at, size_t end)
{
	static const char name[] = "include_usage";
	struct splices *e = &k->e;
	struct span key, value, options = splices_at(e, at, end);
	struct fresh fresh = {0};
	bool there = false;
	struct jscan s;

	if (!chat_is_given(options)) {
		splices_replace(e, at, end,
				span_of("{\"include_usage\":true}"));
		return;
	}
	jscan_init(&s, options, JSCAN_DEPTH);
	if (jscan_enter(&s, '{') < 0)
		return; /* the backend's to judge */
	while (jscan_member(&s, &key) > 0 && jscan_value(&s, &value) == 0) {
		if (jscan_key_is(key, name)) {
			size_t in = (size_t)(value.p - e->body.p);

			splices_set(e, in, in + value.n, span_of("true"));
			there = true;
		}
	}
	if (there)
		return;
	fresh_word(e, &fresh, name, "true");
	splices_insert(e, at, &fresh);
}

static void ask_member(struct asking *k, const struct chat_place *p)
{
	struct splices *e = &k->e;

	k->has[p->name] = true;
	if (p->name == k->dropped)
		splices_remove(e, p->key_at, p->end);
	else if (p->name == CHAT_MODEL)
		splices_set(e, p->value_at, p->end, k->model);
	else if (p->name == CHAT_STREAM && k->ask->buffered)
		splices_set(e, p->value_at, p->end, span_of("false"));
	else if (p->name == CHAT_STREAM_OPTIONS && k->ask->buffered)
		splices_remove(e, p->key_at, p->end);
	else if (p->name == CHAT_STREAM_OPTIONS && k->usage)
		include_usage(k, p->value_at, p->end);
	else if (p->name == CHAT_LOGPROBS && k->top.n)
		splices_set(e, p->value_at, p->end, span_of("true"));
	else if (p->name == CHAT_TOP_LOGPROBS && k->top.n)
		splices_set(e, p->value_at, p->end, k->top);
	else if (p->name == CHAT_MAX_COMPLETION_TOKENS &&
		 k->ask->old_max_tokens)
		splices_replace(e, p->key_at, p->key_at + p->key_n,
				span_of("\"max_tokens\""));
}

static void ask_fresh(struct asking *k, size_t brace_at)
{
	struct splices *e = &k->e;
	struct fresh fresh = {0};

	if (k->top.n && !k->has[CHAT_LOGPROBS])
		fresh_word(e, &fresh, "logprobs", "true");
	if (k->top.n && !k->has[CHAT_TOP_LOGPROBS])
		fresh_add(e, &fresh, "top_logprobs", k->top);
	if (k->usage && !k->has[CHAT_STREAM_OPTIONS])
		fresh_word(e, &fresh, "stream_options",
			   "{\"include_usage\":true}");
	splices_insert(e, brace_at, &fresh);
}

static struct span top_logprobs(const struct chat_request *rq,
				const struct chat_ask *ask, struct arena *a)
{
	int64_t k = ask->top_logprobs;

	if (k <= 0)
		return (struct span){NULL, 0};
	if (rq->logprobs && rq->top_logprobs > k)
		k = rq->top_logprobs;
	if (k > TOP_LOGPROBS_MOST)
		k = TOP_LOGPROBS_MOST;
	return span_of(arena_printf(a, "%" PRId64, k));
}

static enum chat_name dropped_limit(const struct chat_request *rq,
				    const struct chat_ask *ask)
{
	bool older = false, newer = false, newer_counts = false;

	if (!ask->old_max_tokens)
		return CHAT_NNAMES;
	for (size_t i = 0; i < rq->places.n; i++) {
		const struct chat_place *p = &rq->places.v[i];

		if (p->name == CHAT_MAX_TOKENS)
			older = true;
		if (p->name == CHAT_MAX_COMPLETION_TOKENS) {
			newer = true;
			newer_counts = rq->body.p[p->value_at] != 'n';
		}
	}
	if (!older || !newer)
		return CHAT_NNAMES;
	return newer_counts ? CHAT_MAX_TOKENS : CHAT_MAX_COMPLETION_TOKENS;
}

int chat_ask_write(const struct chat_request *rq, const struct chat_ask *ask,
		   struct arena *a, struct buf *out)
{
	struct asking k = {
		.ask = ask,
		.model = chat_quoted(span_of(ask->model), a),
		.top = top_logprobs(rq, ask, a),
		.usage = ask->include_usage && !ask->buffered && rq->stream,
		.dropped = dropped_limit(rq, ask),
	};

	splices_init(&k.e, rq->body, a);
	for (size_t i = 0; i < rq->places.n; i++)
		ask_member(&k, &rq->places.v[i]);
	ask_fresh(&k, rq->first_at - 1);
	return splices_apply(&k.e, out);
}
