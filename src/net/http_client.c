/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one HTTP request to a backend.
 *
 * The request goes out, and the reply comes in, on a connection of the pool.
 * What happens there, and the deadline, only write into the fetch and put it
 * on the client's list of news; a deferred call walks that list and tells the
 * owners. A fetch is under way (it has a connection), then ended (it has none,
 * its result is known, its owner may not have heard), then told.
 */
#include "net/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

#include "base/mem.h"
#include "base/now.h"
#include "evt/deadline.h"
#include "net/fetch_pool.h"
#include "net/fetch_route.h"
#include "net/reply.h"

#define READ_SIZE  65536	 /* taken from a connection at once */
#define READS_MOST 4		 /* in one go, then others have their turn */
#define COPY_MOST  16384	 /* of a body, to go out with the head */
#define GUESS_MOST (1024 * 1024) /* reserved because a length was announced */
#define ID_MOST	   64

struct fetch {
	struct http_client *client;
	struct fetch_ask ask;
	char id[ID_MOST + 1]; /* ask.request_id */
	char *query;	      /* ask.query */
	const struct fetch_ops *ops;
	void *arg;
	struct fetch *prev, *next; /* on the list of news */
	struct deadline deadline;
	int64_t start_us;
	int64_t first_byte_us; /* since start */
	int64_t last_us;       /* when bytes came, or a hold ended */

	struct fetch_conn *conn; /* NULL: ended */
	bool is_kept;		 /* others have used conn before */
	bool was_sent;		 /* of the request a byte may have gone out */
	struct buf out;		 /* the head, and the body up to COPY_MOST */
	size_t head_n;		 /* of out, the head */
	size_t n_sent;		 /* of head and body */
	bool is_out;		 /* all of them, and out is empty */
	struct err send_err;	 /* a reply may have come all the same */

	struct reply reply;
	size_t got; /* bytes of body so far */
	struct buf body;

	bool unread; /* we stopped reading though there may be more */
	bool held;
	bool ended;
	bool on_news;
	bool told_head;
	bool told_done;
	struct err err;
};

struct http_client {
	struct loop *loop;
	struct fetch_pool *pool;
	struct fetch *news;
	size_t n_news;
	struct fetch *telling; /* NULL once its owner has freed it */
	bool walk_deferred;
	size_t n_live;
	char in[READ_SIZE]; /* what was just read, of whatever fetch */
};

/* --- News ---------------------------------------------------------------- */

static void news_walk(void *arg);

static void news_defer(struct http_client *c)
{
	if (!c->walk_deferred)
		loop_defer(c->loop, news_walk, c);
	c->walk_deferred = true;
}

static void news_add(struct fetch *f)
{
	struct http_client *c = f->client;

	if (!f->on_news) {
		DL_APPEND(c->news, f);
		c->n_news++;
	}
	f->on_news = true;
	news_defer(c);
}

static void news_drop(struct fetch *f)
{
	if (f->on_news) {
		DL_DELETE(f->client->news, f);
		f->client->n_news--;
	}
	f->on_news = false;
}

/* --- The end ------------------------------------------------------------- */

/* Keys are in it. */
static void release_out(struct fetch *f)
{
	if (f->out.p)
		explicit_bzero(f->out.p, f->out.room);
	buf_release(&f->out);
}

/* A connection is used again when both sides have said all that was to be
 * said on it, and nothing else. */
static void end(struct fetch *f, bool reusable)
{
	deadline_clear(&f->deadline);
	if (reusable && f->is_out && f->reply.head.keeps)
		fetch_pool_keep(f->client->pool, f->conn);
	else
		fetch_conn_free(f->conn);
	f->conn = NULL;
	release_out(f);
	f->ended = true;
	news_add(f);
}

static void fail(struct fetch *f, const struct err *why)
{
	err_set(&f->err, why->kind, "%s", why->text);
	end(f, false);
}

/* --- The four times; connect_us is libcurl's to keep --------------------- */

static int64_t earlier(int64_t due, int64_t from, int64_t wait)
{
	return wait > 0 && wait < due - from ? from + wait : due;
}

