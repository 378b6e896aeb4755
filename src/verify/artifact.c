/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an artifact, trusting nothing in it, and compares it with a cascade.
 */
#include "verify/artifact.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verify/signal.h"

#define FEATURES_MOST 4096
#define WORDS_MOST    65536
#define POINTS_MOST   100000 /* of an isotonic calibrator */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_CONF, "%s", what);
}

/* ---- numbers ------------------------------------------------------------- */

/* A list of n finite numbers. */
static double *read_numbers(json_t *list, size_t n)
{
	double *v;

	if (!json_is_array(list) || json_array_size(list) != n)
		return NULL;
	v = mem_array(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		json_t *x = json_array_get(list, i);

		v[i] = json_number_value(x);
		if (!json_is_number(x) || !isfinite(v[i])) {
			free(v);
			return NULL;
		}
	}
	return v;
}

static bool rises(const double *v, size_t n, bool strictly)
{
	for (size_t i = 1; i < n; i++)
		if (v[i] < v[i - 1] || (strictly && v[i] == v[i - 1]))
			return false;
	return true;
}

static bool is_share(double x)
{
	return x >= 0 && x <= 1;
}

/* ---- heads --------------------------------------------------------------- */

static bool read_isotonic(json_t *j, struct calibrator *c)
{
	json_t *x = json_object_get(j, "x");
	json_t *y = json_object_get(j, "y");
	size_t n = json_array_size(x);

	if (n == 0 || n > POINTS_MOST)
		return false;
	c->xs = read_numbers(x, n);
	c->ys = read_numbers(y, n);
	c->n_points = n;
	return c->xs && c->ys && rises(c->xs, n, false) &&
	       rises(c->ys, n, false) && is_share(c->ys[0]) &&
	       is_share(c->ys[n - 1]);
}

static bool read_calibrator(json_t *j, struct calibrator *c)
{
	const char *kind = json_string_value(json_object_get(j, "kind"));
	int k = 0;

	while (k < CALIBRATOR_NKINDS && kind &&
	       strcmp(kind, calibrator_name((enum calibrator_kind)k)) != 0)
		k++;
	if (!kind || k == CALIBRATOR_NKINDS)
		return false;
	c->kind = (enum calibrator_kind)k;
	switch (c->kind) {
	case CALIBRATOR_PLATT: /* falls in f where A is not above 0 */
		return json_unpack(j, "{s:F,s:F}", "a", &c->a, "b", &c->b) ==
			       0 &&
		       isfinite(c->a) && isfinite(c->b) && c->a <= 0;
	case CALIBRATOR_BETA:
		return json_unpack(j, "{s:F,s:F,s:F}", "a", &c->a, "b", &c->b,
				   "c", &c->c) == 0 &&
		       isfinite(c->c) && c->a >= 0 && isfinite(c->a) &&
		       c->b >= 0 && isfinite(c->b);
	case CALIBRATOR_ISOTONIC:
		return read_isotonic(j, c);
	case CALIBRATOR_NONE:
	case CALIBRATOR_NKINDS:
		break;
	}
	return true;
}

static int read_head(json_t *j, size_t n_weights, size_t n_words,
		     struct head *out, struct err *err)
{
	json_t *words = json_object_get(j, "words");
	json_t *bias = json_object_get(j, "bias");

	out->bias = json_number_value(bias);
	if (!json_is_number(bias) || !isfinite(out->bias))
		return bad(err, "heads: a `bias` is no number");
	out->weights = read_numbers(json_object_get(j, "weights"), n_weights);
	if (!out->weights)
		return err_set(err, ERR_CONF,
			       "heads: `weights` must be %zu "
			       "numbers",
			       n_weights);
	if (words && !json_is_null(words)) {
		out->words = read_numbers(words, n_words);
		if (!out->words)
			return err_set(err, ERR_CONF,
				       "heads: `words` must be "
				       "%zu numbers",
				       n_words);
	}
	if (!read_calibrator(json_object_get(j, "calibrator"),
			     &out->calibrator))
		return bad(err, "heads: a `calibrator` is not one of ours");
	return 0;
}

static int read_stage(json_t *j, struct heads *h, enum heads_stage stage,
		      struct err *err)
{
	size_t n = heads_n_weights(h, stage);
	struct head *of = h->head[stage];

	if (read_head(json_object_get(j, "regret"), n, h->n_words,
		      &of[HEADS_REGRET], err) < 0)
		return -1;
	if (!h->labelled)
		return 0;
	return read_head(json_object_get(j, "confidence"), n, h->n_words,
			 &of[HEADS_CONFIDENCE], err);
}

