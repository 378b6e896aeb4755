/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes labels into the ledger: one from the command line, or those of a file,
 * all or none.
 */
#include "ctl/label.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/feedback.h"
#include "api/request_id.h"
#include "base/mem.h"
#include "base/now.h"
#include "ctl/args.h"
#include "ctl/configuration.h"
#include "ctl/lines.h"
#include "store/ledger_file.h"
#include "store/ledger_reader.h"

static const struct args_command command = {
	.name = "label",
	.takes = "cgwy",
	.takes_files = true, /* the words are no files */
	.help = "usage: frugalctl label -c CONF REQUEST_ID right|wrong "
		"[--backend NAME]\n"
		"                       [--source TEXT]\n"
		"       frugalctl label -c CONF --from FILE\n"
		"Says whether the answer to a request was right. The request "
		"must be in the ledger;\n"
		"of several labels the last one counts.\n"
		"      --backend NAME  whose answer is meant (default: the one "
		"the client got)\n"
		"      --source TEXT   who says so: 1 to 64 printable "
		"characters\n"
		"      --from FILE     labels, JSON Lines, all of them or "
		"none; "
		"- is stdin:\n"
		"                      {\"request_id\": \"7f3a\", \"label\": "
		"true, \"backend\": \"small\",\n"
		"                      \"source\": \"review\"}\n"
		"  -c, --conf FILE     the daemon's configuration; its "
		"`ledger:` is written\n"
		"  -h, --help          this text\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

/* Labels to write into a ledger, all of requests that it knows. */
struct batch {
	const struct conf *conf;
	struct ledger_reader *known;
	struct ledger_label **v;
	size_t n, room;
};

static void grow(struct batch *b)
{
	b->room = b->room ? 2 * b->room : 16;
	b->v = mem_resize(b->v, b->room, sizeof(*b->v));
}

/* Takes the label. */
static int add(struct batch *b, struct ledger_label *l, struct err *err)
{
	int found = ledger_reader_find(b->known, l->request_id, NULL, err);

	if (found == 0)
		err_set(err, ERR_SYS, "%s has no request %s",
			b->conf->ledger.path, l->request_id);
	if (found <= 0) {
		ledger_label_free(l);
		return -1;
	}
	if (b->n == b->room)
		grow(b);
	l->time_us = now_wall_us();
	b->v[b->n++] = l;
	return 0;
}

static void release(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		ledger_label_free(b->v[i]);
	free(b->v);
}

/* ---- the command line ---------------------------------------------------- */

static int check_words(const struct args *a)
{
	if (!a->conf)
		return args_wrong(&command, "name a configuration with -c");
	if (a->from && (a->n_records || a->backend || a->source))
		return args_wrong(&command,
				  "the lines of --from say it all; leave out "
				  "the rest");
	if (a->from)
		return 0;
	if (a->n_records != 2)
		return args_wrong(&command,
				  "name a request and say right or wrong, or "
				  "name a file with --from");
	if (!request_id_is_valid(span_of(a->records[0])))
		return args_wrong(&command,
				  "a request's id is 1 to %d letters, digits "
				  "and ._-, not \"%s\"",
				  REQUEST_ID_MOST, a->records[0]);
	if (strcmp(a->records[1], "right") != 0 &&
	    strcmp(a->records[1], "wrong") != 0)
		return args_wrong(&command,
				  "an answer is right or wrong, not \"%s\"",
				  a->records[1]);
	if (a->source && !feedback_is_source(span_of(a->source)))
		return args_wrong(&command,
				  "--source must be 1 to 64 printable "
				  "characters");
	return 0;
}

static int check(const struct args *a, const struct conf *conf)
{
	if (!conf->ledger.path)
		return args_wrong(&command, "%s: has no `ledger`", conf->path);
	if (a->backend && !feedback_is_backend(conf, span_of(a->backend)))
		return args_wrong(&command, "there is no backend %s in %s",
				  a->backend, conf->path);
	return 0;
}

static const char *keep(struct arena *a, const char *text)
{
	return text ? arena_dup(a, span_of(text)) : NULL;
}

static int take_words(struct batch *b, const struct args *a, struct err *err)
{
	struct ledger_label *l = ledger_label_new();

	l->request_id = keep(l->arena, a->records[0]);
	l->right = strcmp(a->records[1], "right") == 0;
	l->backend = keep(l->arena, a->backend);
	l->source = keep(l->arena, a->source);
	return add(b, l, err);
}

/* ---- a file -------------------------------------------------------------- */

static int take_line(void *arg, struct span line, struct err *err)
{
	struct batch *b = arg;
	struct fault why;
	struct ledger_label *l = feedback_read(line, b->conf, &why);

	if (!l)
		return err_set(err, ERR_PARSE, "%s", why.message);
	return add(b, l, err);
}

static int take_file(struct batch *b, const char *path, struct err *err)
{
	bool torn;

	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	if (lines_read(path, NULL, take_line, b, &torn, err) < 0)
		return -1;
	if (torn)
		return err_set(err, ERR_PARSE, "%s: its last line is torn",
			       path);
	return 0;
}

/* ---- the ledger ---------------------------------------------------------- */

static int write_all(struct batch *b, struct ledger_file *f,
		     const struct args *a, struct err *err)
{
	size_t bad;
	int rc;

	rc = a->from ? take_file(b, a->from, err) : take_words(b, a, err);
	if (rc < 0)
		return -1;
	return ledger_file_write_labels(f, b->v, b->n, &bad, err);
}

/* A ledger that is not there is not made. */
static int open_and_write(struct batch *b, const struct args *a,
			  struct err *err)
{
	const struct ledger_reader_want any = {.cascade = NULL};
	const char *path = b->conf->ledger.path;
	struct ledger_file *f;
	int rc = -1;

	if (access(path, F_OK) < 0)
		return err_set(err, ERR_SYS, "%s: %s", path, strerror(errno));
	f = ledger_file_join(path, err);
	if (f)
		b->known = ledger_reader_open(path, &any, err);
	if (b->known)
		rc = write_all(b, f, a, err);
	ledger_reader_close(b->known);
	ledger_file_close(f);
	return rc;
}

/* ---- the command --------------------------------------------------------- */

static int label(const struct args *a, const struct conf *conf)
{
	struct batch b = {.conf = conf};
	struct err err = {0};
	int rc = open_and_write(&b, a, &err);

	if (rc < 0)
		fprintf(stderr, "frugalctl label: %s\n", err.text);
	else
		printf("%zu label%s written\n", b.n, b.n == 1 ? "" : "s");
	release(&b);
	return rc < 0 ? ARGS_CANNOT : ARGS_DONE;
}

static int check_and_label(const struct args *a)
{
	int status = check_words(a);
	struct conf *conf;

	if (status != 0)
		return status;
	conf = configuration_read(a->conf);
	if (!conf)
		return ARGS_USAGE;
	status = check(a, conf);
	if (status == 0)
		status = label(a, conf);
	conf_free(conf);
	return status;
}

int ctl_label(int argc, char **argv)
{
	struct args a;
	int status;

	if (!args_read(&command, argc, argv, &a, &status))
		return status;
	status = check_and_label(&a);
	args_release(&a);
	return status;
}
