/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client keys: who asks, and what they may ask for.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>

#include "conf/conf.h"

/* authorization, api_key: header values or NULL. *who is NULL when no key is
 * asked for. False: the key is missing or wrong. Every key is compared, each
 * in constant time. */
bool auth_check(const struct conf *conf, const char *authorization,
		const char *api_key, const struct conf_client_key **who);

/* May who (NULL: anybody) use the cascade or backend of this name? */
bool auth_allows(const struct conf_client_key *who, const char *name);

#endif