static int read_feature(json_t *j, struct arena *arena, struct heads_feature *f,
			bool *is_after, struct err *err)
{
	const char *name, *stage;
	json_t *knots;
	double *v;
	int may_miss;

	if (json_unpack(j, "{s:s,s:s,s:b,s:o}", "name", &name, "stage", &stage,
			"may_miss", &may_miss, "knots", &knots) < 0)
		return bad(err, "signals: each needs name, stage, may_miss, "
				"knots");
	f->may_miss = may_miss;
	f->name = signal_find(span_of(name));
	if (!f->name)
		f->name = arena_dup(arena, span_of(name));
	*is_after = strcmp(stage, "after") == 0;
	if (!*is_after && strcmp(stage, "before") != 0)
		return err_set(err, ERR_CONF,
			       "signals: %.80s: the stage must "
			       "be before or after",
			       name);
	f->spline.n = json_array_size(knots);
	v = f->spline.n <= SPLINE_KNOTS ? read_numbers(knots, f->spline.n)
					: NULL;
	if (!v || !rises(v, f->spline.n, true)) {
		free(v);
		return err_set(err, ERR_CONF,
			       "signals: %.80s: knots must be "
			       "at most %d numbers that rise",
			       name, SPLINE_KNOTS);
	}
	memcpy(f->spline.knots, v, f->spline.n * sizeof(*v));
	free(v);
	return 0;
}

/* Those known before the check come first. */
static int read_features(json_t *list, struct artifact *a, struct err *err)
{
	struct heads *h = &a->heads;
	size_t n = json_array_size(list);
	bool is_after = false;

	if (n > FEATURES_MOST)
		return bad(err, "signals: too many");
	h->features = mem_array(n + 1, sizeof(*h->features));
	for (size_t i = 0; i < n; i++) {
		bool was_after = is_after;

		if (read_feature(json_array_get(list, i), a->arena,
				 &h->features[i], &is_after, err) < 0)
			return -1;
		if (was_after && !is_after)
			return bad(err, "signals: those of stage before must "
					"come first");
		h->n[HEADS_BEFORE] += !is_after;
	}
	h->n[HEADS_AFTER] = n;
	return 0;
}

static int read_heads(json_t *root, struct artifact *a, struct err *err)
{
	struct heads *h = &a->heads;
	json_t *signals, *heads, *after;
	int labelled;
	json_int_t words;

	if (json_unpack(root, "{s:o,s:o,s:b,s:I}", "signals", &signals, "heads",
			&heads, "labels", &labelled, "words", &words) < 0)
		return bad(err, "it needs signals, heads, labels and words");
	if (words < 0 || words > WORDS_MOST || (words & (words - 1)))
		return bad(err, "words: must be a power of two");
	h->labelled = labelled;
	h->n_words = (size_t)words;
	after = json_object_get(heads, "after");
	h->has_after = after && !json_is_null(after);
	if (read_features(signals, a, err) < 0)
		return -1;
	if (!h->has_after && h->n[HEADS_AFTER] != h->n[HEADS_BEFORE])
		return bad(err, "heads: signals of stage after need heads");
	if (read_stage(json_object_get(heads, "before"), h, HEADS_BEFORE, err) <
	    0)
		return -1;
	return h->has_after ? read_stage(after, h, HEADS_AFTER, err) : 0;
}

/* ---- the cascade --------------------------------------------------------- */

static const char *arena_text(struct arena *a, const char *text)
{
	return text ? arena_dup(a, span_of(text)) : NULL;
}

static int read_tiers(json_t *list, struct artifact *a, struct err *err)
{
	struct artifact_route *r = &a->route;
	size_t n = json_array_size(list);

	if (n < 2 || n > 16)
		return bad(err, "tiers: must be two or more");
	r->tiers = arena_get(a->arena, n * sizeof(*r->tiers));
	for (size_t i = 0; i < n; i++) {
		const char *backend, *model;

		if (json_unpack(json_array_get(list, i), "{s:s,s:s,s:i}",
				"backend", &backend, "model", &model,
				"top_logprobs", &r->tiers[i].top_logprobs) < 0)
			return bad(err, "tiers: each needs backend, model, "
					"top_logprobs");
		r->tiers[i].backend = arena_text(a->arena, backend);
		r->tiers[i].model = arena_text(a->arena, model);
	}
	r->n_tiers = n;
	return 0;
}

