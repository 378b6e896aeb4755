/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does calibration keep its promises? Records in, one table out.
 *
 * evaluate CONF FOLDER TRIALS THREADS; see scripts/evaluate. Exits 1 where a
 * bar was missed, 2 where it cannot begin.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "base/buf.h"
#include "base/mem.h"
#include "conf/conf_read.h"
#include "ctl/records.h"
#include "summary.h"
#include "verify/verifiers.h"
#include "verify/words.h"

#define THREADS_MOST 64

enum { CASCADE_PLAIN, CASCADE_CHECKED }; /* of tests/evaluate/frugald.yaml */

static const struct file {
	const char *name; /* FOLDER/name.jsonl */
	int cascade;
} files[] = {
	{"gpt-4o-mini", CASCADE_PLAIN}, {"llama-8b", CASCADE_PLAIN},
	{"llama-70b", CASCADE_PLAIN},	{"qwen-7b", CASCADE_PLAIN},
	{"gsm8k", CASCADE_PLAIN},	{"local", CASCADE_CHECKED},
};

enum { N_FILES = sizeof(files) / sizeof(*files) };

#define OF_MMLU                                                                \
	{                                                                      \
		.01, .02, .05                                                  \
	}
#define OF_LOCAL                                                               \
	{                                                                      \
		.02, .05, .10                                                  \
	}

static const struct one_case {
	const char *name;
	int file;
	enum trial_draw draw;
	size_t n;
	double alphas[TRIAL_ALPHAS];
	bool dear_check; /* priced as the expensive answer */
} cases[] = {
	{"mmlu/gpt-4o-mini", 0, TRIAL_RESAMPLE, 1000, OF_MMLU, false},
	{"mmlu/gpt-4o-mini", 0, TRIAL_RESAMPLE, 4000, OF_MMLU, false},
	{"mmlu/llama-8b", 1, TRIAL_RESAMPLE, 1000, OF_MMLU, false},
	{"mmlu/llama-8b", 1, TRIAL_RESAMPLE, 4000, OF_MMLU, false},
	{"mmlu/llama-70b", 2, TRIAL_RESAMPLE, 1000, OF_MMLU, false},
	{"mmlu/llama-70b", 2, TRIAL_RESAMPLE, 4000, OF_MMLU, false},
	{"mmlu/qwen-7b", 3, TRIAL_RESAMPLE, 1000, OF_MMLU, false},
	{"mmlu/qwen-7b", 3, TRIAL_RESAMPLE, 4000, OF_MMLU, false},
	{"gsm8k", 4, TRIAL_RESAMPLE, 1000, OF_MMLU, false},
	{"local/mixed", 5, TRIAL_RESAMPLE, 700, OF_MMLU, false},
	{"local/mixed", 5, TRIAL_RESAMPLE, 700, OF_LOCAL, false},
	{"local/mixed", 5, TRIAL_SPLIT, 700, OF_LOCAL, false},
	{"local/dear-check", 5, TRIAL_SPLIT, 700, OF_LOCAL, true},
};

enum { N_CASES = sizeof(cases) / sizeof(*cases) };

/* The workers take the next trial of all cases until there is none. */
static struct {
	struct trial_plan plans[N_CASES];
	struct trial *trials; /* n_trials of each case */
	size_t n_trials;
	atomic_size_t next;
} work;

static void *run_trials(void *arg)
{
	size_t i;

	while ((i = atomic_fetch_add(&work.next, 1)) <
	       N_CASES * work.n_trials) {
		struct err err = {0};

		if (trial_run(&work.plans[i / work.n_trials], i % work.n_trials,
			      &work.trials[i], &err) == 0)
			continue;
		fprintf(stderr, "evaluate: %s: %s\n",
			cases[i / work.n_trials].name, err.text);
		exit(2);
	}
	return arg;
}

static void run_all(size_t n_threads)
{
	pthread_t threads[THREADS_MOST];

	for (size_t i = 0; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, run_trials, NULL) != 0) {
			perror("evaluate");
			exit(2);
		}
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
}

/* ---- the table ----------------------------------------------------------- */

static void print_head(void)
{
	printf("%zu trials each, delta %g. draw: with replacement, held "
	       "against the whole file; split: against the rest.\n"
	       "gap: to the best single cut in hindsight. broken: share of "
	       "trials; naive: of the rule \"risk seen <= alpha\".\n"
	       "saving: net; alone: best without a check, all: checking all. "
	       "auroc: of confidence before / after the check.\n\n"
	       "%-17s %-5s %5s %5s  %6s %6s %7s  %6s %6s %6s  %6s %6s %6s"
	       "  %5s %9s\n",
	       work.n_trials, TRIAL_DELTA, "pair", "draw", "pairs", "alpha",
	       "accept", "gap", "checked", "saving", "alone", "all", "broken",
	       "naive", "worth", "ece", "auroc");
}

