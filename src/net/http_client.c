/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one HTTP request to a backend, on libcurl.
 *
 * libcurl's callbacks and the deadline only write into the fetch and put it
 * on the client's list of news; a deferred call walks that list and tells the
 * owners. A fetch is under way (in the pump), then ended (it has left the
 * pump, its result is known, its owner may not have heard), then told.
 */
#include "net/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/mem.h"
#include "base/now.h"
#include "evt/deadline.h"
#include "net/fetch_route.h"
#include "net/pump.h"
#include "net/reply_head.h"

#define READ_SIZE  16384L	 /* libcurl's buffer of a running transfer */
#define GUESS_MOST (1024 * 1024) /* reserved because a length was announced */
#define POOL_MOST  256		 /* handles kept for reuse */
#define MAX_LIFE_S 3600L	 /* of a connection */
#define ID_MOST	   64

struct fetch {
	struct pump_job job; /* first: a job is its fetch */
	struct http_client *client;
	uint64_t serial; /* of the route whose options the handle has */
	struct curl_slist id_line; /* in front of the route's headers */
	char id_text[sizeof("x-request-id: ") + ID_MOST];
	char curl_text[CURL_ERROR_SIZE];

	/* What follows is of this request and zero before it. */
	struct fetch_ask ask;
	const struct fetch_ops *ops;
	void *arg;
	struct fetch *prev, *next; /* on the list of news, or in the pool */
	struct deadline deadline;
	int64_t start_us;
	int64_t first_byte_us; /* since start */
	int64_t last_us;       /* when bytes came, or a hold ended */

	struct reply_head head;
	size_t got; /* bytes of body so far */
	struct buf body;

	bool paused;
	bool held;
	bool ended;
	bool on_news;
	bool told_head;
	bool told_done;
	struct err err;
};

struct http_client {
	struct loop *loop;
	struct pump *pump;
	struct fetch *news;
	struct fetch *telling; /* NULL once its owner has freed it */
	bool walk_deferred;
	struct fetch *pool;
	size_t n_pool;
	size_t n_live;
};

/* --- News ---------------------------------------------------------------- */

static void news_walk(void *arg);

static void news_add(struct fetch *f)
{
	struct http_client *c = f->client;

	if (!f->on_news)
		DL_APPEND(c->news, f);
	f->on_news = true;
	if (!c->walk_deferred)
		loop_defer(c->loop, news_walk, c);
	c->walk_deferred = true;
}

static void news_drop(struct fetch *f)
{
	if (f->on_news)
		DL_DELETE(f->client->news, f);
	f->on_news = false;
}

/* --- The four times; connect_us is libcurl's to keep --------------------- */

static int64_t earlier(int64_t due, int64_t from, int64_t wait)
{
	return wait > 0 && wait < due - from ? from + wait : due;
}

static int64_t next_due(const struct fetch *f)
{
	int64_t due = earlier(INT64_MAX, f->start_us, f->ask.total_us);

	if (!f->head.is_final)
		due = earlier(due, f->start_us, f->ask.first_byte_us);
	else if (!f->held)
		due = earlier(due, f->last_us, f->ask.idle_us);
	return due;
}

static void arm(struct fetch *f);

static void end(struct fetch *f)
{
	deadline_clear(&f->deadline);
	f->ended = true;
	news_add(f);
}

static void time_passed(void *arg)
{
	struct fetch *f = arg;
	int64_t now = loop_now_us(f->client->loop);
	const char *what = "no whole reply";
	int64_t limit = f->ask.total_us;

	if (next_due(f) > now) {
		arm(f);
		return;
	}
	if (now - f->start_us < limit || limit == 0) {
		what = f->head.is_final ? "no further byte" : "no reply";
		limit = f->head.is_final ? f->ask.idle_us
					 : f->ask.first_byte_us;
	}
	err_set(&f->err, ERR_TIMEOUT, "%s within %" PRId64 " ms", what,
		limit / 1000);
	pump_remove(f->client->pump, &f->job);
	end(f);
}

/* A deadline that is already earlier may stay: when it comes, it looks again.
 * So the bytes of a stream only note the time. */
static void arm(struct fetch *f)
{
	int64_t due = next_due(f);

	if (due == INT64_MAX)
		return;
	if (!deadline_is_set(&f->deadline) || due < f->deadline.at_us)
		deadline_set(&f->deadline, f->client->loop, due, time_passed,
			     f);
}

