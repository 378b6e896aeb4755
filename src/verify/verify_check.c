/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables over one inquiry: they differ in whom they ask.
 */
#include "verify/verify_check.h"

#include "chat/chat_check.h"
#include "verify/inquiry.h"
#include "verify/suspect.h"
#include "verify/verify_check_read.h"

enum check_start { START_AFTER, START_EARLY };

struct check_opts {
	const struct conf_backend *backend; /* NULL: the tier's own */
	struct conf_range band;
	int mode;  /* enum chat_check_mode */
	int start; /* enum check_start */
};

static const struct conf_key check_keys[] = {
	{ .name = "backend",
	  .type = CONF_BACKEND,
	  .offset = offsetof(struct check_opts, backend),
	  .help = "who is asked; better than the tier it checks" },
	VERIFY_BAND_KEY(struct check_opts, band),
#define MODE_KEYS                                                              \
	{ .name = "mode",                                                      \
	  .type = CONF_ENUM,                                                   \
	  .offset = offsetof(struct check_opts, mode),                         \
	  .fallback = "blind",                                                 \
	  .words = "blind,verdict",                                            \
	  .help = "asks for its own answer, or whether the one it is shown "   \
		  "is right" },                                                \
	{ .name = "start",                                                     \
	  .type = CONF_ENUM,                                                   \
	  .offset = offsetof(struct check_opts, start),                        \
	  .fallback = "after",                                                 \
	  .words = "after,early",                                              \
	  .tunes = true,                                                       \
	  .help = "early: asked beside the tier, for less waiting and more "   \
		  "money" },                                                   \
	{ .name = NULL }
	MODE_KEYS,
};

static const struct conf_key self_check_keys[] = {
	VERIFY_BAND_KEY(struct check_opts, band),
	MODE_KEYS,
};

static int check_options(const void *opts, struct err *err)
{
	const struct check_opts *o = opts;

	if (o->start == START_EARLY && o->mode == CHAT_CHECK_VERDICT)
		return err_set(err, ERR_CONF,
			       "`start: early` has no answer to show yet; use "
			       "`mode: blind`, or `start: after`");
	return 0;
}

#define ANSWER_BYTES 64

/* ---- the inquiry --------------------------------------------------------- */

static enum chat_check_mode mode_of(const void *opts)
{
	return (enum chat_check_mode)((const struct check_opts *)opts)->mode;
}

static const char *mode_word(const void *opts)
{
	return mode_of(opts) == CHAT_CHECK_BLIND ? "blind" : "verdict";
}

static struct backend *whom(const struct verify_case *c, const void *opts)
{
	const struct check_opts *o = opts;

	return o->backend ? inquiry_backend(c, o->backend) : c->backend;
}

static int write_question(const struct verify_case *c, const void *opts,
			  const char *nonce, struct buf *out,
			  struct verdict *v)
{
	struct span ours = inquiry_proposal(c);

	(void)nonce;
	if (mode_of(opts) == CHAT_CHECK_VERDICT)
		v->why = suspect_word(suspect(ours));
	if (v->why) { /* not to be shown to whom it would talk to */
		v->lack = LACK_FAULT;
		return -1;
	}
	return chat_check_write(c->request, mode_of(opts), ours, out);
}

/* Who asks nobody else asks itself. */
static enum signal_id signals_of(const void *opts)
{
	return ((const struct check_opts *)opts)->backend ?
		       SIGNAL_CHECK_AGREE :
		       SIGNAL_SELF_CHECK_AGREE;
}

static void read_answer(const struct verify_case *c, const void *opts,
			const char *nonce, const struct chat_reply *answer,
			struct verdict *v)
{
	(void)nonce;
	verify_check_read(&(struct verify_check_asked){
				  .mode = mode_of(opts),
				  .compare = c->compare,
				  .signals = signals_of(opts),
			  },
			  &c->reply->choices[0], answer, c->arena, v);
}

static struct verification *check_start(const struct verify_case *c,
					const void *opts, verify_done_fn *done,
					void *arg)
{
	static const struct inquiry_ops ops = {
		.verifier = "check",
		.want_tokens = true,
		.mode = mode_word,
		.whom = whom,
		.write = write_question,
		.read = read_answer,
	};

	return inquiry_start(&ops, c, opts, done, arg);
}

static struct verification *self_check_start(const struct verify_case *c,
					     const void *opts,
					     verify_done_fn *done, void *arg)
{
	static const struct inquiry_ops ops = {
		.verifier = "self_check",
		.want_tokens = true,
		.mode = mode_word,
		.whom = whom,
		.write = write_question,
		.read = read_answer,
	};

	return inquiry_start(&ops, c, opts, done, arg);
}

/* ---- the tables ---------------------------------------------------------- */

static struct conf_range band(const void *opts)
{
	return ((const struct check_opts *)opts)->band;
}

static bool is_early(const void *opts)
{
	return ((const struct check_opts *)opts)->start == START_EARLY;
}

static int64_t price(const struct verify_case *c, const void *opts)
{
	return inquiry_price(whom(c, opts), c, INQUIRY_BYTES, ANSWER_BYTES);
}

static const struct conf_backend *backend(const void *opts)
{
	return ((const struct check_opts *)opts)->backend;
}

static void read_again(const struct verify_case *c, const void *opts,
		       const struct chat_reply *const *replies, size_t n,
		       struct verdict *v)
{
	(void)n;
	read_answer(c, opts, NULL, replies[0], v);
}

const struct verifier *verify_check(void)
{
	static const struct verify_asks asks = {
		.band = band,
		.is_early = is_early,
		.reply = inquiry_reply,
		.price = price,
		.score = { SIGNAL_CHECK_P, SIGNAL_CHECK_AGREE },
		.n_score = 2,
		.backend = backend,
		.mode = mode_word,
		.read = read_again,
	};
	static const struct verifier v = {
		.conf = { .name = "check",
			  .keys = check_keys,
			  .opts_size = sizeof(struct check_opts),
			  .check = check_options },
		.gives_score = true,
		.start = check_start,
		.free = inquiry_free,
		.asks = &asks,
	};

	return &v;
}

const struct verifier *verify_self_check(void)
{
	static const struct verify_asks asks = {
		.band = band,
		.is_early = is_early,
		.reply = inquiry_reply,
		.price = price,
		.score = { SIGNAL_SELF_CHECK_P, SIGNAL_SELF_CHECK_AGREE },
		.n_score = 2,
		.backend = backend,
		.mode = mode_word,
		.read = read_again,
	};
	static const struct verifier v = {
		.conf = { .name = "self_check",
			  .keys = self_check_keys,
			  .opts_size = sizeof(struct check_opts),
			  .check = check_options },
		.gives_score = true,
		.start = self_check_start,
		.free = inquiry_free,
		.asks = &asks,
	};

	return &v;
}
