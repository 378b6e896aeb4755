/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a backend: libcurl opens it, its user sends and receives.
 *
 * It is always somebody's: on_open() comes once, later than fetch_conn_open()
 * returned, then on_ready() each time that something is to be read, or can be
 * written. Both may free it.
 */
#ifndef NET_FETCH_CONN_H
#define NET_FETCH_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "evt/loop.h"
#include "net/pump.h"

struct fetch_route;

struct fetch_conn_ops {
	/* why is NULL when it stands; it is then watched for EPOLLIN, and its
	 * first bytes are to be sent from here. ERR_CONNECT, ERR_TLS, or
	 * ERR_SYS: it never will, and is to be freed. */
	void (*on_open)(void *arg, const struct err *why);
	/* Level-triggered. EPOLLERR and EPOLLHUP come unasked. */
	void (*on_ready)(void *arg, uint32_t events);
};

struct fetch_conn {
	struct pump_job job; /* first: a job is its connection */
	struct pump *pump;
	struct loop *loop;
	const struct fetch_conn_ops *ops;
	void *arg;
	char *place; /* of its route */
	int64_t opened_us;
	int fd;
	bool is_open;
	bool is_plain;	     /* no TLS: the socket's bytes are the peer's */
	bool is_attached;    /* see fetch_conn_send() */
	struct watch *watch; /* NULL: not watched */

	/* The pool's, while nobody uses it. */
	struct fetch_conn *prev, *next;	    /* of its place */
	struct fetch_conn *older, *younger; /* of all */
	struct fetch_shelf *shelf;
	int64_t idle_us; /* since when */
};

/* What on_done of p must be. */
void fetch_conn_opened(struct pump_job *job, CURLcode result);

/* NULL and *err when the system or libcurl is out of something. */
struct fetch_conn *fetch_conn_open(struct loop *l, struct pump *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg,
				   struct err *err);
/* Closes it at once. NULL is fine. */
void fetch_conn_free(struct fetch_conn *c);

/* Whose it is from now on. */
void fetch_conn_give(struct fetch_conn *c, const struct fetch_conn_ops *ops,
		     void *arg);

/* What on_ready() is to come for; 0: not even for a broken connection. */
int fetch_conn_watch(struct fetch_conn *c, uint32_t events, struct err *err);

enum fetch_io { FETCH_IO_SOME, FETCH_IO_AGAIN, FETCH_IO_END, FETCH_IO_FAULT };

/* Never END. After AGAIN the same bytes, at the same place, are to be sent
 * next. FAULT: *err of kind ERR_UPSTREAM. */
enum fetch_io fetch_conn_send(struct fetch_conn *c, struct span bytes,
			      size_t *n, struct err *err);
/* END: the peer has closed. With TLS there may be more after any SOME, without
 * on_ready(): read until AGAIN. */
enum fetch_io fetch_conn_recv(struct fetch_conn *c, char *p, size_t room,
			      size_t *n, struct err *err);

#endif
