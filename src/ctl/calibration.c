/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits, fits, certifies, judges.
 */
#include "ctl/calibration.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ctl/certify.h"
#include "ctl/split.h"
#include "stat/binom.h"
#include "stat/curve.h"

#define POLICIES_MOST 400

struct calibration_fit {
	const struct samples *s;
	struct calibration_options o;
	struct heads heads;
	struct quality quality[HEADS_NSTAGES];
	bool labelled;
	bool priced; /* else rows cost 1 when escalated, nothing otherwise */
	struct split rows;
	struct fit_scores cross;      /* of fit */
	struct fit_scores cross_all;  /* confidence alone */
	struct fit_scores on_certify; /* by heads that did not see them */
	struct fit_scores on_report;
	struct cuts_row *drawn; /* fit's rows but the enforced ones */
	struct cuts_row *certifying, *reporting;
};

/* Nobody said it costs anything. */
static double price(double usd)
{
	return isnan(usd) ? 0 : usd;
}

void calibration_rows(const struct samples *s, bool labelled,
		      struct fit_rows rows, const struct fit_scores *scores,
		      struct cuts_row *out)
{
	for (size_t i = 0; i < rows.n; i++) {
		const struct sample *row = &s->v[rows.i[i]];
		enum known loss = sample_loss(row, labelled);

		assert(loss != KNOWN_NOT);
		out[i] = (struct cuts_row){
			.regret = {scores->regret[HEADS_BEFORE][i],
				   scores->regret[HEADS_AFTER][i]},
			.cheap_usd = price(row->cheap_usd),
			.check_usd = price(row->check_usd),
			.expensive_usd = row->expensive_usd,
			.loss = loss == KNOWN_TRUE,
			.check_absent = row->check_absent,
		};
	}
}

static bool is_priced(const struct samples *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (isnan(s->v[i].expensive_usd))
			return false;
	return true;
}

static void prepare(struct calibration_fit *f, const struct samples *s,
		    const struct calibration_options *o)
{
	const struct split_options how = {
		.seed = o->seed,
		.labelled = samples_labelled(s),
		.out_of_fold = o->out_of_fold,
		.report_share = o->report_share,
	};
	struct split *p = &f->rows;

	*f = (struct calibration_fit){.s = s,
				      .o = *o,
				      .labelled = how.labelled,
				      .priced = is_priced(s)};
	split_init(p, s, &how);
	f->drawn = mem_array(p->drawn.n + 1, sizeof(*f->drawn));
	f->certifying = mem_array(p->certify.n + 1, sizeof(*f->certifying));
	f->reporting = mem_array(p->report.n + 1, sizeof(*f->reporting));
}

/* Those of the rows from `first` on. */
static struct fit_scores scores_from(const struct fit_scores *f, size_t first)
{
	struct fit_scores part = *f;

	for (int s = 0; s < HEADS_NSTAGES; s++) {
		part.regret[s] += first;
		part.confidence[s] += first;
	}
	part.n -= first;
	return part;
}

/* As calibration_rows(). Without prices the most accepted is the best. */
static void rows_of(const struct calibration_fit *f, struct fit_rows rows,
		    const struct fit_scores *scores, struct cuts_row *out)
{
	calibration_rows(f->s, f->labelled, rows, scores, out);
	for (size_t i = 0; !f->priced && i < rows.n; i++) {
		out[i].cheap_usd = out[i].check_usd = 0;
		out[i].expensive_usd = 1;
	}
}

static int fit(struct calibration_fit *f, struct err *err)
{
	const struct fit_options o = {
		.seed = f->o.seed,
		.labelled = f->labelled,
		.check = !f->o.no_check,
		.words = !f->o.no_words && samples_have_words(f->s),
	};
	const struct split *p = &f->rows;
	struct fit_scores cross;

	if (fit_heads(&f->heads, f->s, &o, p->fit, p->all, &f->cross,
		      &f->cross_all, err) != 0)
		return -1;
	cross = scores_from(&f->cross, p->fit.n - p->drawn.n);
	rows_of(f, p->drawn, &cross, f->drawn);
	fit_score(&f->heads, f->s, p->certify, &f->on_certify);
	fit_score(&f->heads, f->s, p->report, &f->on_report);
	rows_of(f, p->certify, f->o.out_of_fold ? &cross : &f->on_certify,
		f->certifying);
	rows_of(f, p->report, &f->on_report, f->reporting);
	return 0;
}

