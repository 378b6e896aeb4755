/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/models and /v1/models/{id}: cascades, exact matches, backends; only
 * those that the key may use.
 */
#ifndef API_API_MODELS_H
#define API_API_MODELS_H

#include "api/api.h"

void api_models_list(struct api *a, struct http_request *rq,
		     const char *request_id, const struct conf_client_key *who);
/* id: percent-encoded. */
void api_models_one(struct api *a, struct http_request *rq,
		    const char *request_id, const struct conf_client_key *who,
		    struct span id);

#endif