static int64_t next_due(const struct fetch *f)
{
	int64_t due = earlier(INT64_MAX, f->start_us, f->ask.total_us);

	if (!f->reply.head.is_final)
		due = earlier(due, f->start_us, f->ask.first_byte_us);
	else if (!f->held)
		due = earlier(due, f->last_us, f->ask.idle_us);
	return due;
}

static void arm(struct fetch *f);

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
		what = f->reply.head.is_final ? "no further byte" : "no reply";
		limit = f->reply.head.is_final ? f->ask.idle_us
					       : f->ask.first_byte_us;
	}
	err_set(&f->err, ERR_TIMEOUT, "%s within %" PRId64 " ms", what,
		limit / 1000);
	end(f, false);
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

/* --- The reply ----------------------------------------------------------- */

static int too_large(struct fetch *f)
{
	return err_set(&f->err, ERR_LIMIT, "the reply is larger than %zu bytes",
		       f->ask.max_body);
}

/* The head is whole. */
static int note_head(struct fetch *f)
{
	const struct reply_head *h = &f->reply.head;
	size_t most = f->ask.max_body;

	if (h->has_length && most && h->length > most)
		return too_large(f);
	f->last_us = now_us();
	f->first_byte_us = f->last_us - f->start_us;
	arm(f);
	if (f->ops->on_head)
		news_add(f);
	return 0;
}

static int note_body(struct fetch *f, struct span bytes)
{
	const struct reply_head *h = &f->reply.head;
	size_t most = f->ask.max_body;

	if (most && bytes.n > most - f->got)
		return too_large(f);
	if (!f->ops->on_data && f->got == 0 && h->has_length)
		buf_reserve(&f->body, h->length < GUESS_MOST ? (size_t)h->length
							     : GUESS_MOST);
	if (buf_add_span(&f->body, bytes) < 0)
		return err_set(&f->err, ERR_SYS, "no memory for the reply");
	f->got += bytes.n;
	f->last_us = loop_now_us(f->client->loop);
	if (f->ops->on_data && !f->held)
		news_add(f);
	return 0;
}

/* Takes bytes up to the end of the reply. */
static int take(struct fetch *f, struct span *in)
{
	struct span bytes;
	bool had_head;

	while (in->n && !reply_is_whole(&f->reply)) {
		had_head = f->reply.head.is_final;
		if (reply_take(&f->reply, in, &bytes, &f->err) < 0)
			return -1;
		if (f->reply.head.is_final && !had_head && note_head(f) < 0)
			return -1;
		if (bytes.n && note_body(f, bytes) < 0)
			return -1;
	}
	return 0;
}

static void retry(struct fetch *f);

/* why is NULL when the peer has closed in good order. */
static void broke_off(struct fetch *f, const struct err *why)
{
	struct err own = {0};

	if (f->is_kept && !f->reply.begun) {
		retry(f);
		return;
	}
	if (!why)
		why = reply_close(&f->reply, &own) < 0 ? &own : NULL;
	if (why)
		fail(f, why);
	else
		end(f, false);
}

/* How much may be read. Bounded not only when held: a fast peer has sent it
 * all long before the owner can say hold. A head is not held. */
static size_t room(const struct fetch *f)
{
	if (!f->ops->on_data)
		return READ_SIZE;
	if ((f->held && f->reply.head.is_final) ||
	    f->body.n >= HTTP_CLIENT_HOLD)
		return 0;
	return HTTP_CLIENT_HOLD - f->body.n;
}

static void took(struct fetch *f, struct span in)
{
	if (take(f, &in) < 0)
		end(f, false);
	else if (reply_is_whole(&f->reply))
		end(f, in.n == 0);
}

/* Reads once. True: there may be more. */
static bool read_once(struct fetch *f, size_t most)
{
	char *in = f->client->in;
	struct err why = f->send_err;
	size_t n;

	switch (fetch_conn_recv(f->conn, in, most, &n, &why)) {
	case FETCH_IO_AGAIN:
		if (err_is_set(&why))
			broke_off(f, &why);
		return false;
	case FETCH_IO_END:
		broke_off(f, err_is_set(&why) ? &why : NULL);
		return false;
	case FETCH_IO_FAULT:
		broke_off(f, &why);
		return false;
	case FETCH_IO_SOME:
		break;
	}
	took(f, (struct span){in, n});
	return !f->ended && (!f->conn->is_plain || n == most);
}

