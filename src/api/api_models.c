/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The models there are, as OpenAI lists them.
 */
#include "api/api_models.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "api/auth.h"
#include "api/reply.h"

/* `created` is required; what a name stands for has no birthday, so it is the
 * same for all and never changes. */
#define CREATED 1700000000

static json_t *model(const char *id)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "id", id, "object", "model",
			 "created", CREATED, "owned_by", "frugald");
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

static void list_cascade(json_t *data, const struct conf_cascade *c)
{
	json_array_append_new(data, model(c->name));
	for (size_t i = 0; i < c->match.n; i++)
		if (!is_pattern(c->match.v[i]))
			json_array_append_new(data, model(c->match.v[i]));
}

static void answer(struct http_request *rq, const char *request_id,
		   json_t *json, bool close)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct reply_headers h;
	struct buf body;

	buf_init(&body, 0);
	buf_adds(&body, text);
	free(text);
	json_decref(json);
	reply_headers_init(&h, request_id, NULL);
	reply_json(rq, 200, &h, &body, close);
	buf_release(&body);
}

void api_models_list(struct api *a, struct http_request *rq,
		     const char *request_id, const struct conf_client_key *who)
{
	const struct conf *conf = a->generation->conf;
	json_t *data = json_array();

	for (size_t i = 0; i < conf->n_cascades; i++)
		if (auth_allows(who, conf->cascades[i].name))
			list_cascade(data, &conf->cascades[i]);
	for (size_t i = 0; i < conf->n_backends; i++)
		if (auth_allows(who, conf->backends[i].name))
			json_array_append_new(data,
					      model(conf->backends[i].name));
	answer(rq, request_id,
	       json_pack("{s:s, s:o}", "object", "list", "data", data),
	       a->draining);
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* %XX decoded; false on a broken escape or a NUL. */
static bool decode(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int hi = s.n - i > 2 ? hex(s.p[i + 1]) : -1;
			int lo = s.n - i > 2 ? hex(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		buf_add(out, &c, 1);
	}
	return buf_add(out, "", 1) == 0; /* NUL-terminated */
}

void api_models_one(struct api *a, struct http_request *rq,
		    const char *request_id, const struct conf_client_key *who,
		    struct span id)
{
	const struct cascade *c = NULL;
	struct buf name;
	json_t *found = NULL;
	struct fault f;

	buf_init(&name, 4096);
	if (decode(id, &name))
		c = generation_find(a->generation,
				    (struct span){ name.p, name.n - 1 });
	if (c && auth_allows(who, c->known))
		found = model(name.p); /* NULL when it is no UTF-8 */
	if (found) {
		answer(rq, request_id, found, a->draining);
	} else {
		fault_set(&f, FAULT_MODEL_UNKNOWN,
			  "this model does not exist, or the key may not use "
			  "it");
		reply_fault(rq, request_id, NULL, &f, a->draining);
	}
	buf_release(&name);
}
