/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads command lines by one table of options.
 */
#include "ctl/args.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/now.h"
#include "ctl/when.h"

#define PARALLEL_MOST 256
#define BUDGET_MOST   1e6 /* USD; as pico-USD it fits into 63 bits */

int args_wrong(const struct args_command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "frugalctl %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; `frugalctl %s -h` tells more\n", c->name);
	return ARGS_USAGE;
}

/* ---- values -------------------------------------------------------------- */

/* NULL, or what the value must be. */
typedef const char *set_fn(struct args *a, char *text);

static bool read_number(const char *text, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	return end != text && !*end && errno == 0 && isfinite(*out);
}

static const char *set_share(double *out, const char *text, bool zero)
{
	double v;

	if (!read_number(text, &v) || v < 0 || v >= 1 || (v == 0 && !zero))
		return zero ? "a number from 0 to below 1, like 0.2"
			    : "a number between 0 and 1, like 0.05";
	*out = v;
	return NULL;
}

static const char *set_max_error(struct args *a, char *text)
{
	return set_share(&a->max_error, text, false);
}

static const char *set_delta(struct args *a, char *text)
{
	return set_share(&a->delta, text, false);
}

static const char *set_report_share(struct args *a, char *text)
{
	return set_share(&a->report_share, text, true);
}

static const char *set_threshold(struct args *a, char *text)
{
	if (read_number(text, &a->threshold) && a->threshold >= 0 &&
	    a->threshold <= 1)
		return NULL;
	return "a number from 0 to 1, like 0.8";
}

static const char *set_seed(struct args *a, char *text)
{
	char *end;

	errno = 0;
	a->seed = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && errno == 0)
		return NULL;
	return "a whole number from 0";
}

static bool read_count(int64_t *out, const char *text, int64_t most)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && errno == 0 &&
	       *out >= 1 && *out <= most;
}

static const char *set_parallel(struct args *a, char *text)
{
	return read_count(&a->parallel, text, PARALLEL_MOST)
		       ? NULL
		       : "a whole number from 1 to 256";
}

static const char *set_max_tokens(struct args *a, char *text)
{
	return read_count(&a->max_tokens, text, INT32_MAX)
		       ? NULL
		       : "a whole number from 1";
}

static const char *set_limit(struct args *a, char *text)
{
	return read_count(&a->limit, text, INT64_MAX) ? NULL
						      : "a whole number from 1";
}

static const char *set_budget(struct args *a, char *text)
{
	double usd;

	if (!read_number(text, &usd) || usd <= 0 || usd > BUDGET_MOST)
		return "a number of dollars above 0, like 2.50";
	a->budget_pusd = llround(usd * 1e12);
	return NULL;
}

static const char *set_fit(struct args *a, char *text)
{
	a->out_of_fold = strcmp(text, "out-of-fold") == 0;
	return a->out_of_fold || strcmp(text, "split") == 0
		       ? NULL
		       : "split or out-of-fold";
}

static const char *set_json(struct args *a, char *text)
{
	(void)text;
	a->json = true;
	return NULL;
}

static const char *set_retry(struct args *a, char *text)
{
	(void)text;
	a->retry = true;
	return NULL;
}

static const char *set_quiet(struct args *a, char *text)
{
	(void)text;
	a->quiet = true;
	return NULL;
}

static const char *set_path(const char **out, const char *text)
{
	*out = text;
	return *text ? NULL : "a path";
}

static const char *set_conf(struct args *a, char *text)
{
	return set_path(&a->conf, text);
}

static const char *set_artifact(struct args *a, char *text)
{
	return set_path(&a->artifact, text);
}

static const char *set_out(struct args *a, char *text)
{
	return set_path(&a->out, text);
}

static const char *set_cascade(struct args *a, char *text)
{
	a->cascade = text;
	return *text ? NULL : "the name of a cascade";
}

static const char *set_mode(struct args *a, char *text)
{
	static const char *const modes[] = {"eval", "shadow", "enforce"};

	a->mode = text;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(text, modes[i]) == 0)
			return NULL;
	return "eval, shadow or enforce";
}

static const char *set_age(int64_t *out, const char *text)
{
	int64_t age_us;

	if (!when_age(text, &age_us))
		return "an age like 90d or 12h";
	*out = now_wall_us() - age_us;
	return NULL;
}

static const char *set_time(int64_t *out, const char *text)
{
	if (when_date(text, out) || !set_age(out, text))
		return NULL;
	return "a time like 2026-11-23T22:14Z, or an age like 90d";
}

static const char *set_since(struct args *a, char *text)
{
	return set_time(&a->since_us, text);
}

static const char *set_until(struct args *a, char *text)
{
	return set_time(&a->until_us, text);
}

static const char *set_before(struct args *a, char *text)
{
	return set_time(&a->before_us, text);
}

static const char *set_older(struct args *a, char *text)
{
	return set_age(&a->before_us, text);
}

static const char *set_format(struct args *a, char *text)
{
	a->csv = strcmp(text, "csv") == 0;
	return a->csv || strcmp(text, "jsonl") == 0 ? NULL : "jsonl or csv";
}