static int read_route(json_t *root, struct artifact *a, struct err *err)
{
	const char *cascade, *compare, *created, *data;
	json_t *digest = json_object_get(root, "check_instruction");
	json_t *tiers, *verify;
	json_error_t why;

	if (json_unpack_ex(root, &why, 0, "{s:s,s:o,s:o,s:s,s:s,s:s,s:F}",
			   "cascade", &cascade, "tiers", &tiers, "verify",
			   &verify, "compare", &compare, "created", &created,
			   "data_sha256", &data, "route_price",
			   &a->route_price) < 0)
		return bad(err, why.text);
	a->route.cascade = arena_text(a->arena, cascade);
	a->route.compare = arena_text(a->arena, compare);
	a->route.check_digest = arena_text(a->arena, json_string_value(digest));
	a->route.verify = artifact_verify_text(verify, a->arena);
	a->created = arena_text(a->arena, created);
	a->data_digest = arena_text(a->arena, data);
	return read_tiers(tiers, a, err);
}

/* ---- the comparator ------------------------------------------------------ */

static int check_comparator(const struct artifact *a, const char *by,
			    struct err *err)
{
	const struct artifact_comparator *c = &a->comparator;

	if (strcmp(by, a->route.compare) != 0 || strcmp(by, "judge") != 0)
		return bad(err, "comparator: `by` must be judge, as compare is");
	if (c->n_missed > c->n_labelled || !is_share(c->error_upper))
		return bad(err, "comparator: counts and limit contradict each "
				"other");
	if (c->in_guarantee && !(c->error_upper < a->max_error))
		return bad(err, "comparator: its error leaves nothing of the "
				"promise that it is in");
	return 0;
}

/* Absent or null where nobody is asked. */
static int read_comparator(json_t *root, struct artifact *a, struct err *err)
{
	json_t *j = json_object_get(root, "comparator");
	struct artifact_comparator *c = &a->comparator;
	json_int_t labelled, missed;
	const char *by, *backend;
	int in_guarantee;

	if (!j || json_is_null(j))
		return 0;
	if (json_unpack(j, "{s:s,s:s,s:I,s:I,s:F,s:b}", "by", &by, "backend",
			&backend, "labelled", &labelled, "missed", &missed,
			"error_upper", &c->error_upper, "in_guarantee",
			&in_guarantee) < 0 ||
	    labelled < 0 || missed < 0)
		return bad(err, "comparator: needs by, backend, labelled, "
				"missed, error_upper and in_guarantee");
	a->route.compare_backend = arena_text(a->arena, backend);
	c->n_labelled = (size_t)labelled;
	c->n_missed = (size_t)missed;
	c->in_guarantee = in_guarantee;
	return check_comparator(a, by, err);
}

/* ---- the promise --------------------------------------------------------- */

static int read_promise(json_t *root, struct artifact *a, struct err *err)
{
	json_int_t fit, certify, report, losses;
	const char *kind, *verdict;
	json_error_t why;

	if (json_unpack_ex(root, &why, 0,
			   "{s:{s:F,s:F,s:s,s:I,s:I,s:I,s:I,s:F,s:F},"
			   "s:{s:F,s:F,s:F},s:{s:F,s:F,s:F,s:F,s:F,s:s}}",
			   "promise", "max_error", &a->max_error, "delta",
			   &a->delta, "kind", &kind, "n_fit", &fit, "n_certify",
			   &certify, "n_report", &report, "losses", &losses,
			   "risk", &a->risk, "risk_upper", &a->risk_upper,
			   "cuts", "accept", &a->cuts.accept, "check",
			   &a->cuts.check, "after", &a->cuts.after, "economics",
			   "accept", &a->accept, "checked", &a->checked,
			   "net_saving", &a->net_saving, "net_saving_low",
			   &a->net_saving_low, "net_saving_high",
			   &a->net_saving_high, "verdict", &verdict) < 0)
		return bad(err, why.text);
	if (fit < 0 || certify < 0 || report < 0 || losses < 0)
		return bad(err, "promise: a count is below 0");
	a->n_fit = (size_t)fit;
	a->n_certify = (size_t)certify;
	a->n_report = (size_t)report;
	a->n_losses = (size_t)losses;
	a->certified = strcmp(kind, "certified") == 0;
	a->worth_it = strcmp(verdict, "worth it") == 0;
	if (!(a->max_error > 0 && a->max_error < 1 && a->delta > 0 &&
	      a->delta < 1))
		return bad(err, "promise: max_error and delta must be between "
				"0 and 1");
	if ((!a->certified && strcmp(kind, "estimated") != 0) ||
	    (!a->worth_it && strcmp(verdict, "bypass") != 0))
		return bad(err, "promise: the kind must be certified or "
				"estimated, the verdict worth it or bypass");
	if (a->cuts.check > 1 || a->cuts.after > 1)
		return bad(err, "cuts: above 1, where no regret is");
	if (a->certified && a->cuts.check >= 0 &&
	    (a->n_losses > a->n_certify || !(a->risk_upper <= a->max_error)))
		return bad(err, "promise: certified, but its own rows do not "
				"show it");
	if (!isfinite(a->cuts.after) || !(a->cuts.accept <= a->cuts.check) ||
	    !isfinite(a->cuts.accept) || !isfinite(a->cuts.check))
		return bad(err, "cuts: accept must not be above check");
	if (!a->heads.has_after && a->cuts.check > a->cuts.accept)
		return bad(err, "cuts: a band without heads for after it");
	return 0;
}

