/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier: a table of functions, with the rows of its keys.
 *
 * To add one: write verify_NAME.c with such a table and name it in the list of
 * verifiers.c.
 */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/mem.h"
#include "chat/chat.h"
#include "conf/conf.h"
#include "evt/loop.h"
#include "verify/comparator.h"
#include "verify/verdict.h"

struct call;
struct http_client;

/* What verifiers need that ask somebody. Outlives the verification. */
struct verify_world {
	struct http_client *client;
	struct backend **backends; /* in the order of conf->backends */
	const struct conf *conf;
	const char *request_id;
	const char *query; /* of the client's URL; NULL: none */
	/* The books: each call of a verifier is told to begin, and told when it
	 * is over or about to be aborted. */
	void (*call_begins)(void *arg);
	void (*call_ends)(void *arg, struct call *c, bool aborted);
	void *arg;
};

/* One reply to be judged. Borrowed until the verification ends, and so is what
 * is in it. */
struct verify_case {
	struct loop *loop;
	struct arena *arena; /* the run's */
	const struct verify_world *world; /* NULL: nobody can be asked */
	const struct chat_request *request;
	const struct chat_reply *reply; /* NULL: not there yet */
	enum comparator compare;	/* the cascade's */
	const struct verdict *earlier;	/* of the chain, in order */
	size_t n_earlier;
	int64_t until_us; /* absolute; later is a fault */
};

struct verification; /* one verifier at work on one case */

/* v is valid for the call only (its signals live in the arena). */
typedef void verify_done_fn(void *arg, const struct verdict *v);

struct verifier {
	struct conf_verifier conf; /* name, keys, size and check of the options */
	bool gives_score;
	/* Begins; done comes exactly once, on a later turn of the loop, unless
	 * free comes first. Never NULL. */
	struct verification *(*start)(const struct verify_case *c,
				      const void *opts, verify_done_fn *done,
				      void *arg);
	/* Allowed in done, and before it (it then never comes, and what was
	 * asked is aborted). NULL is fine. */
	void (*free)(struct verification *v);

	/* Of those that ask somebody; NULL for all others. */
	const struct verify_asks *asks;
};

struct verify_asks {
	/* Of confidence: it is asked inside of this alone. */
	struct conf_range (*band)(const void *opts);
	/* Is it to be started beside the call for the reply? start() then gets
	 * a case without one, and done waits for reply(). */
	bool (*is_early)(const void *opts);
	void (*reply)(struct verification *v, const struct verify_case *c);
	/* About what it will cost, in pico-USD. */
	int64_t (*price)(const struct verify_case *c, const void *opts);
};

/* For verifiers that need not wait: judges on the spot and reports on a later
 * turn. judge fills kind, score, why, signals. */
typedef void verify_judge_fn(const struct verify_case *c, const void *opts,
			     struct verdict *v);
struct verification *verification_at_once(const struct verify_case *c,
					  const void *opts, const char *name,
					  verify_judge_fn *judge,
					  verify_done_fn *done, void *arg);
void verification_at_once_free(struct verification *v);

#endif
