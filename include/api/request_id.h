/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that requests go by. Pure.
 */
#ifndef API_REQUEST_ID_H
#define API_REQUEST_ID_H

#include <stdbool.h>

#include "base/span.h"

#define REQUEST_ID_MOST 64

/* Of [A-Za-z0-9._-], 1 to 64 of them? */
bool request_id_is_valid(struct span text);

#endif
