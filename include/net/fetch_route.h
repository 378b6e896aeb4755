/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where fetches go and what is said there each time: one object a backend.
 *
 * A route is immutable, so fetches on all loops may share it; it must outlive
 * them.
 */
#ifndef NET_FETCH_ROUTE_H
#define NET_FETCH_ROUTE_H

#include <stdint.h>

#include "base/err.h"

struct curl_slist;
struct fetch_route;

/* Borrowed for the call only. */
struct fetch_target {
	const char *url;	    /* http:// or https://, whole */
	const char *const *headers; /* "Name: value", ends by NULL; or NULL */
	const char *ca_file;	    /* instead of the system's; NULL: those */
	const char *proxy;	    /* NULL: none, environment ignored */
	int64_t connect_us;	    /* names, TCP and TLS; 0: 300 s */
};

/* ERR_CONF: no URL of ours, control bytes in a header. The text quotes
 * neither, as keys may be in both. */
struct fetch_route *fetch_route_new(const struct fetch_target *to,
				    struct err *err);
/* Overwrites the headers (keys are in them). NULL is fine. */
void fetch_route_free(struct fetch_route *r);

/* For http_client: sets in easy, a CURL *, all but the headers. 0 or -1. */
int fetch_route_apply(const struct fetch_route *r, void *easy);
const char *fetch_route_url(const struct fetch_route *r);
struct curl_slist *fetch_route_headers(const struct fetch_route *r);
/* Above 0, and never given twice, unlike an address. */
uint64_t fetch_route_serial(const struct fetch_route *r);

#endif
