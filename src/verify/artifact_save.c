/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an artifact: the inverse of artifact_load(), for the offline tool.
 */
#include "verify/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL when one of them is not finite; the whole is then NULL as well. */
static json_t *numbers(const double *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, json_real(v[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *calibrator_json(const struct calibrator *c)
{
	json_t *j = json_pack("{s:s}", "kind", calibrator_name(c->kind));

	if (c->kind == CALIBRATOR_ISOTONIC) {
		json_object_set_new(j, "x", numbers(c->xs, c->n_points));
		json_object_set_new(j, "y", numbers(c->ys, c->n_points));
	} else if (c->kind != CALIBRATOR_NONE) {
		json_object_set_new(j, "a", json_real(c->a));
		json_object_set_new(j, "b", json_real(c->b));
	}
	if (c->kind == CALIBRATOR_BETA)
		json_object_set_new(j, "c", json_real(c->c));
	return j;
}

static json_t *head_json(const struct heads *h, enum heads_stage stage,
			 enum heads_kind kind)
{
	const struct head *head = &h->head[stage][kind];

	return json_pack(
		"{s:f,s:o,s:o,s:o}", "bias", head->bias, "weights",
		numbers(head->weights, heads_n_weights(h, stage)), "words",
		head->words ? numbers(head->words, h->n_words) : json_null(),
		"calibrator", calibrator_json(&head->calibrator));
}

static json_t *stage_json(const struct heads *h, enum heads_stage stage)
{
	json_t *j = json_object();

	if (stage == HEADS_AFTER && !h->has_after) {
		json_decref(j);
		return json_null();
	}
	if (h->labelled)
		json_object_set_new(j, "confidence",
				    head_json(h, stage, HEADS_CONFIDENCE));
	json_object_set_new(j, "regret", head_json(h, stage, HEADS_REGRET));
	return j;
}

static json_t *signals_json(const struct heads *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->n[HEADS_AFTER]; i++) {
		const struct heads_feature *f = &h->features[i];

		json_array_append_new(
			list,
			json_pack("{s:s,s:b,s:s,s:o}", "name", f->name,
					"may_miss", f->may_miss, "stage",
				  i < h->n[HEADS_BEFORE] ? "before" : "after",
				  "knots",
				  numbers(f->spline.knots, f->spline.n)));
	}
	return list;
}

static json_t *tiers_json(const struct artifact_route *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_tiers; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:i}", "backend",
					r->tiers[i].backend, "model",
					r->tiers[i].model, "top_logprobs",
					r->tiers[i].top_logprobs));
	return list;
}

static json_t *promise_json(const struct artifact *a)
{
	return json_pack("{s:f,s:f,s:s,s:I,s:I,s:I,s:I,s:f,s:f}", "max_error",
			 a->max_error, "delta", a->delta, "kind",
			 a->certified ? "certified" : "estimated", "n_fit",
			 (json_int_t)a->n_fit, "n_certify",
			 (json_int_t)a->n_certify, "n_report",
			 (json_int_t)a->n_report, "losses",
			 (json_int_t)a->n_losses, "risk", a->risk, "risk_upper",
			 a->risk_upper);
}

static json_t *economics_json(const struct artifact *a)
{
	return json_pack("{s:f,s:f,s:f,s:f,s:f,s:s}", "accept", a->accept,
			 "checked", a->checked, "net_saving", a->net_saving,
			 "net_saving_low", a->net_saving_low, "net_saving_high",
			 a->net_saving_high, "verdict",
			 a->worth_it ? "worth it" : "bypass");
}

static json_t *comparator_json(const struct artifact *a)
{
	const struct artifact_comparator *c = &a->comparator;

	if (!a->route.compare_backend)
		return json_null();
	return json_pack("{s:s,s:s,s:I,s:I,s:f,s:b}", "by", a->route.compare,
			 "backend", a->route.compare_backend, "labelled",
			 (json_int_t)c->n_labelled, "missed",
			 (json_int_t)c->n_missed, "error_upper",
			 c->error_upper, "in_guarantee", c->in_guarantee);
}

static json_t *artifact_json(const struct artifact *a)
{
	const struct artifact_route *r = &a->route;

	return json_pack(
		"{s:i,s:s,s:s,s:o,s:o,s:s,s:o,s:s?,s:f,s:s,s:o,s:{s:f,s:f,s:f},"
		"s:o,s:b,s:I,s:o,s:{s:o,s:o}}",
		"frugald_artifact", ARTIFACT_VERSION, "created", a->created,
		"cascade", r->cascade, "tiers", tiers_json(r), "verify",
		json_loads(r->verify, JSON_DECODE_ANY, NULL), "compare",
		r->compare, "comparator", comparator_json(a),
		"check_instruction", r->check_digest, "route_price",
		a->route_price, "data_sha256", a->data_digest, "promise",
		promise_json(a), "cuts", "accept", a->cuts.accept, "check",
		a->cuts.check, "after", a->cuts.after, "economics",
		economics_json(a), "labels", a->heads.labelled, "words",
		(json_int_t)a->heads.n_words, "signals",
		signals_json(&a->heads), "heads", "before",
		stage_json(&a->heads, HEADS_BEFORE), "after",
		stage_json(&a->heads, HEADS_AFTER));
}

static int write_whole(const char *path, const char *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!f)
		return err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	failed = fputs(text, f) < 0 || fputc('\n', f) < 0 || fflush(f) ||
		 fsync(fd);
	if (failed)
		err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	if (fclose(f) && !failed)
		return err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	return failed ? -1 : 0;
}

int artifact_save(const struct artifact *a, const char *path, struct err *err)
{
	json_t *j = artifact_json(a);
	char *text = j ? json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(17))
		       : NULL;
	char *beside = mem_printf("%s.new", path);
	int ret = -1;

	json_decref(j);
	if (!text)
		err_set(err, ERR_SYS, "%s: a number that JSON cannot hold",
			path);
	else if (write_whole(beside, text, err) == 0 &&
		 rename(beside, path) == 0)
		ret = 0;
	else
		err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	if (ret < 0 && text)
		unlink(beside);
	free(beside);
	free(text);
	return ret;
}
