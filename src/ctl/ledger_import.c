/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads records into the ledger.
 */
#include "ctl/ledger_job.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/now.h"
#include "chat/price.h"
#include "ctl/configuration.h"
#include "ctl/lines.h"
#include "ctl/record.h"
#include "ctl/records.h"
#include "ctl/when.h"
#include "store/ledger_file.h"

static const struct args_command command = {
	.name = "ledger import",
	.takes = "cn",
	.takes_files = true,
	.help = "usage: frugalctl ledger import -c CONF [--cascade NAME] "
		"FILE...\n"
		"Reads recorded requests, JSON Lines, into the ledger: whole, "
		"with the texts that\n"
		"they have and members unknown to us. Of each file all or "
		"nothing is taken.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   of records that name none, or one "
		"unknown there (default:\n"
		"                       the only one)\n"
		"  -h, --help           this text\n"
		"A record whose id is there already in its cascade is passed "
		"over.\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

struct import {
	const struct conf *conf;
	bool named;	     /* the cascade, on the command line */
	const char *cascade; /* NULL: none was named, and there are several */
	int64_t now_us;
	struct arena *arena;  /* of one file: its rows */
	struct arena *moment; /* of one line */
	struct ledger_row **rows;
	size_t n, room;
	size_t n_old; /* of them beyond `keep` */
};

/* ---- one record ---------------------------------------------------------- */

static const char *keep(struct import *m, const char *text)
{
	return text ? arena_dup(m->arena, span_of(text)) : NULL;
}

/* A number of other units, at most what an int64_t holds. */
static int64_t scaled(double v, double by)
{
	if (isnan(v))
		return 0;
	return v * by < 9e18 ? llround(v * by) : INT64_MAX;
}

/* A name that the configuration does not know is an older or a foreign one. */
static const char *cascade_of(const struct import *m, const struct record *rec)
{
	if (rec->cascade &&
	    (!m->named || configuration_find(m->conf, rec->cascade)))
		return rec->cascade;
	return m->cascade;
}

/* When it is not said, it is now; and nothing was later. */
static int take_time(const struct import *m, const struct record *rec,
		     struct ledger_row *row, struct err *err)
{
	row->time_us = m->now_us;
	if (rec->time && !when_date(rec->time, &row->time_us))
		return err_set(err, ERR_PARSE,
			       "time must be like 2026-11-23T22:14:06Z");
	if (row->time_us > m->now_us)
		row->time_us = m->now_us;
	return 0;
}

static void take_attempt(struct import *m, const struct record_attempt *t,
			 struct ledger_row *row)
{
	struct ledger_attempt *l = &row->attempts[row->n_attempts++];
	bool answers = !t->purpose || strcmp(t->purpose, "answer") == 0;

	l->backend = keep(m, t->backend);
	l->purpose = keep(m, t->purpose ? t->purpose : "answer");
	l->verifier = keep(m, t->verifier);
	l->mode = keep(m, t->mode);
	l->about = keep(m, t->about);
	l->status = t->status >= 0 && t->status <= 999 ? (int)t->status : 0;
	l->total_us = scaled(t->seconds, 1e6);
	l->cost_pusd = scaled(t->cost_usd, 1e12);
	row->cost_pusd = price_add(row->cost_pusd, l->cost_pusd);
	if (answers && l->status / 100 == 2)
		row->backend = l->backend; /* the last one answered */
}

static void take_attempts(struct import *m, const struct record *rec,
			  struct ledger_row *row)
{
	size_t n = 0;

	for (const struct record_attempt *t = rec->attempts; t; t = t->next)
		n++;
	row->attempts = arena_get(m->arena, n * sizeof(*row->attempts));
	for (const struct record_attempt *t = rec->attempts; t; t = t->next)
		take_attempt(m, t, row);
}

static void put(struct import *m, struct ledger_row *row)
{
	int64_t keep_us = m->conf->ledger.keep_us;

	m->n_old += keep_us && row->time_us < m->now_us - keep_us;
	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 256;
		m->rows = mem_resize(m->rows, m->room, sizeof(*m->rows));
	}
	m->rows[m->n++] = row;
}

static int take(struct import *m, const struct record *rec, struct span line,
		struct err *err)
{
	struct ledger_row *row = arena_get(m->arena, sizeof(*row));

	row->cascade = keep(m, cascade_of(m, rec));
	if (!row->cascade)
		return err_set(err, ERR_PARSE,
			       "names no cascade; name one with --cascade");
	if (take_time(m, rec, row, err) < 0)
		return -1;
	row->request_id = keep(m, rec->id);
	row->mode = record_mode_name(rec->mode);
	row->decision = keep(m, rec->decision);
	row->confidence = NAN;
	row->agrees = rec->agrees;
	row->record = arena_dup(m->arena, line);
	take_attempts(m, rec, row);
	put(m, row);
	return 0;
}

static int take_line(void *arg, struct span line, struct err *err)
{
	struct import *m = arg;
	struct record rec;
	int rc = record_read(&rec, line, m->moment, err);

	if (rc == 0)
		rc = take(m, &rec, line, err);
	arena_reset(m->moment);
	return rc;
}

/* ---- files --------------------------------------------------------------- */

/* One line for people, once it is there. */
static void say_done(const struct import *m, const char *name, size_t n_known,
		     bool torn)
{
	printf("%s: %zu imported", name, m->n - n_known);
	if (n_known)
		printf(", %zu there already", n_known);
	if (torn)
		printf(", 1 %s", RECORDS_TORN);
	if (m->n_old)
		printf(", %zu older than `keep`: the daemon will remove %s",
		       m->n_old, m->n_old == 1 ? "it" : "them");
	puts("");
}

static int import_file(struct import *m, struct ledger_file *f,
		       const char *name, struct err *err)
{
	struct err why = {0};
	size_t n_known, bad;
	bool torn = false;

	m->n = m->n_old = 0;
	arena_reset(m->arena);
	if (lines_read(name, NULL, take_line, m, &torn, err) < 0)
		return -1;
	if (ledger_file_write_new(f, m->rows, m->n, &n_known, &bad, &why) < 0)
		return err_set(err, why.kind, "%s: nothing imported: %s", name,
			       why.text);
	say_done(m, name, n_known, torn);
	return 0;
}

static int import_all(struct import *m, const struct args *a, const char *path,
		      struct err *err)
{
	struct ledger_file *f = ledger_file_join(path, err);
	int rc = f ? 0 : -1;

	for (size_t i = 0; i < a->n_records && rc == 0; i++)
		rc = import_file(m, f, a->records[i], err);
	ledger_file_close(f);
	return rc;
}

static int run(const struct args *a, const struct conf *c, const char *path)
{
	const struct conf_cascade *found = configuration_find(c, a->cascade);
	struct import m = {
		.conf = c,
		.named = a->cascade != NULL,
		.cascade = found ? found->name : NULL,
		.now_us = now_wall_us(),
	};
	struct err err = {0};
	int rc;

	if (m.named && !found)
		return configuration_refuse(c, &command, a->cascade);
	m.arena = arena_new();
	m.moment = arena_new();
	rc = import_all(&m, a, path, &err);
	arena_free(m.arena);
	arena_free(m.moment);
	free(m.rows);
	return rc == 0 ? ARGS_DONE : ledger_job_fault(&command, &err);
}

static int check(const struct args *a)
{
	return a->n_records ? 0 : args_wrong(&command, "name files of records");
}

int ledger_import(int argc, char **argv)
{
	static const struct ledger_job job = {
		.command = &command,
		.check = check,
		.work = run,
	};

	return ledger_job_run(&job, argc, argv);
}
