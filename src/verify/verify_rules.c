/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard gates on the text of a reply.
 */
#include "verify/verify_rules.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "chat/chat_edit.h"
#include "verify/refusal.h"
#include "verify/repetition.h"

struct rules_opts {
	bool refusal;
	bool truncated;
	bool repetition;
};

static const struct conf_key keys[] = {
	{ .name = "refusal",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, refusal),
	  .fallback = "false",
	  .help = "reject a reply that refuses or says it does not know" },
	{ .name = "truncated",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, truncated),
	  .fallback = "false",
	  .help = "reject a reply cut by its length or by a content filter" },
	{ .name = "repetition",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct rules_opts, repetition),
	  .fallback = "false",
	  .help = "reject a reply that ends in a loop or repeats a line" },
	{ .name = NULL },
};

/* ---- all gates ----------------------------------------------------------- */

static bool is_empty(const struct chat_choice *c)
{
	if (c->tool_calls.n || c->function_call.n)
		return false;
	for (size_t i = 0; i < c->content.n; i++)
		if (!isspace((unsigned char)c->content.p[i]))
			return false;
	return true;
}

/* By the word that the client would read: backends have others for it. */
static bool is_truncated(const struct chat_choice *c)
{
	const char *finish = chat_finish_name(c->finish, c->tool_calls.n > 0);

	return !strcmp(finish, "length") || !strcmp(finish, "content_filter");
}

static const char *gate_of(const struct chat_choice *c,
			   const struct rules_opts *o)
{
	if (o->refusal && c->refusal.n)
		return "refusal";
	if (o->truncated && is_truncated(c))
		return "truncated";
	if (is_empty(c))
		return "empty";
	if (o->refusal && refusal_in(c->content))
		return "refusal";
	if (o->repetition && repetition_in(c->content))
		return "repetition";
	return NULL;
}

void verify_rules_judge(const struct verify_case *c, const void *opts,
			struct verdict *v)
{
	v->verifier = "rules";
	v->kind = VERDICT_PASS;
	assert(c->reply->n_choices > 0);
	for (size_t i = 0; i < c->reply->n_choices; i++) {
		v->why = gate_of(&c->reply->choices[i], opts);
		if (v->why) {
			v->kind = VERDICT_REJECT;
			return;
		}
	}
}

static struct verification *rules_start(const struct verify_case *c,
					const void *opts, verify_done_fn *done,
					void *arg)
{
	return verification_at_once(c, opts, "rules", verify_rules_judge, done,
				    arg);
}

const struct verifier *verify_rules(void)
{
	static const struct verifier v = {
		.conf = { .name = "rules",
			  .keys = keys,
			  .opts_size = sizeof(struct rules_opts) },
		.start = rules_start,
		.free = verification_at_once_free,
	};

	return &v;
}