static int read_all(json_t *root, struct artifact *a, struct err *err)
{
	json_t *version = json_object_get(root, "frugald_artifact");

	if (!json_is_integer(version))
		return bad(err, "not an artifact of `frugalctl calibrate`");
	if (json_integer_value(version) != ARTIFACT_VERSION)
		return err_set(err, ERR_CONF,
			       "version %lld of the format; "
			       "this program reads %d, calibrate again",
			       (long long)json_integer_value(version),
			       ARTIFACT_VERSION);
	if (read_route(root, a, err) < 0 || read_heads(root, a, err) < 0)
		return -1;
	if (read_promise(root, a, err) < 0)
		return -1;
	return read_comparator(root, a, err);
}

struct artifact *artifact_load(const char *path, struct err *err)
{
	json_error_t why;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	struct err inner = {0};
	struct artifact *a;
	int ret;

	if (!root) {
		err_set(err, ERR_CONF, "%s: %s (line %d)", path, why.text,
			why.line);
		return NULL;
	}
	a = mem_new(sizeof(*a));
	a->arena = arena_new();
	ret = read_all(root, a, &inner);
	json_decref(root);
	if (ret == 0)
		return a;
	err_set(err, inner.kind, "%s: %s", path, inner.text);
	artifact_free(a);
	return NULL;
}

int artifact_is_ours(const struct artifact *a, struct err *err)
{
	for (size_t i = 0; i < a->heads.n[HEADS_AFTER]; i++) {
		const char *name = a->heads.features[i].name;

		if (!signal_find(span_of(name)))
			return err_set(err, ERR_CONF,
				       "needs the signal %.64s, which only "
				       "records bring; calibrate without it",
				       name);
	}
	return 0;
}

void artifact_free(struct artifact *a)
{
	if (!a)
		return;
	heads_release(&a->heads);
	arena_free(a->arena);
	free(a);
}

const char *artifact_verify_text(const json_t *verify, struct arena *arena)
{
	char *text = json_dumps(verify, JSON_COMPACT | JSON_SORT_KEYS |
						JSON_ENCODE_ANY);
	const char *ret = arena_text(arena, text ? text : "");

	free(text);
	return ret;
}

/* ---- does it fit? -------------------------------------------------------- */

static int differs(struct err *err, const char *what, const char *fitted,
		   const char *now)
{
	return err_set(err, ERR_CONF,
		       "was fitted for another cascade: %s is "
		       "%.60s there and %.60s here; calibrate again",
		       what, fitted ? fitted : "none", now ? now : "none");
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static int tier_fits(const struct artifact_tier *a,
		     const struct artifact_tier *b, struct err *err)
{
	char was[16], is[16];

	if (!same(a->backend, b->backend))
		return differs(err, "a tier", a->backend, b->backend);
	if (!same(a->model, b->model))
		return differs(err, "a model", a->model, b->model);
	if (a->top_logprobs == b->top_logprobs)
		return 0;
	snprintf(was, sizeof(was), "%d", a->top_logprobs);
	snprintf(is, sizeof(is), "%d", b->top_logprobs);
	return differs(err, "top_logprobs", was, is);
}

int artifact_fits(const struct artifact *a, const struct artifact_route *r,
		  struct err *err)
{
	if (a->route.n_tiers != r->n_tiers)
		return err_set(err, ERR_CONF,
			       "was fitted for another cascade: "
			       "of %zu tiers there and %zu here",
			       a->route.n_tiers, r->n_tiers);
	for (size_t i = 0; i < r->n_tiers; i++)
		if (tier_fits(&a->route.tiers[i], &r->tiers[i], err) < 0)
			return -1;
	if (!same(a->route.verify, r->verify))
		return differs(err, "verify", a->route.verify, r->verify);
	if (!same(a->route.compare, r->compare))
		return differs(err, "compare", a->route.compare, r->compare);
	if (!same(a->route.compare_backend, r->compare_backend))
		return differs(err, "who compares", a->route.compare_backend,
			       r->compare_backend);
	if (!same(a->route.check_digest, r->check_digest))
		return differs(err, "the check's instruction",
			       a->route.check_digest, r->check_digest);
	return 0;
}
