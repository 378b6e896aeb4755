/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public listener's side of one loop: what its requests share.
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>

#include "cascade/generation.h"
#include "cascade/run.h"
#include "net/http_server.h"

struct exchange;

struct api {
	struct run_house house;
	struct generation *generation; /* the present one; a reference */
	bool draining;
	struct exchange *exchanges; /* those whose run has not ended */
};

/* Takes the reference. */
void api_init(struct api *a, const struct run_house *h, struct generation *g);
/* Only when no exchange is left. */
void api_release(struct api *a);
void api_set_generation(struct api *a, struct generation *g); /* takes it */
/* From now on requests are refused with "overloaded". */
void api_drain(struct api *a);
/* Ends every run now. */
void api_abort(struct api *a);

/* For http_server_new(), with a struct api as arg. */
const struct http_server_ops *api_ops(void);

#endif
