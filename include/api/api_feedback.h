/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/feedback: a client says whether an answer was right. What is
 * promised is to write it down; whether the request is known, and the key's
 * own, shows when the ledger is read.
 */
#ifndef API_API_FEEDBACK_H
#define API_API_FEEDBACK_H

#include "api/api.h"

void api_feedback(struct api *a, struct http_request *rq,
		  const char *request_id, const struct conf_client_key *who);

#endif
