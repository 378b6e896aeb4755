/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/chat/completions: an exchange ties one HTTP request to its run, from
 * the last byte in to the last byte out.
 */
#ifndef API_API_CHAT_H
#define API_API_CHAT_H

#include "api/api.h"
#include "conf/conf.h"
#include "net/http_server.h"

/* Answers rq, which is whole. */
void api_chat(struct api *a, struct http_request *rq,
	      const char *request_id, const struct conf_client_key *who);

/* The client's side of it, as http_server reports it. */
void exchange_gone(struct exchange *x);
void exchange_drained(struct exchange *x);
void exchange_done(struct exchange *x);
void exchange_abort_all(struct api *a);

#endif
