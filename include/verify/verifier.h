/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier: a table of functions, with the rows of its keys.
 *
 * To add one: write verify_NAME.c with such a table, give its signals rows in
 * verify/signal, and name it in the list of verifiers.c.
 */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/err.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "conf/conf.h"
#include "evt/loop.h"
#include "verify/comparator.h"
#include "verify/signal.h"
#include "verify/verdict.h"

struct backend;
struct call;
struct http_client;

/* One call of a verifier, as it goes into the books. Borrowed for the telling
 * of it. */
struct verify_call {
	struct call *call; /* to a backend; NULL: to anybody else, as follows */
	int status;	   /* of HTTP; 0: none came */
	const char *fault; /* static; NULL: none */
	bool connected;	   /* something was sent */
	int64_t start_us;  /* monotonic */
	int64_t total_us;
	int64_t cost_pusd;

	const char *verifier; /* static */
	const char *mode;     /* static; NULL: it has only one */
	bool aborted;
};

/* What verifiers need that ask somebody. Outlives the verification. */
struct verify_world {
	struct http_client *client;
	struct backend **backends; /* in the order of conf->backends */
	const struct conf *conf;
	const char *cascade; /* its name */
	const char *request_id;
	const char *query; /* of the client's URL; NULL: none */
	bool spare;	   /* nobody waits for the verdict: struct call_question */
	/* The books: each call of a verifier, and each wait that is no call, is
	 * told to begin, and told when it is over or about to be aborted. c is
	 * NULL for a wait. */
	void (*call_begins)(void *arg);
	void (*call_ends)(void *arg, const struct verify_call *c);
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
	struct span reply_bytes;	/* the same, as JSON */
	struct backend *backend;	/* whose it is; NULL offline */
	enum comparator compare;	/* the cascade's */
	const struct verdict *earlier;	/* of the chain, in order */
	size_t n_earlier;
	int64_t until_us; /* absolute; later is a fault */
	void *state;	  /* what open() made; NULL: it has none */
	/* A raw score from here on is kept, and no verdict comes after this
	 * one; NaN: the exact score matters. */
	double decides_at;
};

struct verification; /* one verifier at work on one case */

/* v is valid for the call only (its signals live in the arena). */
typedef void verify_done_fn(void *arg, const struct verdict *v);

/* Judges on the spot: fills kind, lack, why, score, signals. */
typedef void verify_judge_fn(const struct verify_case *c, const void *opts,
			     struct verdict *v);

struct verifier {
	struct conf_verifier conf; /* name, keys, size and check of the options */
	bool gives_score;

	/* Of those that only read the reply; NULL for all others. What needs
	 * no open() judges recorded replies by it as well. */
	verify_judge_fn *judge;
	/* Of those of them that give a score: by which of their signals it can
	 * be told again; of one in nats it is e^x. NULL: by none, or by those
	 * of asks. */
	enum signal_id (*raw)(const void *opts);

	/* Of those that need more than options, once a generation: what start
	 * gets as state. *state stays NULL where nothing is needed. -1 and
	 * *err: the generation is refused. Both NULL: it needs nothing. close
	 * comes when no verification of the generation is left. */
	int (*open)(const void *opts, const struct conf *conf, void **state,
		    struct err *err);
	void (*close)(void *state);

	/* Begins; done comes exactly once, on a later turn of the loop, unless
	 * free comes first. Never NULL. Both NULL: judge says it all. */
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
	/* Does it ask anybody, with these options? Where not, its judge says
	 * it all. NULL: always. */
	bool (*is_asked)(const void *opts);
	/* Of confidence: it is asked inside of this alone. */
	struct conf_range (*band)(const void *opts);
	/* Is it to be started beside the call for the reply? start() then gets
	 * a case without one, and done waits for reply(). Both NULL: never. */
	bool (*is_early)(const void *opts);
	void (*reply)(struct verification *v, const struct verify_case *c);
	/* About what it will cost, in pico-USD. c->reply may be NULL. */
	int64_t (*price)(const struct verify_case *c, const void *opts);

	/* The raw score is the first of these signals that is not missing. */
	enum signal_id score[2];
	size_t n_score;

	/* Offline, of recorded replies. */

	/* Whose replies its attempts hold; NULL: the judged tier's own. The
	 * function itself is NULL where no backend is asked. */
	const struct conf_backend *(*backend)(const void *opts);
	/* Which of the ways it can be asked this is ("blind"); NULL: there is
	 * but one. */
	const char *(*mode)(const void *opts);
	/* Judges the reply of the case (or c->reply's first choice alone) by
	 * the recorded replies of its calls, as it did live. Pure. NULL: only
	 * recorded signals tell. */
	void (*read)(const struct verify_case *c, const void *opts,
		     const struct chat_reply *const *replies, size_t n,
		     struct verdict *v);
};

/* The row of `band`, which all that ask somebody have; a struct conf_range. */
#define VERIFY_BAND_KEY(opts, member)                                          \
	{ .name = "band", .type = CONF_RANGE, .offset = offsetof(opts, member), \
	  .optional = true, .min = 0, .max = 1, .tunes = true,                 \
	  .help = "asked only when the confidence so far is in it; always when " \
		  "absent" }

bool verifier_asks(const struct verifier *v, const void *opts);

/* Starts it, or judges on the spot and reports on a later turn. As start. */
struct verification *verifier_start(const struct verifier *v,
				    const struct verify_case *c,
				    const void *opts, verify_done_fn *done,
				    void *arg);
/* As free, of what verifier_start() began with the same options. */
void verifier_free(const struct verifier *v, const void *opts,
		   struct verification *at_work);

#endif