/* The best policy of one use of the check. */
static void test(const struct calibration_fit *f, enum cuts_use use,
		 const struct misses_rest *level, struct calibration *c)
{
	struct artifact_cuts list[POLICIES_MOST];
	size_t n = f->rows.certify.n;
	struct certified passed;
	struct cuts_sum sum;

	c->n_tested = cuts_frontier(f->drawn, f->rows.drawn.n, use, list,
				    POLICIES_MOST);
	passed = certify(list, c->n_tested, f->certifying, n, level->alpha,
			 level->delta);
	c->n_passed = passed.n_passed;
	c->cuts = c->way[use].cuts = passed.best;
	c->naive = passed.naive;
	sum = cuts_count(&c->cuts, f->certifying, n);
	c->way[use].net_saving = f->priced ? cuts_saving(&sum) : NAN;
}

/* The way that counts comes last and leaves its cuts. */
static void test_ways(const struct calibration_fit *f,
		      const struct misses_rest *level, struct calibration *c)
{
	for (int use = 0; use < CUTS_NUSES; use++)
		c->way[use].cuts = cuts_none();
	test(f, CUTS_UNCHECKED, level, c);
	if (!f->heads.has_after)
		return;
	test(f, CUTS_CHECK_ALL, level, c);
	test(f, CUTS_BAND, level, c);
}

/* Labels: whether the cheap reply was right. */
static void judge_labelled(struct quality *q, const struct calibration_fit *f,
			   enum heads_stage stage)
{
	const struct fit_rows *rows =
		f->rows.report.n ? &f->rows.report : &f->rows.all;
	const double *confidence = f->rows.report.n
					   ? f->on_report.confidence[stage]
					   : f->cross_all.confidence[stage];
	double *p = mem_array(rows->n + 1, sizeof(*p));
	bool *y = mem_array(rows->n + 1, sizeof(*y));
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (!isnan(confidence[i])) {
			p[n] = confidence[i];
			y[n++] = f->s->v[rows->i[i]].cheap_right == KNOWN_TRUE;
		}
	quality_confidence(q, p, y, n, f->o.delta, f->o.seed);
	free(p);
	free(y);
}

static void judge(struct quality *q, const struct calibration_fit *f,
		  enum heads_stage stage)
{
	const struct cuts_row *rows =
		f->rows.report.n ? f->reporting : f->certifying;
	size_t n_rows = f->rows.report.n ? f->rows.report.n : f->rows.certify.n,
	       n = 0;
	double *regret = mem_array(n_rows + 1, sizeof(*regret));
	double *agrees = mem_array(n_rows + 1, sizeof(*agrees));
	bool *loss = mem_array(n_rows + 1, sizeof(*loss));
	bool *none = mem_array(n_rows + 1, sizeof(*none));

	for (size_t i = 0; i < n_rows; i++)
		if (!isnan(rows[i].regret[stage])) {
			regret[n] = rows[i].regret[stage];
			agrees[n] = 1 - regret[n];
			loss[n] = rows[i].loss;
			none[n] = !rows[i].loss;
			n++;
		}
	if (f->labelled)
		judge_labelled(q, f, stage);
	else
		quality_confidence(q, agrees, none, n, f->o.delta, f->o.seed);
	q->regret_auroc = curve_auroc(regret, loss, n);
	free(regret);
	free(agrees);
	free(loss);
	free(none);
}

static int check_options(const struct calibration_options *o, struct err *err)
{
	if (!(o->delta > 0 && o->delta < 1))
		return err_set(err, ERR_USAGE,
			       "delta %g is not between 0 and 1", o->delta);
	if (!(o->report_share >= 0 && o->report_share < 1))
		return err_set(err, ERR_USAGE,
			       "report-share %g is not in [0, 1)",
			       o->report_share);
	return 0;
}