static void print_line(const struct one_case *c, const struct summary *s, int i)
{
	const struct summary_promise *p = &s->at[i];

	printf("%-17s %-5s %5zu %5g  %6.3f %6.3f %7.3f  %6.3f %6.3f %6.3f  ",
	       c->name, c->draw == TRIAL_SPLIT ? "split" : "draw", c->n,
	       c->alphas[i], p->accept, p->gap, p->checked, p->saving,
	       p->saving_of[CUTS_UNCHECKED], p->saving_of[CUTS_CHECK_ALL]);
	if (c->draw == TRIAL_SPLIT)
		printf("%6s %6s", "-", "-");
	else
		printf("%6.3f %6.3f", p->broken, p->naive_broken);
	printf(" %6.2f  %5.3f %4.2f %4.2f\n", p->worth_it, s->ece,
	       s->auroc[HEADS_BEFORE], s->auroc[HEADS_AFTER]);
}

/* Returns how many bars were missed. */
static int print_all(void)
{
	struct summary s[N_CASES];
	int missed = 0;

	print_head();
	for (int i = 0; i < N_CASES; i++) {
		s[i] = summary_of(&work.trials[(size_t)i * work.n_trials],
				  work.n_trials);
		for (int k = 0; k < TRIAL_ALPHAS; k++)
			print_line(&cases[i], &s[i], k);
	}
	putchar('\n');
	for (int i = 0; i < N_CASES; i++)
		missed += bars_check(cases[i].name, &work.plans[i], &s[i],
				     stdout);
	if (missed == 0)
		puts("all bars are met");
	return missed;
}

/* ---- records ------------------------------------------------------------- */

static struct conf *read_conf(const char *path)
{
	struct buf faults, warnings;
	struct conf *conf;

	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	conf = conf_read(path, verifier_confs(), &faults, &warnings);
	if (!conf)
		fprintf(stderr, "%.*s", (int)faults.n, faults.p);
	buf_release(&faults);
	buf_release(&warnings);
	return conf;
}

static struct records *read_file(const struct conf *conf, const char *folder,
				 const struct file *f)
{
	const struct records_want want = {
		.cascade = &conf->cascades[f->cascade],
		.n_words = WORDS_BUCKETS,
	};
	struct records *r = records_new(&want);
	char *path = mem_printf("%s/%s.jsonl", folder, f->name);
	struct err err = {0};

	if (records_read(r, path, &err) != 0) {
		fprintf(stderr, "evaluate: %s\n", err.text);
		exit(2);
	}
	free(path);
	return r;
}

/* The same rows at another price; v is the caller's. */
static struct samples with_dear_check(const struct samples *s, struct sample *v)
{
	struct samples dear = *s;

	for (size_t i = 0; i < s->n; i++) {
		v[i] = s->v[i];
		v[i].check_usd = v[i].expensive_usd;
	}
	dear.v = v;
	return dear;
}

static void plan_all(const struct samples *const *samples,
		     const struct samples *dear)
{
	for (int i = 0; i < N_CASES; i++) {
		const struct one_case *c = &cases[i];
		struct trial_plan *p = &work.plans[i];

		*p = (struct trial_plan){
			.s = c->dear_check ? dear : samples[c->file],
			.draw = c->draw,
			.n = c->n,
		};
		memcpy(p->alphas, c->alphas, sizeof(p->alphas));
	}
}

static int evaluate(const struct conf *conf, const char *folder,
		    size_t n_threads)
{
	struct records *records[N_FILES];
	const struct samples *samples[N_FILES], *local;
	struct samples dear;
	struct sample *v;
	int missed;

	for (int i = 0; i < N_FILES; i++) {
		records[i] = read_file(conf, folder, &files[i]);
		samples[i] = records_samples(records[i]);
	}
	local = samples[N_FILES - 1];
	v = mem_array(local->n, sizeof(*v));
	dear = with_dear_check(local, v);
	plan_all(samples, &dear);
	work.trials = mem_array(N_CASES * work.n_trials, sizeof(*work.trials));
	run_all(n_threads);
	missed = print_all();
	free(work.trials);
	free(v);
	for (int i = 0; i < N_FILES; i++)
		records_free(records[i]);
	return missed ? 1 : 0;
}

static size_t count_of(const char *text, size_t most)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	return *end || v < 1 || v > most ? 0 : v;
}

int main(int argc, char **argv)
{
	struct conf *conf;
	size_t n_threads;
	int status;

	if (argc != 5 || !(work.n_trials = count_of(argv[3], 100000)) ||
	    !(n_threads = count_of(argv[4], THREADS_MOST))) {
		fputs("usage: evaluate CONF FOLDER TRIALS THREADS\n", stderr);
		return 2;
	}
	conf = read_conf(argv[1]);
	if (!conf)
		return 2;
	status = evaluate(conf, argv[2], n_threads);
	conf_free(conf);
	return status;
}
