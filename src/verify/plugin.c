/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of the ABI: cases written for it, verdicts read and doubted.
 */
#include "verify/plugin.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "verify/plugin_file.h"
#include "verify/signal.h"
#include "verify/words.h"

/* Counted: the generation that opened it has a reference, and so has each task
 * that is not freed, for it may be inside. */
struct plugin {
	struct plugin_file *file;
	const struct frugald_verifier *table;
	void *state; /* its open()'s */
	_Atomic size_t refs;
};

struct plugin_task {
	struct plugin *plugin;
	struct buf texts; /* what `shown` points into */
	struct frugald_case shown;
	struct frugald_verdict said;
	int rc;
};

/* ---- opening ------------------------------------------------------------- */

static int open_state(struct plugin *p, const char *path, const char *options,
		      struct err *err)
{
	char why[120] = "";

	if (!p->table->open && options)
		return err_set(err, ERR_CONF,
			       "`options`: %.100s takes none; remove them",
			       path);
	if (!p->table->open)
		return 0;
	p->state = p->table->open(options, why, sizeof(why));
	if (p->state)
		return 0;
	why[sizeof(why) - 1] = '\0';
	return err_set(err, ERR_CONF, "`options`: %.100s refuses them: %s",
		       path, *why ? why : "it does not say why");
}

struct plugin *plugin_open(const char *path, const char *options,
			   struct err *err)
{
	struct plugin_file *f = plugin_file_open(path, err);
	struct plugin *p;

	if (!f)
		return NULL;
	p = mem_new(sizeof(*p));
	p->file = f;
	p->table = plugin_file_table(f);
	atomic_init(&p->refs, 1);
	if (open_state(p, path, options, err) == 0)
		return p;
	plugin_file_close(f);
	free(p);
	return NULL;
}

void plugin_unref(struct plugin *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	if (p->table->close)
		p->table->close(p->state);
	plugin_file_close(p->file);
	free(p);
}

/* ---- asking -------------------------------------------------------------- */

/* A copy with a NUL behind it; there is room. */
static const char *keep(struct buf *texts, struct span s)
{
	size_t at = texts->n;

	if (!s.p)
		return NULL;
	buf_add_span(texts, s);
	buf_add(texts, "", 1);
	return texts->p + at;
}

static void show(struct plugin_task *t, const struct span *request,
		 const struct span *reply, const struct span *content,
		 const struct span *question, const struct verify_world *w)
{
	struct buf *b = &t->texts;

	t->shown = (struct frugald_case){
		.size = sizeof(t->shown),
		.request = keep(b, *request),
		.request_n = request->n,
		.reply = keep(b, *reply),
		.reply_n = reply->n,
		.content = keep(b, *content),
		.content_n = content->n,
		.question = keep(b, *question),
		.question_n = question->n,
		.request_id = keep(b, span_of(w->request_id)),
		.cascade = keep(b, span_of(w->cascade)),
	};
}

struct plugin_task *plugin_task_new(struct plugin *p,
				    const struct verify_case *c)
{
	const struct verify_world *w = c->world;
	struct span content = c->reply->choices[0].content;
	struct span question = words_question(c->request, c->arena);
	struct plugin_task *t = mem_new(sizeof(*t));

	buf_init(&t->texts, 0);
	if (buf_reserve(&t->texts, c->request->body.n + c->reply_bytes.n +
					   content.n + question.n +
					   strlen(w->request_id) +
					   strlen(w->cascade) + 6) < 0) {
		free(t);
		return NULL;
	}
	show(t, &c->request->body, &c->reply_bytes, &content, &question, w);
	t->said.size = sizeof(t->said);
	t->plugin = p;
	atomic_fetch_add(&p->refs, 1);
	return t;
}

void plugin_task_free(struct plugin_task *t)
{
	if (!t)
		return;
	plugin_unref(t->plugin);
	buf_release(&t->texts);
	free(t);
}

void plugin_task_judge(struct plugin_task *t)
{
	const struct plugin *p = t->plugin;

	t->rc = p->table->judge(p->state, &t->shown, &t->said);
}

/* ---- reading ------------------------------------------------------------- */

static void write_log(struct plugin_task *t, const struct verdict *v)
{
	char name[80], reason[2 * sizeof(t->said.reason)];

	if (log_level_get() < LOG_DEBUG)
		return;
	t->said.reason[sizeof(t->said.reason) - 1] = '\0';
	log_line(LOG_DEBUG,
		 "run=%s cascade=%s plugin=%s kind=%s score=%.3f reason=%s",
		 t->shown.request_id, t->shown.cascade,
		 log_value(name, sizeof(name), t->plugin->table->name),
		 verdict_kind_name(v->kind), t->said.score,
		 log_value(reason, sizeof(reason), t->said.reason));
}

static void fault(struct verdict *v, const char *why)
{
	v->kind = VERDICT_NONE;
	v->lack = LACK_FAULT;
	v->why = why;
}

static void read_said(const struct plugin_task *t, struct verdict *v)
{
	double score = t->said.score;

	if (t->rc != 0 || t->said.kind == FRUGALD_NOTHING) {
		fault(v, "failed");
	} else if (t->said.kind == FRUGALD_PASS) {
		v->kind = VERDICT_PASS;
	} else if (t->said.kind == FRUGALD_REJECT) {
		v->kind = VERDICT_REJECT;
		v->why = "plugin";
	} else if (t->said.kind == FRUGALD_SCORE && score >= 0 && score <= 1) {
		v->kind = VERDICT_SCORE;
		v->score = score;
	} else {
		fault(v, "range");
	}
}

void plugin_task_read(struct plugin_task *t, struct arena *a, struct verdict *v)
{
	struct signal *s = arena_get(a, sizeof(*s));

	v->verifier = "plugin";
	read_said(t, v);
	s->name = signal_name(SIGNAL_PLUGIN_SCORE);
	s->value = v->kind == VERDICT_SCORE ? v->score : (double)NAN;
	v->signals = s;
	v->n_signals = 1;
	write_log(t, v);
}