static void count(const struct calibration_fit *f, struct calibration *c)
{
	c->labelled = f->labelled;
	c->n_fit = f->rows.fit.n;
	c->n_certify = f->rows.certify.n;
	c->n_report = f->rows.report.n;
	c->n_unknown = f->s->n - f->rows.all.n - f->rows.report.n;
}

static double share(size_t k, size_t n)
{
	return n ? (double)k / (double)n : 0;
}

/* What the losses that were recorded must show. */
static struct misses_rest level_of(const struct calibration_fit *f,
				   double max_error, struct calibration *c)
{
	struct misses_rest level = {max_error, f->o.delta, false};

	c->judged = f->o.judged && !f->labelled;
	c->misses = misses_count(f->s, f->o.delta);
	if (c->judged)
		level = misses_rest(&c->misses, max_error, f->o.delta);
	c->error_counted = level.is_counted;
	return level;
}

static double upper(const struct calibration *c, size_t n, double delta)
{
	double most = binom_upper(c->n_losses, n, delta);

	return c->error_counted ? fmin(most + c->misses.upper, 1) : most;
}

void calibration_promise(const struct calibration_fit *f, double max_error,
			 struct calibration *c)
{
	size_t n = f->rows.certify.n;
	struct misses_rest level;
	struct cuts_sum sum;

	*c = (struct calibration){.heads = f->heads,
				  .certified = !f->o.out_of_fold && n > 0};
	count(f, c);
	level = level_of(f, max_error, c);
	c->n_least = binom_least(level.alpha, level.delta);
	test_ways(f, &level, c);
	sum = cuts_count(&c->cuts, f->certifying, n);
	c->n_losses = sum.n_losses;
	c->risk = share(sum.n_losses, n);
	c->risk_upper = upper(c, n, level.delta);
	c->accept = share(sum.n_accepted, n);
	c->checked = share(sum.n_checked, n);
	c->economy =
		f->priced ? economy_of(&c->cuts, f->certifying, n, f->o.delta)
			  : economy_unknown();
	for (int st = 0; st < HEADS_NSTAGES; st++)
		c->quality[st] = f->quality[st];
	c->report = cuts_count(&c->cuts, f->reporting, f->rows.report.n);
}

struct calibration_fit *calibration_fit_new(const struct samples *s,
					    const struct calibration_options *o,
					    struct err *err)
{
	struct calibration_fit *f;

	if (check_options(o, err) != 0)
		return NULL;
	f = mem_new(sizeof(*f));
	prepare(f, s, o);
	if (fit(f, err) != 0) {
		calibration_fit_free(f);
		return NULL;
	}
	for (int st = 0; st < HEADS_NSTAGES; st++)
		judge(&f->quality[st], f, st);
	return f;
}

void calibration_fit_free(struct calibration_fit *f)
{
	if (!f)
		return;
	heads_release(&f->heads);
	fit_scores_release(&f->cross);
	fit_scores_release(&f->cross_all);
	fit_scores_release(&f->on_certify);
	fit_scores_release(&f->on_report);
	split_release(&f->rows);
	free(f->drawn);
	free(f->certifying);
	free(f->reporting);
	free(f);
}

int calibration_run(struct calibration *c, const struct samples *s,
		    const struct calibration_options *o, struct err *err)
{
	struct calibration_fit *f;

	if (!(o->max_error > 0 && o->max_error < 1))
		return err_set(err, ERR_USAGE,
			       "max-error %g is not between 0 and 1",
			       o->max_error);
	f = calibration_fit_new(s, o, err);
	if (!f)
		return -1;
	calibration_promise(f, o->max_error, c);
	f->heads = (struct heads){0}; /* c's now */
	calibration_fit_free(f);
	return 0;
}

void calibration_release(struct calibration *c)
{
	heads_release(&c->heads);
}
