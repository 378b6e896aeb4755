/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections kept open from one fetch to the next, by place (see fetch_route):
 * what one route trusts, another does not inherit.
 *
 * The one used last is used next, so that those not needed grow old and are
 * closed: after 120 s without work, or an hour in all. One whose peer has
 * closed it, or says something unasked, is closed at once.
 */
#ifndef NET_FETCH_POOL_H
#define NET_FETCH_POOL_H

#include "base/err.h"
#include "evt/loop.h"
#include "net/fetch_conn.h"

struct fetch_pool;

struct fetch_pool *fetch_pool_new(struct loop *l, struct err *err);
/* Closes those kept; those in use must have been freed. NULL is fine. */
void fetch_pool_free(struct fetch_pool *p);

/* A new one; as fetch_conn_open(). */
struct fetch_conn *fetch_pool_open(struct fetch_pool *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg,
				   struct err *err);

/* One that stands, nothing to be read on it; NULL: there is none. */
struct fetch_conn *fetch_pool_find(struct fetch_pool *p,
				   const struct fetch_route *r,
				   const struct fetch_conn_ops *ops, void *arg);

/* The pool owns c now. The reply must have been read to its end. */
void fetch_pool_keep(struct fetch_pool *p, struct fetch_conn *c);

#endif
