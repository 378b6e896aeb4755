/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fetch a reply, on a route that the generation has.
 */
#include "verify/verify_http.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/jtext.h"
#include "base/log.h"
#include "base/now.h"
#include "conf/conf_url.h"
#include "net/fetch_route.h"
#include "net/http_client.h"
#include "verify/verify_http_read.h"

#define ANSWER_MOST ((size_t)1 << 20)
#define FRAME_BYTES 1024 /* what stands around request and reply, at most */
#define REASON_MOST 240	 /* of it so much is logged */

struct http_opts {
	const char *url;
	int64_t timeout_us;
	struct conf_headers headers;
	int64_t usd_pusd; /* one call's */
	struct conf_range band;
};

static const struct conf_key keys[] = {
	{.name = "url",
	 .type = CONF_URL,
	 .offset = offsetof(struct http_opts, url),
	 .words = "http,https",
	 .exact = true,
	 .help = "where the scorer is asked, by POST"},
	{.name = "timeout",
	 .type = CONF_TIME,
	 .offset = offsetof(struct http_opts, timeout_us),
	 .fallback = "2s",
	 .min = 1e3,
	 .max = 3600e6,
	 .tunes = true,
	 .help = "for the whole call"},
	{.name = "headers",
	 .type = CONF_HEADERS,
	 .offset = offsetof(struct http_opts, headers),
	 .optional = true,
	 .help = "sent with it; env:NAME and file:/PATH are secrets"},
	{.name = "usd",
	 .type = CONF_USD,
	 .offset = offsetof(struct http_opts, usd_pusd),
	 .fallback = "0",
	 .min = 0,
	 .max = 1e18,
	 .tunes = true,
	 .help = "what one call costs, in USD"},
	VERIFY_BAND_KEY(struct http_opts, band),
	{.name = NULL},
};

static const char *warning(const void *opts)
{
	const struct http_opts *o = opts;

	for (size_t i = 0; i < o->headers.n; i++)
		if (o->headers.v[i].is_secret && conf_url_is_exposed(o->url))
			return "its secret headers cross the network in the "
			       "clear; use https";
	return NULL;
}

struct verification {
	const struct verify_case *c;
	const struct http_opts *opts;
	verify_done_fn *done;
	void *arg;
	struct buf body;
	struct fetch *fetch; /* NULL: could not be asked */
	int64_t start_us;
	bool is_out;
	struct verdict verdict;
};

/* ---- the route ----------------------------------------------------------- */

static bool is_named(const struct conf_headers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->v[i].name, name) == 0)
			return true;
	return false;
}

/* Whatever holds a secret is overwritten. */
static void free_lines(char **lines)
{
	for (size_t i = 0; lines[i]; i++) {
		digest_cleanse(lines[i], strlen(lines[i]));
		free(lines[i]);
	}
	free(lines);
}

static char **make_lines(const struct conf_headers *h)
{
	char **lines = mem_array(h->n + 3, sizeof(*lines));
	size_t n = 0;

	lines[n++] = mem_dup("Content-Type: application/json");
	if (!is_named(h, "user-agent"))
		lines[n++] = mem_dup("User-Agent: frugald/" FRUGALD_VERSION);
	for (size_t i = 0; i < h->n; i++) {
		assert(h->v[i].value); /* read by who asks somebody */
		lines[n++] = mem_printf("%s: %s", h->v[i].name, h->v[i].value);
	}
	return lines;
}

static int open_route(const void *opts, const struct conf *conf, void **state,
		      struct err *err)
{
	const struct http_opts *o = opts;
	char **lines = make_lines(&o->headers);
	struct fetch_target to = {
		.url = o->url,
		.headers = (const char *const *)lines,
	};

	(void)conf;
	*state = fetch_route_new(&to, err);
	free_lines(lines);
	return *state ? 0 : -1;
}

static void close_route(void *state)
{
	fetch_route_free(state);
}

/* ---- the verdict --------------------------------------------------------- */

static void fault(struct verification *v, const char *word, const char *detail)
{
	char text[300];

	v->verdict.kind = VERDICT_NONE;
	v->verdict.lack = LACK_FAULT;
	v->verdict.why = word;
	log_line(LOG_DEBUG, "run=%s verifier=http fault=%s status=%d detail=%s",
		 v->c->world->request_id, word,
		 v->fetch ? fetch_status(v->fetch) : 0,
		 log_value(text, sizeof(text), detail));
}

/* Nobody here wrote it: cut, quoted, and only for who asks for all. */
static void log_reason(const struct verification *v, struct span raw)
{
	char plain[REASON_MOST + 1], text[4 * REASON_MOST + 3], utf8[4];
	size_t n = 0, more, unit;

	if (log_level_get() < LOG_DEBUG)
		return;
	while (raw.n && n + sizeof(utf8) <= REASON_MOST) {
		unit = jtext_unit(raw, utf8, &more);
		memcpy(plain + n, utf8, more);
		n += more;
		raw = (struct span){raw.p + unit, raw.n - unit};
	}
	plain[n] = '\0';
	log_line(LOG_DEBUG, "run=%s verifier=http score=%.3f reason=%s",
		 v->c->world->request_id, v->verdict.score,
		 log_value(text, sizeof(text), plain));
}

