/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin listener: health, readiness, metrics. Nothing of it is ever served
 * on the public one, nothing here changes state, and no secret is shown.
 */
#ifndef API_API_ADMIN_H
#define API_API_ADMIN_H

#include <stdbool.h>

#include "base/metric.h"
#include "net/http_server.h"

struct api_admin {
	struct metric_set *metrics;
	bool ready; /* accepting requests: started, and not draining */
	/* Called before the metrics are written, to bring gauges up to date;
	 * may be NULL. */
	void (*refresh)(void *arg);
	void *arg;
};

/* For http_server_new(), with a struct api_admin as arg. */
const struct http_server_ops *api_admin_ops(void);

#endif
