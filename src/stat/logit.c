/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands sparse rows to LIBLINEAR.
 */
#include "stat/logit.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <linear.h>

#include "base/mem.h"

/* LIBLINEAR shrinks the intercept like any weight. In a column of this height
 * its weight is so small that the penalty hardly counts. */
#define BIAS 100.0
/* Of the gradient at the start, less where one class is rare. */
#define TOLERANCE 1e-6

static void say_nothing(const char *line)
{
	(void)line;
}

static size_t count_true(const bool *y, size_t n)
{
	size_t n_true = 0;

	for (size_t i = 0; i < n; i++)
		n_true += y[i];
	return n_true;
}

static int check_row(const struct logit_rows *rows, size_t i, struct err *err)
{
	for (size_t j = 0; j < rows->row_n[i]; j++) {
		const struct logit_entry *e = &rows->row[i][j];

		assert(e->feature < rows->n_features);
		assert(j == 0 || e->feature > e[-1].feature);
		if (!isfinite(e->value))
			return err_set(err, ERR_PARSE,
				       "row %zu, feature %u: %g is no number",
				       i, (unsigned)e->feature, e->value);
	}
	return 0;
}

static int check(const struct logit_rows *rows, double c, struct err *err)
{
	if (rows->n == 0)
		return err_set(err, ERR_PARSE, "no rows to fit");
	if (rows->n > INT_MAX || rows->n_features > INT_MAX - 2)
		return err_set(err, ERR_LIMIT,
			       "too much to fit: %zu rows, %zu "
			       "features",
			       rows->n, rows->n_features);
	if (!(c > 0) || !isfinite(c))
		return err_set(err, ERR_PARSE, "C is %g, not above 0", c);
	for (size_t i = 0; i < rows->n; i++)
		if (check_row(rows, i, err) != 0)
			return -1;
	return 0;
}

/* Writes a row as LIBLINEAR reads it: from 1, with the column of the intercept,
 * and an end mark. Returns where the next row goes. */
static struct feature_node *put_row(struct feature_node *to,
				    const struct logit_rows *rows, size_t i)
{
	for (size_t j = 0; j < rows->row_n[i]; j++)
		*to++ = (struct feature_node){
			.index = (int)rows->row[i][j].feature + 1,
			.value = rows->row[i][j].value,
		};
	*to++ = (struct feature_node){(int)rows->n_features + 1, BIAS};
	*to++ = (struct feature_node){.index = -1};
	return to;
}

static void problem_init(struct problem *p, const struct logit_rows *rows,
			 const bool *y)
{
	struct feature_node *nodes;
	size_t n_nodes = 2 * rows->n;

	for (size_t i = 0; i < rows->n; i++)
		n_nodes += rows->row_n[i];
	nodes = mem_array(n_nodes, sizeof(*nodes));
	*p = (struct problem){
		.l = (int)rows->n,
		.n = (int)rows->n_features + 1,
		.y = mem_array(rows->n, sizeof(*p->y)),
		.x = mem_array(rows->n, sizeof(*p->x)),
		.bias = BIAS,
	};
	for (size_t i = 0; i < rows->n; i++) {
		p->y[i] = y[i] ? 1 : -1;
		p->x[i] = nodes;
		nodes = put_row(nodes, rows, i);
	}
}

static void problem_release(struct problem *p)
{
	free(p->x[0]); /* all nodes are one block */
	free(p->x);
	free(p->y);
}

static void train_by_liblinear(const struct problem *p, double c, double *w,
			       double *b)
{
	/* Trust region Newton on the primal: nothing is drawn at random. */
	const struct parameter how = {
		.solver_type = L2R_LR,
		.eps = TOLERANCE,
		.C = c,
	};
	struct model *m;
	int as_true;

	set_print_string_function(say_nothing);
	m = train(p, &how);
	as_true = m->label[0] == 1 ? 0 : 1;
	for (int i = 0; i < get_nr_feature(m); i++)
		w[i] = get_decfun_coef(m, i + 1, as_true);
	*b = get_decfun_bias(m, as_true);
	free_and_destroy_model(&m);
}

int logit_fit(const struct logit_rows *rows, const bool *y, double c, double *w,
	      double *b, struct err *err)
{
	struct problem p;
	size_t n_true;

	if (check(rows, c, err) != 0)
		return -1;
	n_true = count_true(y, rows->n);
	if (n_true == 0 || n_true == rows->n) {
		for (size_t i = 0; i < rows->n_features; i++)
			w[i] = 0;
		*b = log(((double)n_true + 0.5) /
			 ((double)(rows->n - n_true) + 0.5));
		return 0;
	}
	problem_init(&p, rows, y);
	train_by_liblinear(&p, c, w, b);
	problem_release(&p);
	return 0;
}