static const char *set_texts(struct args *a, char *text)
{
	(void)text;
	a->texts = true;
	return NULL;
}

static const char *set_backend(struct args *a, char *text)
{
	a->backend = text;
	return *text ? NULL : "the name of a backend";
}

static const char *set_source(struct args *a, char *text)
{
	a->source = text;
	return *text ? NULL : "a few words";
}

static const char *set_from(struct args *a, char *text)
{
	return set_path(&a->from, text);
}

static const char *add_records(struct args *a, char *text)
{
	a->records =
		mem_resize(a->records, a->n_records + 1, sizeof(*a->records));
	a->records[a->n_records++] = text;
	return *text ? NULL : "a path";
}

/* ---- the table ----------------------------------------------------------- */

static const struct row {
	const char *name;
	char letter;
	int has_arg;
	set_fn *set;
} rows[] = {
	{"conf", 'c', required_argument, set_conf},
	{"cascade", 'n', required_argument, set_cascade},
	{"records", 'r', required_argument, add_records},
	{"artifact", 'a', required_argument, set_artifact},
	{"output", 'o', required_argument, set_out},
	{"threshold", 't', required_argument, set_threshold},
	{"max-error", 'e', required_argument, set_max_error},
	{"delta", 'd', required_argument, set_delta},
	{"seed", 's', required_argument, set_seed},
	{"fit", 'f', required_argument, set_fit},
	{"report-share", 'p', required_argument, set_report_share},
	{"json", 'j', no_argument, set_json},
	{"mode", 'm', required_argument, set_mode},
	{"since", 'i', required_argument, set_since},
	{"until", 'u', required_argument, set_until},
	{"format", 'k', required_argument, set_format},
	{"older", 'l', required_argument, set_older},
	{"before", 'b', required_argument, set_before},
	{"texts", 'x', no_argument, set_texts},
	{"parallel", 'P', required_argument, set_parallel},
	{"budget", 'B', required_argument, set_budget},
	{"max-tokens", 'M', required_argument, set_max_tokens},
	{"limit", 'L', required_argument, set_limit},
	{"retry", 'R', no_argument, set_retry},
	{"quiet", 'q', no_argument, set_quiet},
	{"backend", 'g', required_argument, set_backend},
	{"source", 'w', required_argument, set_source},
	{"from", 'y', required_argument, set_from},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *find(int letter)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

/* getopt's tables: '-' gives plain words in their place, as option 1; ':'
 * leaves the words on faults to us. */
static void offer(const struct args_command *c, char *shorts,
		  struct option *longs)
{
	char *s = stpcpy(shorts, "-:h");

	for (size_t i = 0; i < N_ROWS; i++) {
		if (!strchr(c->takes, rows[i].letter))
			continue;
		*longs++ = (struct option){rows[i].name, rows[i].has_arg, NULL,
					   rows[i].letter};
		*s++ = rows[i].letter;
		if (rows[i].has_arg)
			*s++ = ':';
	}
	*longs++ = (struct option){"help", no_argument, NULL, 'h'};
	*longs = (struct option){NULL, 0, NULL, 0};
	*s = '\0';
}

static int unknown(const struct args_command *c, char **argv, int got)
{
	const char *word = argv[optind - 1];

	if (got == ':')
		return args_wrong(c, "%s wants a value", word);
	if (optopt && strncmp(word, "--", 2) != 0)
		return args_wrong(c, "there is no option -%c", optopt);
	return args_wrong(c, "there is no option %s", word);
}

/* What getopt gave: 0, or the exit status + 1. */
static int take(const struct args_command *c, char **argv, int got,
		struct args *out)
{
	/* Plain words behind --records are more of them. */
	bool is_file = got == 1 && (c->takes_files || out->n_records);
	const struct row *row = find(is_file ? 'r' : got);
	const char *must;

	if (got == 'h') {
		fputs(c->help, stdout);
		return ARGS_DONE + 1;
	}
	if (got == 1 && !row)
		return args_wrong(c, "what is \"%s\"?", optarg) + 1;
	if (!row)
		return unknown(c, argv, got) + 1;
	must = row->set(out, optarg);
	if (must)
		return args_wrong(c, "--%s must be %s, not \"%s\"", row->name,
				  must, optarg) +
		       1;
	return 0;
}

bool args_read(const struct args_command *c, int argc, char **argv,
	       struct args *out, int *status)
{
	char shorts[2 * N_ROWS + 4];
	struct option longs[N_ROWS + 2];
	int got, ended = 0;

	*out = (struct args){
		.threshold = NAN,
		.max_error = NAN,
		.delta = NAN,
		.report_share = NAN,
		.seed = 1,
		.parallel = 4,
		.budget_pusd = INT64_MAX,
	};
	offer(c, shorts, longs);
	while (!ended &&
	       (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		ended = take(c, argv, got, out);
	/* Behind --, each is a plain word. */
	while (!ended && optind < argc) {
		optarg = argv[optind++];
		ended = take(c, argv, 1, out);
	}
	if (!ended)
		return true;
	args_release(out);
	*status = ended - 1;
	return false;
}

void args_release(struct args *a)
{
	free(a->records);
	a->records = NULL;
	a->n_records = 0;
}