static void read_on(struct fetch *f)
{
	bool more = true;
	size_t most;
	int i;

	f->unread = false;
	for (i = 0; more && i < READS_MOST && (most = room(f)) > 0; i++)
		more = read_once(f, most);
	if (!more)
		return;
	f->unread = true;
	if (!f->held)
		news_add(f);
}

/* --- The request --------------------------------------------------------- */

/* A small body goes out with the head, a large one is not copied whole. */
static int write_request(struct fetch *f)
{
	const struct fetch_ask *ask = &f->ask;
	struct fetch_line line = {ask->body.p != NULL, ask->body.n, ask->query,
				  ask->request_id};
	size_t n = ask->body.n < COPY_MOST ? ask->body.n : COPY_MOST;

	f->n_sent = 0;
	f->is_out = false;
	buf_clear(&f->out);
	/* Room for all of it: what grows leaves copies behind. */
	buf_reserve(&f->out, n + 512 + fetch_route_bytes(ask->route) +
				     (ask->query ? strlen(ask->query) : 0));
	if (fetch_route_write(ask->route, &line, &f->out) < 0)
		return -1;
	f->head_n = f->out.n;
	return buf_add(&f->out, ask->body.p, n);
}

static struct span next_out(const struct fetch *f)
{
	struct span body = f->ask.body;
	size_t n = f->n_sent;

	if (n < f->out.n)
		return (struct span){f->out.p + n, f->out.n - n};
	n -= f->head_n;
	return (struct span){body.p + n, body.n - n};
}

static void send_on(struct fetch *f)
{
	enum fetch_io io = FETCH_IO_SOME;
	struct span s;
	size_t n;

	f->was_sent = true;
	while (io == FETCH_IO_SOME && (s = next_out(f)).n) {
		io = fetch_conn_send(f->conn, s, &n, &f->send_err);
		f->n_sent += n;
	}
	if (io != FETCH_IO_SOME)
		return;
	f->is_out = true;
	release_out(f);
}

/* While nobody may read, not even the end of a connection is waited for: it
 * would be reported again and again. */
static uint32_t awaited(struct fetch *f)
{
	bool sends = !f->is_out && !err_is_set(&f->send_err);

	f->unread |= room(f) == 0;
	return (room(f) ? EPOLLIN : 0u) | (sends ? EPOLLOUT : 0u);
}

/* Sends what can be sent, and has itself called for what is left to do. When
 * sending has failed, the peer may have said why before it closed. */
static void go_on(struct fetch *f)
{
	if (!f->is_out && !err_is_set(&f->send_err))
		send_on(f);
	if (fetch_conn_watch(f->conn, awaited(f), &f->send_err) < 0 ||
	    err_is_set(&f->send_err))
		read_on(f);
}

static void on_open(void *arg, const struct err *why)
{
	static const struct err no_memory = {ERR_SYS, "no memory"};
	struct fetch *f = arg;
	struct err own = why ? *why : (struct err){0};

	if (why && why->kind == ERR_CONNECT && f->was_sent)
		own.kind = ERR_UPSTREAM; /* not nothing was sent */
	if (!why && write_request(f) < 0)
		own = no_memory;
	if (err_is_set(&own))
		fail(f, &own);
	else
		go_on(f);
}

/* go_on() may end a fetch, or give it another connection. */
static bool can_read(const struct fetch *f)
{
	return !f->ended && f->conn->is_open;
}

static void on_ready(void *arg, uint32_t events)
{
	struct fetch *f = arg;

	if (!f->is_out || room(f) == 0)
		go_on(f);
	if ((events & ~(uint32_t)EPOLLOUT) && can_read(f))
		read_on(f);
}

static const struct fetch_conn_ops conn_ops = {on_open, on_ready};