static void score(struct verification *v, const struct verify_http_said *said)
{
	struct signal *s = arena_get(v->c->arena, sizeof(*s));

	*s = (struct signal){signal_name(SIGNAL_HTTP_SCORE), said->score};
	v->verdict.kind = VERDICT_SCORE;
	v->verdict.score = said->score;
	v->verdict.signals = s;
	v->verdict.n_signals = 1;
	log_reason(v, said->reason);
}

static void take(struct verification *v)
{
	struct verify_http_said said;

	verify_http_read(fetch_status(v->fetch), buf_span(fetch_body(v->fetch)),
			 &said);
	if (said.fault)
		fault(v, said.fault, said.detail);
	else
		score(v, &said);
}

static const char *word_of(enum err_kind kind)
{
	switch ((int)kind) {
	case ERR_CONNECT:
	case ERR_TLS:
	case ERR_TIMEOUT:
	case ERR_LIMIT:
		return err_kind_name(kind);
	default:
		return "broken";
	}
}

/* ---- the call ------------------------------------------------------------ */

static void end_call(struct verification *v, bool aborted)
{
	const struct verify_world *w = v->c->world;
	bool sent = fetch_was_sent(v->fetch);
	struct verify_call told = {
		.status = fetch_status(v->fetch),
		.fault = v->verdict.why,
		.connected = sent,
		.start_us = v->start_us,
		.total_us = now_us() - v->start_us,
		.cost_pusd = sent ? v->opts->usd_pusd : 0,
		.verifier = "http",
		.aborted = aborted,
	};

	v->is_out = false;
	v->verdict.us = told.total_us;
	v->verdict.cost_pusd = told.cost_pusd;
	w->call_ends(w->arg, &told);
}

static void report(void *arg)
{
	struct verification *v = arg;

	v->done(v->arg, &v->verdict);
}

static void on_done(void *arg, struct fetch *f, const struct err *why)
{
	struct verification *v = arg;

	/* A redirect, or an error page that breaks off. */
	if (why && fetch_status(f) < 300)
		fault(v, word_of(why->kind), why->text);
	else
		take(v);
	end_call(v, false);
	report(v);
}

/* Both are JSON that was read: they stand there as they came. */
static int write_question(struct verification *v)
{
	const struct verify_case *c = v->c;
	struct buf *b = &v->body;
	size_t most = FRAME_BYTES + c->request->body.n + c->reply_bytes.n;

	buf_init(b, most);
	buf_reserve(b, most);
	buf_addf(b, "{\"request_id\": \"%s\", \"cascade\": \"",
		 c->world->request_id);
	jtext_escape(span_of(c->world->cascade), b);
	buf_adds(b, "\", \"request\": ");
	buf_add_span(b, c->request->body);
	buf_adds(b, ", \"reply\": ");
	buf_add_span(b, c->reply_bytes);
	return buf_adds(b, "}");
}

static int64_t time_left(const struct verification *v)
{
	int64_t left = v->c->until_us - v->start_us;

	if (left > v->opts->timeout_us)
		return v->opts->timeout_us;
	return left > 1 ? left : 1;
}

static void ask(struct verification *v)
{
	static const struct fetch_ops ops = {.on_done = on_done};
	const struct verify_world *w = v->c->world;
	struct fetch_ask q = {
		.route = v->c->state,
		.body = buf_span(&v->body),
		.request_id = w->request_id,
		.total_us = time_left(v),
		.max_body = ANSWER_MOST,
	};

	v->fetch = fetch_start(w->client, &q, &ops, v, NULL);
	if (!v->fetch)
		return;
	v->is_out = true;
	w->call_begins(w->arg);
}

static struct verification *start(const struct verify_case *c, const void *opts,
				  verify_done_fn *done, void *arg)
{
	struct verification *v = arena_get(c->arena, sizeof(*v));

	v->c = c;
	v->opts = opts;
	v->done = done;
	v->arg = arg;
	v->start_us = now_us();
	v->verdict.verifier = "http";
	if (write_question(v) == 0)
		ask(v);
	if (!v->is_out) {
		fault(v, "internal", "it could not be asked");
		loop_defer(c->loop, report, v);
	}
	return v;
}

static void free_verification(struct verification *v)
{
	if (!v)
		return;
	loop_undefer(v->c->loop, report, v);
	if (v->is_out)
		end_call(v, true);
	fetch_free(v->fetch);
	buf_release(&v->body);
}

/* ---- the table ----------------------------------------------------------- */

static struct conf_range band(const void *opts)
{
	return ((const struct http_opts *)opts)->band;
}

static int64_t price(const struct verify_case *c, const void *opts)
{
	(void)c;
	return ((const struct http_opts *)opts)->usd_pusd;
}

const struct verifier *verify_http(void)
{
	static const struct verify_asks asks = {
		.band = band,
		.price = price,
		.score = {SIGNAL_HTTP_SCORE},
		.n_score = 1,
	};
	static const struct verifier v = {
		.conf = {.name = "http",
			 .keys = keys,
			 .opts_size = sizeof(struct http_opts),
			 .warning = warning},
		.gives_score = true,
		.open = open_route,
		.close = close_route,
		.start = start,
		.free = free_verification,
		.asks = &asks,
	};

	return &v;
}
