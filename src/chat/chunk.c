/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing chunks one after the other.
 */
#include "chat/chunk.h"

#include <inttypes.h>

#include "base/jscan.h"

static void add_quoted(struct buf *out, const char *text)
{
	buf_adds(out, "\"");
	jtext_escape(span_of(text), out);
	buf_adds(out, "\"");
}

void chunk_init(struct chunk *w, const struct chat_stamp *st, bool want_usage,
		chat_emit_fn *emit, void *arg)
{
	*w = (struct chunk){.want_usage = want_usage, .emit = emit, .arg = arg};
	buf_init(&w->head, 0);
	buf_init(&w->json, 0);
	buf_adds(&w->head, "{\"id\":");
	add_quoted(&w->head, st->id);
	buf_addf(&w->head,
		 ",\"object\":\"chat.completion.chunk\",\"created\":%" PRId64
		 ",\"model\":",
		 st->created);
	add_quoted(&w->head, st->model);
	buf_adds(&w->head, ",\"choices\":[");
}

void chunk_release(struct chunk *w)
{
	buf_release(&w->head);
	buf_release(&w->json);
}

static int send(struct chunk *w)
{
	if (w->head.failed || w->json.failed)
		return -1;
	return w->emit(w->arg, buf_span(&w->json));
}

static void begin(struct chunk *w)
{
	buf_clear(&w->json);
	buf_add_span(&w->json, buf_span(&w->head));
}

void chunk_begin(struct chunk *w, int64_t index)
{
	begin(w);
	buf_addf(&w->json, "{\"index\":%" PRId64 ",\"delta\":", index);
}

/* After the delta; the log-probs, if any, stand behind it already. */
int chunk_end(struct chunk *w, bool has_logprobs, const char *finish)
{
	if (!has_logprobs)
		buf_adds(&w->json, ",\"logprobs\":null");
	if (finish)
		buf_addf(&w->json, ",\"finish_reason\":\"%s\"}]", finish);
	else
		buf_adds(&w->json, ",\"finish_reason\":null}]");
	buf_adds(&w->json, w->want_usage ? ",\"usage\":null}" : "}");
	return send(w);
}

int chunk_delta(struct chunk *w, int64_t index, const char *delta,
		const char *finish)
{
	chunk_begin(w, index);
	buf_adds(&w->json, delta);
	return chunk_end(w, false, finish);
}

int chunk_role(struct chunk *w, int64_t index, bool has_text)
{
	return chunk_delta(w, index,
			   has_text
				   ? "{\"role\":\"assistant\",\"content\":\"\"}"
				   : "{\"role\":\"assistant\","
				     "\"content\":null}",
			   NULL);
}

int chunk_usage(struct chunk *w, struct span usage)
{
	begin(w);
	buf_adds(&w->json, "],\"usage\":");
	buf_add_span(&w->json, usage);
	buf_adds(&w->json, "}");
	return send(w);
}

int chunk_counts(struct chunk *w, const struct chat_usage *u)
{
	struct buf text;
	int rc = -1;

	buf_init(&text, 0);
	if (chat_usage_write(u, &text) == 0)
		rc = chunk_usage(w, buf_span(&text));
	buf_release(&text);
	return rc;
}