/* A kept connection has turned out to be dead: once more, on a new one. */
static void retry(struct fetch *f)
{
	struct err why = {0};

	fetch_conn_free(f->conn);
	f->is_kept = false;
	f->unread = false;
	f->send_err = (struct err){0};
	f->conn = fetch_pool_open(f->client->pool, f->ask.route, &conn_ops, f,
				  &why);
	if (!f->conn)
		fail(f, &why);
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

/* Makes news, if any, for the next walk: the head is told before the end. */
static void read_again(struct fetch *f)
{
	go_on(f);
	if (can_read(f))
		read_on(f);
}

/* Each call may free f, and then telling is no longer f. */
static void tell(struct http_client *c, struct fetch *f)
{
	const struct fetch_ops *ops = f->ops;

	if (f->reply.head.is_final && !f->told_head) {
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
	if (f->unread && can_read(f) && room(f) > 0) {
		read_again(f);
		return;
	}
	if (!f->ended || f->told_done || (ops->on_data && f->body.n))
		return;
	f->told_done = true;
	ops->on_done(f->arg, f, err_is_set(&f->err) ? &f->err : NULL);
}

/* What is new by then waits for the next walk, so that others have their
 * turn. */
static void news_walk(void *arg)
{
	struct http_client *c = arg;
	size_t n = c->n_news;
	struct fetch *f;

	while (n-- > 0 && (f = c->news)) {
		news_drop(f);
		c->telling = f;
		tell(c, f);
		c->telling = NULL;
	}
	c->walk_deferred = false;
	if (c->news)
		news_defer(c);
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

	c->loop = l;
	c->pool = fetch_pool_new(l, err);
	if (c->pool)
		return c;
	free(c);
	return NULL;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	assert(c->n_live == 0 && !c->news);
	fetch_pool_free(c->pool);
	loop_undefer(c->loop, news_walk, c);
	free(c);
}

static void set_ask(struct fetch *f, const struct fetch_ask *ask)
{
	static const char id_bytes[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._-";
	const char *id = ask->request_id;
	size_t n = id ? strlen(id) : 0;

	f->ask = *ask;
	if (!ask->body.p)
		f->ask.body.n = 0;
	assert(n <= ID_MOST && (!id || strspn(id, id_bytes) == n));
	if (id)
		f->ask.request_id = memcpy(f->id, id, n);
	f->ask.query = f->query = mem_dup(ask->query);
}

static int take_conn(struct fetch *f, struct err *err)
{
	struct fetch_pool *pool = f->client->pool;
	const struct fetch_route *route = f->ask.route;

	f->conn = fetch_pool_find(pool, route, &conn_ops, f);
	f->is_kept = f->conn != NULL;
	if (!f->conn)
		f->conn = fetch_pool_open(pool, route, &conn_ops, f, err);
	return f->conn ? 0 : -1;
}

struct fetch *fetch_start(struct http_client *c, const struct fetch_ask *ask,
			  const struct fetch_ops *ops, void *arg,
			  struct err *err)
{
	struct fetch *f = mem_new(sizeof(*f));

	f->client = c;
	set_ask(f, ask);
	f->ops = ops;
	f->arg = arg;
	f->start_us = now_us();
	if (take_conn(f, err) < 0) {
		free(f->query);
		free(f);
		return NULL;
	}
	c->n_live++;
	arm(f);
	if (f->is_kept)
		on_open(f, NULL);
	return f;
}

void fetch_free(struct fetch *f)
{
	struct http_client *c;

	if (!f)
		return;
	c = f->client;
	fetch_conn_free(f->conn);
	deadline_clear(&f->deadline);
	news_drop(f);
	if (c->telling == f)
		c->telling = NULL;
	reply_release(&f->reply);
	release_out(f);
	buf_release(&f->body);
	c->n_live--;
	free(f->query);
	free(f);
}

int fetch_status(const struct fetch *f)
{
	return f->reply.head.status;
}

const char *fetch_header(const struct fetch *f, const char *name)
{
	return reply_field_find(&f->reply, name);
}

struct buf *fetch_body(struct fetch *f)
{
	return &f->body;
}

bool fetch_was_sent(const struct fetch *f)
{
	return f->was_sent;
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
	if (!f->ended)
		arm(f);
	if (f->body.n || f->unread || f->ended)
		news_add(f);
}
