/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where fetches go and what is said there each time: one object a backend.
 *
 * A route is immutable, so fetches on all loops may share it; it must outlive
 * them.
 */
#ifndef NET_FETCH_ROUTE_H
#define NET_FETCH_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct fetch_route;

/* Borrowed for the call only. */
struct fetch_target {
	const char *url; /* http:// or https://, whole; no user, no query */
	const char *const *headers; /* "Name: value", ends by NULL; or NULL */
	const char *ca_file;	    /* instead of the system's; NULL: those */
	const char *proxy;	    /* NULL: none, environment ignored */
	int64_t connect_us;	    /* names, TCP and TLS; 0: 300 s */
};

/* ERR_CONF: no URL of ours, no header line. The text quotes neither, as keys
 * may be in both. */
struct fetch_route *fetch_route_new(const struct fetch_target *to,
				    struct err *err);
/* Overwrites the headers (keys are in them). NULL is fine. */
void fetch_route_free(struct fetch_route *r);

/* What is asked there once; query and request_id may be NULL. */
struct fetch_line {
	bool has_body; /* POST, else GET */
	size_t body_n;
	const char *query;
	const char *request_id;
};

/* Adds the head of a request. -1: no memory. */
int fetch_route_write(const struct fetch_route *r, const struct fetch_line *ask,
		      struct buf *out);

/* Sets in easy, a CURL *, where it is to connect, how, and whom it trusts.
 * 0 or -1. */
int fetch_route_apply(const struct fetch_route *r, void *easy);
/* Its bytes go over the socket as they are: no TLS, no proxy. */
bool fetch_route_is_plain(const struct fetch_route *r);
/* Peer, trust and proxy as one text: routes that agree in it may use each
 * other's connections. */
const char *fetch_route_place(const struct fetch_route *r);
/* Of the path and the header lines. */
size_t fetch_route_bytes(const struct fetch_route *r);

#endif
