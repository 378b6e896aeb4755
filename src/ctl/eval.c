/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts questions to a cascade.
 */
#include "ctl/eval.h"

#include <stdio.h>
#include <unistd.h>

#include "base/core.h"
#include "base/log.h"
#include "ctl/args.h"
#include "ctl/eval_lines.h"
#include "ctl/eval_plan.h"
#include "ctl/eval_run.h"
#include "ctl/eval_subject.h"
#include "ctl/eval_tell.h"
#include "evt/pool.h"
#include "evt/signals.h"
#include "net/http_client.h"
#include "store/ledger_reader.h"

#define INTERRUPTED 130	    /* 128 + SIGINT, as shells have it */
#define SETTLE_US   1000000 /* at the end, for plugins that still judge */

static const struct args_command command = {
	.name = "eval",
	.takes = "cnPBMLRq",
	.takes_files = true,
	.help = "usage: frugalctl eval -c CONF [--cascade NAME] [OPTION...] "
		"FILE\n"
		"Puts each question of FILE (- is the standard input) to all "
		"tiers and all\n"
		"verifiers of a cascade and writes what they say into the "
		"ledger, for\n"
		"calibrate. What the ledger has is not asked again, so the "
		"same command goes\n"
		"on where it was stopped; a changed model or chain makes new "
		"questions.\n"
		"A line of FILE is the body of a chat request with "
		"`messages`; `model` and\n"
		"`stream` are passed over. Not sent, and all may be left out: "
		"`id`; `reference`,\n"
		"the right answer as text; `comparator`, how answers are held "
		"against it (auto,\n"
		"json, choice, number, contains, text, exact, regex).\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   may be left out when there is one\n"
		"      --parallel N     questions in flight, 1 to 256 (4)\n"
		"      --budget USD     begin nothing that might pass it, in "
		"this run\n"
		"      --max-tokens N   for lines that say no max_tokens\n"
		"      --limit N        only the first N questions of FILE\n"
		"      --retry          ask again what failed before\n"
		"  -q, --quiet          no progress\n"
		"  -h, --help           this text\n"
		"SIGINT and SIGTERM wait for what is in flight; twice, they "
		"abort it.\n"
		"Exit: 0 each question is in the ledger, failed ones too; 1 "
		"cannot, a line is\n"
		"wrong, or stopped by the budget or a tier that fails ten "
		"times in a row; 2\n"
		"usage or configuration; 130 interrupted.\n",
};

struct eval {
	const struct args *args;
	struct eval_subject subject;
	struct eval_lines lines;
	struct eval_plan *plan;
	struct ledger_file *ledger;
};

/* Returns the exit status. */
static int say(const char *before, const struct err *err)
{
	fprintf(stderr, "frugalctl eval: %s%s%s\n", before, *before ? ": " : "",
		err->text);
	return ARGS_CANNOT;
}

/* ---- what is to be asked ------------------------------------------------- */

static int read_lines(struct eval *e)
{
	const struct cascade *c = e->subject.cascade;
	const struct conf_limits *limits = &e->subject.generation->conf->limits;
	const struct eval_lines_want want = {
		.cascade = c->name,
		.compare = c->compare == COMPARATOR_JUDGE ? COMPARATOR_AUTO
							  : c->compare,
		.max_tokens = e->args->max_tokens,
		.max_depth = (int)limits->max_depth,
	};
	struct err err = {0};

	if (eval_lines_read(&e->lines, e->args->records[0], &want, &err) < 0)
		return say("", &err);
	if (e->args->limit && (size_t)e->args->limit < e->lines.n)
		e->lines.n = (size_t)e->args->limit;
	return 0;
}

static int note_rows(struct eval *e, struct err *err)
{
	const struct ledger_reader_want want = {
		.cascade = e->subject.cascade->name,
		.mode = "eval",
	};
	struct ledger_reader *r =
		ledger_reader_open(e->subject.ledger, &want, err);
	int rc;

	if (!r)
		return -1;
	rc = ledger_reader_ids(r, eval_plan_note, e->plan, err);
	ledger_reader_close(r);
	return rc;
}

/* The file is made before it is read. */
static int plan(struct eval *e)
{
	struct err err = {0};

	e->plan = eval_plan_new(e->subject.cascade->conf, e->args->retry);
	e->ledger = ledger_file_join(e->subject.ledger, &err);
	if (!e->ledger || note_rows(e, &err) < 0)
		return say(e->subject.ledger, &err);
	for (size_t i = 0; i < e->lines.n; i++)
		eval_plan_add(e->plan, &e->lines.v[i]);
	return 0;
}

