/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that the configuration may name.
 */
#ifndef CONF_CONF_URL_H
#define CONF_CONF_URL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

/* The normal form, in the arena: host as it will be connected to, a path even
 * where there was none. schemes: "http,https". NULL and *why when it is no such URL or has
 * a user, a query or a fragment; why does not hold the URL. */
const char *conf_url_normal(const char *text, const char *schemes,
			    struct arena *a, struct err *why);

/* Would a key sent to this (normal) URL cross a network in the clear? */
bool conf_url_is_exposed(const char *url);

#endif
