/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method and path to what is asked for. Pure.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "base/span.h"

enum route_kind {
	ROUTE_CHAT,	/* POST /v1/chat/completions */
	ROUTE_FEEDBACK, /* POST /v1/feedback */
	ROUTE_MODELS,	/* GET /v1/models */
	ROUTE_MODEL,	/* GET /v1/models/{id} */
	ROUTE_UNKNOWN,	/* no such path */
	ROUTE_METHOD,	/* the path is there, the method is not */
};

struct route {
	enum route_kind kind;
	struct span id;	   /* ROUTE_MODEL: still percent-encoded */
	const char *allow; /* ROUTE_METHOD: value of Allow */
};

/* path: raw, as it came, without the query. The prefix /v1 may be left out,
 * one slash may follow. */
struct route route_find(const char *method, const char *path);

#endif
