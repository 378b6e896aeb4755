/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configured cascade in the words of an artifact.
 */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "chat/chat_check.h"
#include "conf/conf_verify.h"
#include "verify/artifact.h"
#include "verify/comparator.h"

/* Of the instruction of a check in the list; NULL: no check. */
static const char *check_digest(const json_t *verify, struct arena *arena)
{
	char *hex = arena_get(arena, 2 * DIGEST_SIZE + 1);
	enum chat_check_mode mode = CHAT_CHECK_BLIND;
	const char *word = NULL;
	struct digest d;

	for (size_t i = 0; i < json_array_size(verify) && !word; i++)
		json_unpack(json_array_get(verify, i), "{s?{s?s}}", "check",
			    "mode", &word);
	if (!word)
		return NULL;
	if (strcmp(word, "verdict") == 0)
		mode = CHAT_CHECK_VERDICT;
	digest_of(span_of(chat_check_instruction(mode)), &d);
	digest_hex(&d, hex);
	return hex;
}

struct artifact_route artifact_route_of(const struct conf_cascade *c,
					struct arena *arena)
{
	struct artifact_route r = {
		.cascade = c->name,
		.n_tiers = c->n_tiers,
		.tiers = arena_get(arena, c->n_tiers * sizeof(*r.tiers)),
		.compare = comparator_name((enum comparator)c->compare),
		.compare_backend =
			c->compare_backend ? c->compare_backend->name : NULL,
	};
	struct buf text;
	json_t *verify;

	for (size_t i = 0; i < c->n_tiers; i++)
		r.tiers[i] = (struct artifact_tier){
			c->tiers[i]->name, c->tiers[i]->model,
			(int)c->tiers[i]->top_logprobs};
	buf_init(&text, 0);
	conf_verify_write(c, &text);
	verify = json_loadb(text.p, text.n, 0, NULL);
	r.verify = artifact_verify_text(verify, arena);
	r.check_digest = check_digest(verify, arena);
	json_decref(verify);
	buf_release(&text);
	return r;
}
