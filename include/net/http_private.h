/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the four parts of the HTTP server share; nobody else includes this.
 *
 *   http_server   accepts, runs the library, reports to the owner, drains
 *   http_conn     one connection: notices that it is slow or gone
 *   http_request  one request: takes head and body in, knows when it is over
 *   http_answer   what is sent for it
 *
 * The library's callbacks never call the owner, but for on_head(). They leave
 * news at a request; http_server tells them when the library has returned.
 */
#ifndef NET_HTTP_PRIVATE_H
#define NET_HTTP_PRIVATE_H

#include <microhttpd.h>

#include "evt/deadline.h"
#include "evt/loop.h"
#include "net/http_guard.h"
#include "net/http_server.h"

/* One daemon of the library. It walks all its suspended connections whenever
 * one is resumed, so there are several, each of few connections. */
struct http_shard {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	struct watch *watch; /* of the daemon's epoll set */
	unsigned n_conns;
	bool is_due; /* MHD_run() has something to do */
};

struct http_server {
	struct loop *loop;
	int listen_fd; /* borrowed */
	struct http_server_limits limits;
	struct http_server_ops ops;
	void *arg;

	struct watch *listener;	 /* NULL: not accepting now */
	struct deadline starved; /* set: no descriptors, accept again then */
	struct http_shard **shards;
	size_t n_shards;
	struct http_conn *conns; /* all */
	unsigned n_conns;

	struct http_request *news; /* those with something to report */
	struct deadline again;	   /* the library is not done, next turn */
	struct deadline tick;
	bool is_turn_due; /* the turn is deferred */
	bool in_turn;
	bool is_draining;
	bool is_ending; /* http_server_free() is at work */
};

/* Runs the library and tells the news, later on this turn of the loop. */
void http_server_wake(struct http_server *s);
/* A connection came into the world or left it. */
void http_server_count(struct http_shard *shard, int by);

struct http_conn {
	struct http_shard *shard;
	struct MHD_Connection *mhd;
	int fd;			 /* the library's */
	struct watch *watch;	 /* for hang-up; NULL when the system refused */
	struct http_request *rq; /* the present one, NULL between requests */
	struct http_guard guard; /* of the head that is coming in */
	struct http_conn *prev, *next;

	bool in_head;	 /* a request line came, its answer is not out */
	bool is_kept;	 /* an earlier request was answered on it */
	bool is_hung_up; /* the client shut down its side or reset */
	bool is_corked;

	/* Moved often, so the timer itself is only moved to be earlier; when
	 * it fires too early it is set again. 0: nothing is due. */
	int64_t due_us;
	struct deadline timer;

	/* Of the request whose line is in, behind `?`; NULL: none. */
	char *query;

	/* The last time that bytes of an answer were seen to leave. */
	int64_t moved_us;
	uint64_t acked;
	int unsent;
};

/* For MHD_OPTION_NOTIFY_CONNECTION; cls is the shard. */
void http_conn_notify(void *cls, struct MHD_Connection *mhd, void **ctx,
		      enum MHD_ConnectionNotificationCode code);
struct http_conn *http_conn_of(struct MHD_Connection *mhd);
/* The connection is to be gone by then. */
void http_conn_due(struct http_conn *c, int64_t at_us);
/* Nothing is due: the owner has all the time it wants. */
void http_conn_undue(struct http_conn *c);
/* From now on bytes must leave. */
void http_conn_sends(struct http_conn *c);
/* Between two requests, or before the first. */
void http_conn_rests(struct http_conn *c);
/* Ends it in both directions; the library notices by itself. */
void http_conn_kill(struct http_conn *c);
/* While corked the kernel sends full segments only, for 200 ms at most. */
void http_conn_cork(struct http_conn *c, bool on);

enum http_state {
	HTTP_READING, /* the body is gathered */
	HTTP_REFUSED, /* by us or on_head(): the body is thrown away */
	HTTP_HELD,    /* suspended; the owner thinks, or is about to hear */
	HTTP_WHOLE,   /* a whole answer is going out */
	HTTP_STREAM,  /* an answer in pieces is going out */
	HTTP_CUT,     /* the owner let go; the connection will be closed */
};

enum http_news {
	HTTP_NEWS_REQUEST = 1,
	HTTP_NEWS_GONE = 2,
	HTTP_NEWS_DRAIN = 4,
	HTTP_NEWS_DONE = 8,
};

struct http_request {
	struct http_server *server;
	struct http_conn *conn; /* NULL once the library is done with it */
	enum http_state state;
	unsigned news;	  /* set of enum http_news, not yet told */
	bool is_listed;	  /* in the server's list of news */
	bool is_owned;	  /* on_request() came, on_done() must come */
	bool is_released; /* the owner has given all its answer */
	bool is_told_gone;
	bool is_broken; /* the answer did not get out in whole */
	bool is_suspended;
	bool is_head_method;
	bool close_after;
	struct http_request *prev, *next;

	const char *method; /* the library's, as long as conn */
	char *query; /* NULL: none */
	const char *path;
	int64_t start_us;
	struct arena *arena;
	void *owner;

	struct buf body;
	size_t body_most;
	_Atomic size_t *memory_used; /* of the limits it was born with */
	size_t counted;		     /* bytes of memory_used that are ours */
	uint64_t dropped;	     /* bytes of a refused request's body */

	int status;		     /* of answer */
	struct MHD_Response *answer; /* refusal, or a stream's head on HEAD */

	struct buf out; /* of a stream; those before out_at are sent */
	size_t out_at;
	bool is_high; /* on_drain() is owed */
};

enum MHD_Result http_request_handle(void *cls, struct MHD_Connection *mhd,
				    const char *url, const char *method,
				    const char *version, const char *data,
				    size_t *n_data, void **ctx);
/* For MHD_OPTION_NOTIFY_COMPLETED. */
void http_request_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			    enum MHD_RequestTerminationCode code);
void http_request_news(struct http_request *rq, enum http_news what);
/* Calls the owner; frees rq with the last news. */
void http_request_tell(struct http_request *rq);

void http_request_suspend(struct http_request *rq);
/* Without an answer queued the library asks http_request_handle() again,
 * which then refuses. */
void http_request_resume(struct http_request *rq);
/* The owner has let go. */
void http_request_release(struct http_request *rq);
void http_request_drop_body(struct http_request *rq);
/* Ends the connection without (the rest of) an answer. */
void http_request_cut(struct http_request *rq);
/* The same because we cannot answer: to the owner the client is gone. */
void http_request_fail(struct http_request *rq);
/* The same, and the owner has no say. */
void http_request_abandon(struct http_request *rq);

/* It ended badly: did the client miss anything by it? */
bool http_request_misses_bytes(const struct http_request *rq);
/* We refuse it ourselves; nothing when it is refused already. */
void http_request_refuse_by(struct http_request *rq, int status,
			    const char *why);
enum MHD_Result http_request_send_refusal(struct http_request *rq);

#endif