/* --- Inside libcurl's callbacks: note, judge, never call the owner ------- */

static int too_large(struct fetch *f)
{
	return err_set(&f->err, ERR_LIMIT, "the reply is larger than %zu bytes",
		       f->ask.max_body);
}

/* The head is whole. */
static int note_head(struct fetch *f)
{
	size_t most = f->ask.max_body;

	if (f->head.has_length && most && f->head.length > most)
		return too_large(f);
	f->last_us = now_us();
	f->first_byte_us = f->last_us - f->start_us;
	arm(f);
	if (f->ops->on_head)
		news_add(f);
	return 0;
}

static int note_line(struct fetch *f, struct span line)
{
	bool had_head = f->head.is_final;

	if (reply_head_line(&f->head, line, &f->err) < 0)
		return -1;
	return f->head.is_final && !had_head ? note_head(f) : 0;
}

static size_t take_line(char *p, size_t size, size_t n, void *arg)
{
	(void)size;
	return n && note_line(arg, (struct span){p, n}) == 0 ? n : 0;
}

static int note_body(struct fetch *f, struct span bytes)
{
	size_t most = f->ask.max_body;

	if (!f->head.is_final)
		return err_set(&f->err, ERR_UPSTREAM, "a body without a head");
	if (most && bytes.n > most - f->got)
		return too_large(f);
	if (!f->ops->on_data && f->got == 0 && f->head.has_length)
		buf_reserve(&f->body, f->head.length < GUESS_MOST
					      ? (size_t)f->head.length
					      : GUESS_MOST);
	if (buf_add_span(&f->body, bytes) < 0)
		return err_set(&f->err, ERR_SYS, "no memory for the reply");
	f->got += bytes.n;
	f->last_us = loop_now_us(f->client->loop);
	if (f->ops->on_data && !f->held)
		news_add(f);
	return 0;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;

	(void)size;
	/* Not only when held: libcurl reads a hundred times in one go from a
	 * peer that is fast, long before the owner can say hold. */
	if (f->ops->on_data && f->body.n + n > HTTP_CLIENT_HOLD) {
		f->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	return note_body(f, (struct span){p, n}) == 0 ? n : 0;
}

/* --- Telling the owner --------------------------------------------------- */

/* The bytes are taken out for the call, so that they outlive a fetch freed in
 * it. */
static void tell_data(struct http_client *c, struct fetch *f)
{
	struct buf bytes = f->body;

	buf_init(&f->body, 0);
	f->ops->on_data(f->arg, f, buf_span(&bytes));
	if (c->telling == f) {
		buf_clear(&bytes);
		f->body = bytes;
	} else {
		buf_release(&bytes);
	}
}

/* libcurl may call take_body() from here, and so make news. When that refuses
 * the bytes they are lost, but the transfer would go on. */
static void resume(struct fetch *f)
{
	CURLcode rc;

	f->paused = false;
	rc = curl_easy_pause(f->job.easy, CURLPAUSE_CONT);
	if (rc == CURLE_OK)
		return;
	err_set(&f->err, ERR_UPSTREAM, "%s", curl_easy_strerror(rc));
	pump_remove(f->client->pump, &f->job);
	end(f);
}

/* Each call may free f, and then telling is no longer f. */
static void tell(struct http_client *c, struct fetch *f)
{
	const struct fetch_ops *ops = f->ops;

	if (f->head.is_final && !f->told_head) {
		f->told_head = true;
		if (ops->on_head)
			ops->on_head(f->arg, f);
		if (c->telling != f)
			return;
	}
	if (ops->on_data && !f->held && f->body.n) {
		tell_data(c, f);
		if (c->telling != f)
			return;
	}
	if (f->paused && !f->held && !f->ended)
		resume(f);
	if (!f->ended || f->told_done || (ops->on_data && f->body.n))
		return; /* perhaps resume() has made more news */
	f->told_done = true;
	ops->on_done(f->arg, f, err_is_set(&f->err) ? &f->err : NULL);
}

static void news_walk(void *arg)
{
	struct http_client *c = arg;
	struct fetch *f;

	while ((f = c->news)) {
		news_drop(f);
		c->telling = f;
		tell(c, f);
		c->telling = NULL;
	}
	c->walk_deferred = false;
}

/* --- The end of a transfer ----------------------------------------------- */

static enum err_kind kind_of(const struct fetch *f, CURLcode result)
{
	switch (result) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return ERR_TLS;
	default:
		return f->job.sends ? ERR_UPSTREAM : ERR_CONNECT;
	}
}

