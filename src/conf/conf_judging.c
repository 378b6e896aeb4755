/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the judging of a cascade needs, and what excludes what.
 */
#include "conf/conf_judging.h"

#include "conf/conf_rows.h"

struct judging {
	struct conf_faults *faults;
	const struct conf_place *at;
	const struct conf_cascade *c;
	const struct doc_node *verify, *threshold, *target, *calibration;
	const struct doc_node *compare, *mode; /* NULL: not said */
};

static void refuse(const struct judging *j, const struct doc_node *node,
		   const char *why)
{
	struct conf_place at = {j->at, node->key};

	conf_faults_add(j->faults, node->key_line, &at, "%s", why);
}

/* A list that names a verifier, be it a wrong one. */
static bool judges(const struct doc_node *verify)
{
	return verify && (verify->kind != DOC_LIST || verify->child);
}

/* A score is compared with a cut: one needs the other. */
static void check_cut(const struct judging *j)
{
	bool judged = judges(j->verify);
	static const char idle[] =
		"nothing gives a score to compare; add `verify`, or leave it "
		"out";

	if (judged && !j->threshold && !j->target &&
	    j->c->mode != CONF_MODE_SHADOW && !conf_rows_is_null(j->verify))
		refuse(j, j->verify,
		       "needs a `threshold`, from 0 to 1: the confidence from "
		       "which an answer is kept; or a `target`");
	if (judged)
		return;
	if (j->threshold)
		refuse(j, j->threshold, idle);
	if (j->target)
		refuse(j, j->target, idle);
	if (j->calibration && j->c->calibration)
		refuse(j, j->calibration, idle);
}

/* The line of that key in the options of that verifier. */
static int option_line(const struct judging *j, const char *verifier,
		       const char *key)
{
	const struct doc_node *item = NULL, *found;

	while ((item = doc_item(j->verify, item))) {
		found = doc_find(doc_find(item, verifier), key);
		if (found)
			return found->key_line;
	}
	return j->verify->line;
}

/* A band is a cut as well. */
static void refuse_bands(const struct judging *j)
{
	struct conf_place in = {j->at, "verify"};

	for (size_t i = 0; i < j->c->n_verify; i++) {
		const struct conf_verify *v = &j->c->verify[i];
		struct conf_place by = {&in, v->verifier->name};

		for (const struct conf_key *k = v->verifier->keys; k->name;
		     k++) {
			const void *field = (const char *)v->opts + k->offset;
			struct conf_place at = {&by, k->name};

			if (k->type != CONF_RANGE || !k->tunes ||
			    !((const struct conf_range *)field)->said)
				continue;
			conf_faults_add(j->faults,
					option_line(j, by.key, k->name), &at,
					"stands beside `target`, whose cuts "
					"are in the calibration; leave it "
					"out");
		}
	}
}

static void check_target(const struct judging *j)
{
	struct conf_place at = {j->at, "target"};

	if (!j->target)
		return;
	if (j->threshold)
		refuse(j, j->target,
		       "stands beside `threshold`; keep one: a target has its "
		       "cuts in the calibration");
	if (!j->c->calibration)
		refuse(j, j->target,
		       "needs a `calibration`, the file that `frugalctl "
		       "calibrate` writes");
	if (j->c->tier_names.n > 0 && j->c->tier_names.n != 2)
		conf_faults_add(j->faults, j->target->key_line, &at,
				"is for cascades of two tiers, this one has "
				"%zu; use `threshold`", j->c->tier_names.n);
	refuse_bands(j);
}

/* A judge is somebody, and nobody else is asked. */
static void check_compare(const struct judging *j)
{
	bool judged = j->c->compare == CONF_COMPARE_JUDGE;

	if (judged && !j->c->compare_backend)
		refuse(j, j->compare,
		       "needs somebody to ask, like {by: judge, backend: NAME}");
	else if (!judged && j->c->compare_backend)
		refuse(j, j->compare,
		       "names a `backend`, which is asked with `by: judge` "
		       "alone; leave it out");
}

/* There must be a tier that is not the one that answers, and somewhere to keep
 * what is found out. */
static void check_mode(const struct judging *j, bool has_ledger)
{
	if (j->c->mode != CONF_MODE_SHADOW)
		return;
	if (!has_ledger)
		refuse(j, j->mode,
		       "shadow needs a `ledger`, which is what it works for");
	if (j->c->tier_names.n == 1)
		refuse(j, j->mode,
		       "shadow is for cascades of two tiers and more, this one "
		       "has 1");
}

void conf_judging_check(struct conf_faults *faults, const struct doc_node *n,
			const struct conf_place *at,
			const struct conf_cascade *c, bool has_ledger)
{
	struct judging j = {
		faults,
		at,
		c,
		doc_find(n, "verify"),
		doc_find(n, "threshold"),
		doc_find(n, "target"),
		doc_find(n, "calibration"),
		doc_find(n, "compare"),
		doc_find(n, "mode"),
	};

	check_cut(&j);
	check_target(&j);
	check_compare(&j);
	check_mode(&j, has_ledger);
}
