/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration means to others: names of models, places to listen.
 */
#include "conf/conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/mem.h"

void conf_free(struct conf *c)
{
	if (c)
		arena_free(c->arena);
}

const char *conf_compare_name(int compare)
{
	static const char *const names[] = {
		[CONF_COMPARE_AUTO] = "auto",
		[CONF_COMPARE_JSON] = "json",
		[CONF_COMPARE_CHOICE] = "choice",
		[CONF_COMPARE_NUMBER] = "number",
		[CONF_COMPARE_CONTAINS] = "contains",
	};

	return names[compare];
}

bool conf_is_pattern(const char *match)
{
	return strpbrk(match, "*?") != NULL;
}

/* Goes back to the last `*` only: an earlier one could fit no more than it,
 * so the time is at most pattern times name. */
bool conf_pattern_fits(const char *pattern, struct span model)
{
	const char *star = NULL; /* behind the last `*` */
	size_t i = 0, after = 0; /* what that `*` has not swallowed yet */

	while (i < model.n) {
		if (*pattern == '*') {
			star = ++pattern;
			after = i;
		} else if (*pattern &&
			   (*pattern == '?' || *pattern == model.p[i])) {
			pattern++;
			i++;
		} else if (star) {
			pattern = star;
			i = ++after;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static const struct conf_cascade *find_cascade(const struct conf *c,
					       struct span model)
{
	for (size_t i = 0; i < c->n_cascades; i++)
		if (span_is(model, c->cascades[i].name))
			return &c->cascades[i];
	return NULL;
}

static bool match_fits(const char *match, struct span model, bool patterns)
{
	if (conf_is_pattern(match) != patterns)
		return false;
	return patterns ? conf_pattern_fits(match, model)
			: span_is(model, match);
}

static const struct conf_cascade *find_match(const struct conf *c,
					     struct span model, bool patterns)
{
	for (size_t i = 0; i < c->n_cascades; i++) {
		const struct conf_strings *match = &c->cascades[i].match;

		for (size_t k = 0; k < match->n; k++)
			if (match_fits(match->v[k], model, patterns))
				return &c->cascades[i];
	}
	return NULL;
}

static const struct conf_backend *find_backend(const struct conf *c,
					       struct span model)
{
	for (size_t i = 0; i < c->n_backends; i++)
		if (span_is(model, c->backends[i].name))
			return &c->backends[i];
	return NULL;
}

struct conf_target conf_lookup(const struct conf *c, struct span model)
{
	struct conf_target t = {CONF_TARGET_NONE, NULL, NULL};

	t.cascade = find_cascade(c, model);
	if (!t.cascade)
		t.cascade = find_match(c, model, false);
	if (!t.cascade)
		t.backend = find_backend(c, model);
	if (!t.cascade && !t.backend)
		t.cascade = find_match(c, model, true);
	if (t.cascade)
		t.kind = CONF_TARGET_CASCADE;
	else if (t.backend)
		t.kind = CONF_TARGET_BACKEND;
	return t;
}

/* ---- addresses ----------------------------------------------------------- */

static bool port_is_valid(const char *s)
{
	size_t n = strspn(s, "0123456789");
	long port = strtol(s, NULL, 10);

	return n >= 1 && n <= 5 && s[n] == '\0' && port >= 1 && port <= 65535;
}

/* Copies the host of "host:port", brackets and all; false when it is too long
 * or no port follows. */
static bool split_host(const char *address, char *host, size_t room)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;

	if (!colon || n >= room || !port_is_valid(colon + 1))
		return false;
	memcpy(host, address, n);
	host[n] = '\0';
	return true;
}

/* "[::1]" to its bytes. */
static bool parse_v6(const char *host, struct in6_addr *out)
{
	char bare[INET6_ADDRSTRLEN];
	size_t n = strlen(host);

	if (n < 2 || host[0] != '[' || host[n - 1] != ']' ||
	    n - 2 >= sizeof(bare))
		return false;
	memcpy(bare, host + 1, n - 2);
	bare[n - 2] = '\0';
	return inet_pton(AF_INET6, bare, out) == 1;
}

static const char *unix_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

bool conf_address_is_valid(const char *address)
{
	const char *path = unix_path(address);
	char host[INET6_ADDRSTRLEN + 3];
	struct in6_addr v6;
	struct in_addr v4;

	if (path)
		return path[0] == '/' && path[1] &&
		       strlen(path) <
			       sizeof(((struct sockaddr_un *)0)->sun_path);
	if (!split_host(address, host, sizeof(host)))
		return false;
	return strcmp(host, "localhost") == 0 ||
	       inet_pton(AF_INET, host, &v4) == 1 || parse_v6(host, &v6);
}

bool conf_host_is_local(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (!parse_v6(host, &v6))
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

bool conf_address_is_local(const char *address)
{
	char host[INET6_ADDRSTRLEN + 3];

	if (unix_path(address))
		return true;
	return split_host(address, host, sizeof(host)) &&
	       conf_host_is_local(host);
}