static void transfer_done(struct pump_job *job, CURLcode result)
{
	struct fetch *f = (struct fetch *)(void *)job;
	const char *text = pump_refusal(job);

	if (f->job.sends || !text)
		text = f->curl_text[0] ? f->curl_text
				       : curl_easy_strerror(result);
	if (result != CURLE_OK)
		err_set(&f->err, kind_of(f, result), "%s", text);
	else if (!f->head.is_final)
		err_set(&f->err, ERR_UPSTREAM, "a reply without a head");
	end(f);
}

/* --- Handles ------------------------------------------------------------- */

#define SET(f, option, value)                                                  \
	(curl_easy_setopt((f)->job.easy, (option), (value)) != CURLE_OK)

/* What is the same for every request. */
static bool set_constants(struct fetch *f)
{
	return SET(f, CURLOPT_WRITEFUNCTION, take_body) ||
	       SET(f, CURLOPT_WRITEDATA, f) ||
	       SET(f, CURLOPT_HEADERFUNCTION, take_line) ||
	       SET(f, CURLOPT_HEADERDATA, f) ||
	       SET(f, CURLOPT_ERRORBUFFER, f->curl_text) ||
	       SET(f, CURLOPT_PROTOCOLS_STR, "http,https") ||
	       SET(f, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
	       SET(f, CURLOPT_FOLLOWLOCATION, 0L) ||
	       SET(f, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
	       SET(f, CURLOPT_NOPROXY, "") ||
	       SET(f, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) ||
	       SET(f, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
	       SET(f, CURLOPT_SSL_VERIFYPEER, 1L) ||
	       SET(f, CURLOPT_SSL_VERIFYHOST, 2L) ||
	       SET(f, CURLOPT_NOSIGNAL, 1L) ||
	       SET(f, CURLOPT_TCP_NODELAY, 1L) ||
	       SET(f, CURLOPT_TCP_KEEPALIVE, 1L) ||
	       SET(f, CURLOPT_MAXLIFETIME_CONN, MAX_LIFE_S) ||
	       SET(f, CURLOPT_BUFFERSIZE, READ_SIZE) ||
	       /* Else a handle removed while its name is looked up would
		* wait for the look-up. */
	       SET(f, CURLOPT_QUICK_EXIT, 1L);
}

static bool set_route(struct fetch *f, const struct fetch_route *r)
{
	if (f->serial == fetch_route_serial(r))
		return false;
	f->serial = 0;
	if (fetch_route_apply(r, f->job.easy) < 0)
		return true;
	f->serial = fetch_route_serial(r);
	return false;
}

static struct curl_slist *header_list(struct fetch *f,
				      const struct fetch_ask *ask)
{
	static const char id_bytes[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._-";
	size_t n;

	if (!ask->request_id)
		return fetch_route_headers(ask->route);
	n = strlen(ask->request_id);
	assert(n <= ID_MOST && strspn(ask->request_id, id_bytes) == n);
	snprintf(f->id_text, sizeof(f->id_text), "x-request-id: %s",
		 ask->request_id);
	f->id_line.data = f->id_text;
	f->id_line.next = fetch_route_headers(ask->route);
	return &f->id_line;
}

/* For this fetch only: the next one of the handle sets its route anew. */
static bool set_query(struct fetch *f, const struct fetch_ask *ask)
{
	char *url;
	bool failed;

	if (!ask->query)
		return false;
	url = mem_printf("%s?%s", fetch_route_url(ask->route), ask->query);
	f->serial = 0;
	failed = SET(f, CURLOPT_CURLU, NULL) || SET(f, CURLOPT_URL, url);
	free(url);
	return failed;
}

static bool set_request(struct fetch *f, const struct fetch_ask *ask)
{
	if (set_route(f, ask->route) || set_query(f, ask) ||
	    SET(f, CURLOPT_HTTPHEADER, header_list(f, ask)))
		return true;
	if (!ask->body.p)
		return SET(f, CURLOPT_HTTPGET, 1L);
	return SET(f, CURLOPT_POSTFIELDS, ask->body.p) ||
	       SET(f, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.n);
}

static struct fetch *handle_new(struct http_client *c, struct err *err)
{
	struct fetch *f = mem_new(sizeof(*f));

	f->client = c;
	if (pump_job_init(c->pump, &f->job, err) < 0) {
		free(f);
		return NULL;
	}
	if (set_constants(f)) {
		err_set(err, ERR_SYS, "libcurl refuses an option");
		curl_easy_cleanup(f->job.easy);
		free(f);
		return NULL;
	}
	return f;
}

static void handle_free(struct fetch *f)
{
	curl_easy_cleanup(f->job.easy);
	free(f);
}

static struct fetch *pool_get(struct http_client *c, struct err *err)
{
	struct fetch *f = c->pool;

	if (!f)
		return handle_new(c, err);
	DL_DELETE(c->pool, f);
	c->n_pool--;
	memset(&f->ask, 0, sizeof(*f) - offsetof(struct fetch, ask));
	f->curl_text[0] = '\0';
	return f;
}

/* Only what ended well is used again: libcurl counts its retries over the
 * whole life of a handle and gives up at the fifth. */
static void pool_put(struct fetch *f)
{
	struct http_client *c = f->client;
	bool well = f->ended && !err_is_set(&f->err) && f->job.sends == 1;

	if (!well || c->n_pool == POOL_MOST) {
		handle_free(f);
		return;
	}
	DL_PREPEND(c->pool, f);
	c->n_pool++;
}

/* --- Public -------------------------------------------------------------- */

int http_client_global_init(struct err *err)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (rc != CURLE_OK)
		return err_set(err, ERR_SYS, "libcurl: %s",
			       curl_easy_strerror(rc));
	if (!(v->features & CURL_VERSION_ASYNCHDNS) ||
	    !(v->features & CURL_VERSION_SSL)) {
		curl_global_cleanup();
		return err_set(err, ERR_SYS,
			       "libcurl %s has no TLS or blocks on names",
			       v->version);
	}
	return 0;
}

void http_client_global_release(void)
{
	curl_global_cleanup();
}

struct http_client *http_client_new(struct loop *l, struct err *err)
{
	struct http_client *c = mem_new(sizeof(*c));
	struct fetch *f;

	c->loop = l;
	c->pump = pump_new(l, transfer_done);
	/* The first handle shows whether libcurl knows all the options. */
	f = handle_new(c, err);
	if (!f) {
		http_client_free(c);
		return NULL;
	}
	handle_free(f);
	return c;
}

void http_client_free(struct http_client *c)
{
	struct fetch *f, *next;

	if (!c)
		return;
	assert(c->n_live == 0 && !c->news);
	DL_FOREACH_SAFE (c->pool, f, next)
		handle_free(f);
	pump_free(c->pump);
	loop_undefer(c->loop, news_walk, c);
	free(c);
}

struct fetch *fetch_start(struct http_client *c, const struct fetch_ask *ask,
			  const struct fetch_ops *ops, void *arg,
			  struct err *err)
{
	struct fetch *f = pool_get(c, err);

	if (!f)
		return NULL;
	f->ask = *ask;
	f->ops = ops;
	f->arg = arg;
	f->start_us = now_us();
	if (set_request(f, ask)) {
		err_set(err, ERR_SYS, "libcurl refuses an option");
		handle_free(f);
		return NULL;
	}
	if (pump_add(c->pump, &f->job, err) < 0) {
		handle_free(f);
		return NULL;
	}
	c->n_live++;
	arm(f);
	return f;
}

void fetch_free(struct fetch *f)
{
	struct http_client *c;

	if (!f)
		return;
	c = f->client;
	if (f->job.shard)
		pump_remove(c->pump, &f->job);
	deadline_clear(&f->deadline);
	news_drop(f);
	if (c->telling == f)
		c->telling = NULL;
	buf_release(&f->body);
	c->n_live--;
	pool_put(f);
}

int fetch_status(const struct fetch *f)
{
	return f->head.status;
}

const char *fetch_header(const struct fetch *f, const char *name)
{
	struct curl_header *h;

	if (!f->head.is_final ||
	    curl_easy_header(f->job.easy, name, 0, CURLH_HEADER, -1, &h) !=
		    CURLHE_OK)
		return NULL;
	return h->value;
}

struct buf *fetch_body(struct fetch *f)
{
	return &f->body;
}

int64_t fetch_first_byte_us(const struct fetch *f)
{
	return f->first_byte_us;
}

void fetch_hold(struct fetch *f, bool hold)
{
	if (f->held == hold)
		return;
	f->held = hold;
	if (hold)
		return;
	f->last_us = loop_now_us(f->client->loop);
	if (f->job.shard)
		arm(f);
	if (f->body.n || f->paused || f->ended)
		news_add(f);
}
