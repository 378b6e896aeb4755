/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client keys are compared as digests, all of them, in constant time.
 */
#include "api/auth.h"

#include <string.h>
#include <strings.h>

/* The key itself, or an empty span. */
static struct span key_of(const char *authorization, const char *api_key)
{
	struct span key = { NULL, 0 };

	if (authorization && !strncasecmp(authorization, "Bearer ", 7))
		key = span_of(authorization + 7);
	else if (!authorization && api_key)
		key = span_of(api_key);
	while (key.n && *key.p == ' ')
		key = (struct span){ key.p + 1, key.n - 1 };
	while (key.n && key.p[key.n - 1] == ' ')
		key.n--;
	return key;
}

bool auth_check(const struct conf *conf, const char *authorization,
		const char *api_key, const struct conf_client_key **who)
{
	struct span key = key_of(authorization, api_key);
	struct digest d;

	*who = NULL;
	if (!conf->keys_asked)
		return true;
	if (key.n == 0)
		return false;
	digest_of(key, &d);
	for (size_t i = 0; i < conf->n_keys; i++)
		if (digest_equal(&conf->keys[i].hash, &d))
			*who = &conf->keys[i];
	return *who != NULL;
}

bool auth_allows(const struct conf_client_key *who, const char *name)
{
	if (!who || who->cascades.n == 0)
		return true;
	for (size_t i = 0; i < who->cascades.n; i++)
		if (!strcmp(who->cascades.v[i], name))
			return true;
	return false;
}
