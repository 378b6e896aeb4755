/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sentence about each cascade that verifies.
 */
#include "daemon/calibrations.h"

#include <stdio.h>

#include "base/log.h"

static const char raw[] = "uncalibrated: the threshold compares a raw score, "
			  "which is no probability";

static const char shadow[] = "in the shadow: the last tier answers, the others "
			     "are asked for the ledger alone";

typedef void tell_fn(const struct cascade *c, const char *what);

static void tell(const struct cascade *c, tell_fn *fn)
{
	const struct artifact *a = c->artifact;
	char text[200];

	if (!a) {
		fn(c, c->conf->mode == CONF_MODE_SHADOW ? shadow : raw);
		return;
	}
	snprintf(text, sizeof(text),
		 "calibrated: max_error %g with delta %g, %s on %zu rows%s",
		 a->max_error, a->delta,
		 a->certified ? "certified" : "estimated",
		 a->certified ? a->n_certify : a->n_fit,
		 a->worth_it ? "" : "; it saves nothing by its own figures");
	fn(c, text);
}

static void each(const struct generation *g, tell_fn *fn)
{
	for (size_t i = 0; i < g->conf->n_cascades; i++)
		if (g->cascades[i].policy.n_verify)
			tell(&g->cascades[i], fn);
}

static void log_it(const struct cascade *c, const char *what)
{
	bool in_shadow = c->conf->mode == CONF_MODE_SHADOW;
	bool fine = in_shadow || (c->artifact && c->artifact->worth_it);
	char rule[32] = "target=1", text[256];

	if (in_shadow)
		snprintf(rule, sizeof(rule), "mode=shadow");
	else if (!c->policy.has_target)
		snprintf(rule, sizeof(rule), "threshold=%g",
			 c->conf->threshold);
	log_line(fine ? LOG_INFO : LOG_WARN,
		 "cascade=%s %s calibrated=%s msg=%s", c->name, rule,
		 c->artifact ? "true" : "false",
		 log_value(text, sizeof(text), what));
}

static void print_it(const struct cascade *c, const char *what)
{
	fprintf(stderr, "frugald: cascade %s: %s\n", c->name, what);
}

void calibrations_log(const struct generation *g)
{
	each(g, log_it);
}

void calibrations_print(const struct generation *g)
{
	each(g, print_it);
}

void calibrations_count(const struct generation *g, struct metric_set *set)
{
	static const struct metric_family family = {
		.name = "frugald_calibrated",
		.help = "Is the confidence of that cascade a probability (1), "
			"or a raw score (0)?",
		.type = METRIC_GAUGE, .labels = "cascade", .scale = 1,
	};

	for (size_t i = 0; i < g->conf->n_cascades; i++) {
		const struct cascade *c = &g->cascades[i];
		const char *const values[] = { c->name, NULL };

		if (c->policy.n_verify)
			metric_set_to(metric_get(set, &family, values),
				      c->artifact != NULL);
	}
}