/* ---- asking -------------------------------------------------------------- */

static int tell_end(const struct eval *e, enum eval_end end,
		    const struct eval_tally *t, const struct err *err)
{
	const struct eval_tier *dead = eval_tally_dead(t);

	switch (end) {
	case EVAL_END_ALL:
		return ARGS_DONE;
	case EVAL_END_BUDGET:
		fputs("frugalctl eval: stopped: another question might pass "
		      "the budget\n",
		      stderr);
		break;
	case EVAL_END_DEAD:
		fprintf(stderr,
			"frugalctl eval: stopped: %s failed %zu times in a "
			"row (%s); once it answers, --retry asks again\n",
			dead->backend, dead->in_a_row, dead->why);
		break;
	case EVAL_END_SIGNAL:
		return INTERRUPTED;
	case EVAL_END_FAULT:
		say(e->subject.ledger, err);
		break;
	}
	return ARGS_CANNOT;
}

static enum eval_end ask(struct eval *e, const struct eval_question *questions,
			 size_t n, struct eval_tally *t, struct err *err)
{
	struct eval_progress progress;
	const struct eval_job job = {
		.generation = e->subject.generation,
		.cascade = e->subject.cascade,
		.ledger = e->ledger,
		.questions = questions,
		.n = n,
		.parallel = e->subject.parallel,
		.budget_pusd = e->args->budget_pusd,
		.progress = &progress,
	};

	if (n == 0)
		return EVAL_END_ALL;
	eval_progress_init(&progress, stderr, e->args->quiet);
	return eval_run(&job, t, err);
}

static int ask_and_tell(struct eval *e)
{
	const struct conf_cascade *cascade = e->subject.cascade->conf;
	size_t n;
	const struct eval_question *questions =
		eval_plan_questions(e->plan, &n);
	struct eval_tally t;
	struct err err = {0};
	enum eval_end end;
	int status;

	eval_tally_init(&t, cascade);
	end = ask(e, questions, n, &t, &err);
	status = tell_end(e, end, &t, &err);
	eval_tell(
		&(struct eval_told){
			.conf = e->subject.generation->conf,
			.cascade = cascade,
			.file = e->args->records[0],
			.counts = eval_plan_counts(e->plan),
			.n_lines = e->lines.n,
			.torn = e->lines.torn,
			.left = n - t.done,
		},
		&t, stdout);
	eval_tally_release(&t);
	if (fflush(stdout) == 0)
		return status;
	perror("frugalctl eval");
	return ARGS_CANNOT;
}

/* ---- the command --------------------------------------------------------- */

/* Signals are blocked late: until the lines are read, they end the program. */
static int with_client(struct eval *e)
{
	struct err err = {0};
	int status = ARGS_CANNOT;

	signals_block();
	log_open(NULL, LOG_WARN, &err);
	if (http_client_global_init(&err) < 0)
		say("", &err);
	else
		status = ask_and_tell(e);
	http_client_global_release();
	return status;
}

static int eval(const struct args *a)
{
	struct eval e = {.args = a};
	int status = eval_subject_open(&e.subject, &command, a);

	if (status != 0)
		return status;
	status = read_lines(&e);
	if (status == 0)
		status = plan(&e);
	if (status == 0)
		status = with_client(&e);
	ledger_file_close(e.ledger);
	eval_plan_free(e.plan);
	eval_lines_release(&e.lines);
	eval_subject_close(&e.subject);
	return status;
}

/* A thread that hangs in a plugin cannot be ended, and must not meet the
 * plugin's destructors at work. */
static int leave(int status)
{
	if (pool_settle(SETTLE_US) == 0)
		return status;
	fflush(NULL);
	_exit(status);
}

int ctl_eval(int argc, char **argv)
{
	struct args a;
	int status;

	if (!args_read(&command, argc, argv, &a, &status))
		return status;
	core_forbid();
	if (!a.conf)
		status = args_wrong(&command, "name a configuration with -c");
	else if (a.n_records != 1)
		status = args_wrong(&command, "name one file of questions");
	else
		status = leave(eval(&a));
	args_release(&a);
	return status;
}
