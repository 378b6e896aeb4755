/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model endpoint at run time.
 */
#include "upstream/backend.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"
#include "net/fetch_route.h"
#include "upstream/dialect.h"

static struct fetch_route *route(const struct backend *b, const char *accept,
				 struct err *err)
{
	char *url = mem_printf("%s%s", b->conf->base_url,
			       b->dialect->chat_path);
	char *key = b->conf->api_key ? mem_printf("Authorization: Bearer %s",
						  b->conf->api_key) :
				       NULL;
	const char *headers[] = { accept, "Content-Type: application/json",
				  "User-Agent: frugald/" FRUGALD_VERSION, key,
				  NULL };
	struct fetch_target to = {
		.url = url,
		.headers = headers,
		.ca_file = b->conf->ca_file,
		.proxy = b->conf->proxy,
		.connect_us = b->conf->connect_us,
	};
	struct fetch_route *r = fetch_route_new(&to, err);

	if (key)
		digest_cleanse(key, strlen(key));
	free(key);
	free(url);
	return r;
}

struct backend *backend_new(const struct conf_backend *conf, size_t max_reply,
			    struct err *err)
{
	struct backend *b = mem_new(sizeof(*b));

	b->conf = conf;
	b->dialect = dialect_of(conf);
	b->max_reply = max_reply;
	b->price = (struct price){ .input = conf->price_input,
				   .output = conf->price_output,
				   .cached_input = conf->price_cached };
	b->whole = route(b, "Accept: application/json", err);
	b->stream = route(b, "Accept: text/event-stream", err);
	if (b->whole && b->stream)
		return b;
	backend_free(b);
	return NULL;
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	fetch_route_free(b->whole);
	fetch_route_free(b->stream);
	free(b);
}

bool backend_enter(struct backend *b, bool spare)
{
	_Atomic int64_t *mine = spare ? &b->spare : &b->inflight;
	int64_t n = atomic_fetch_add(mine, 1);

	if (spare)
		n += atomic_load(&b->inflight);
	if (b->conf->max_inflight == 0 || n < b->conf->max_inflight)
		return true;
	backend_leave(b, spare);
	return false;
}

void backend_leave(struct backend *b, bool spare)
{
	atomic_fetch_sub(spare ? &b->spare : &b->inflight, 1);
}
