/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long frugald's own code takes to read and judge one reply.
 *
 * Each figure is the median over many repetitions of the same reply, with a
 * new arena each, as each request has; what something costs on top of the scan
 * is the median of the differences between neighbours, one with it and one
 * without. One line of JSON a figure on stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "chat/chat_edit.h"
#include "verify/signal.h"
#include "verify/verify_head.h"
#include "verify/verify_logprob.h"
#include "verify/verify_rules.h"

#include "canned.h"
#include "wire.h"

#define TOKENS	  300
#define MAX_DEPTH 512
#define TIMES	  2000
#define WARM_UP	  200

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define ASK	 "Tell me about the lighthouse on the rock, please, in full. "

enum work {
	WORK_CHECK = 0,	       /* JSON only, log-probs not read */
	WORK_READ = 1 << 0,    /* log-probs too */
	WORK_RULES = 1 << 1,   /* gates on the text */
	WORK_LOGPROB = 1 << 2, /* token statistics */
	WORK_HEADS = 1 << 3,   /* both heads of a stage, words included */
	WORK_WRITE = 1 << 4,   /* the client's copy, log-probs taken out */
	WORK_JUDGE = WORK_RULES | WORK_LOGPROB,
};

static void *rules_opts;   /* refusal, truncated, repetition */
static void *logprob_opts; /* all zero: the defaults */
static struct heads heads;
static struct chat_request request;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "score: %s: %s\n", what, why ? why : "?");
	exit(1);
}

/* ---- what judges --------------------------------------------------------- */

static void rules_on(void)
{
	static const char *const on[] = {"refusal", "truncated", "repetition"};
	const struct conf_verifier *conf = &verify_rules()->conf;
	size_t n = 0;

	rules_opts = mem_new(conf->opts_size);
	for (const struct conf_key *k = conf->keys; k->name; k++)
		for (size_t i = 0; i < N(on); i++)
			if (strcmp(k->name, on[i]) == 0) {
				*(bool *)((char *)rules_opts + k->offset) =
					true;
				n++;
			}
	if (n != N(on))
		fail("rules", "a gate has another name now");
}

static double *some_weights(size_t n)
{
	double *w = mem_array(n, sizeof(*w));

	for (size_t i = 0; i < n; i++)
		w[i] = i % 2 ? 0.01 : -0.01;
	return w;
}

/* Each signal that is known before a check, with as many knots as there may
 * be, and words. */
static void heads_make(void)
{
	size_t n = SIGNAL_RULES_HEDGE + 1;

	heads.features = mem_array(n, sizeof(*heads.features));
	for (size_t i = 0; i < n; i++) {
		heads.features[i].name = signal_name((enum signal_id)i);
		for (size_t k = 0; k < SPLINE_KNOTS; k++)
			heads.features[i].spline.knots[k] = (double)k - 3;
		heads.features[i].spline.n = SPLINE_KNOTS;
	}
	heads.n[HEADS_BEFORE] = n;
	heads.n_words = WORDS_BUCKETS;
	heads.labelled = true;
	for (int k = 0; k < HEADS_NKINDS; k++) {
		struct head *h = &heads.head[HEADS_BEFORE][k];

		h->weights =
			some_weights(heads_n_weights(&heads, HEADS_BEFORE));
		h->words = some_weights(WORDS_BUCKETS);
		h->calibrator = (struct calibrator){
			.kind = CALIBRATOR_BETA, .a = 1, .b = 1};
	}
}

static void request_make(void)
{
	static const char messages[] =
		"[{\"role\":\"system\",\"content\":"
		"\"You are a helpful assistant.\"},"
		"{\"role\":\"user\",\"content\":\"" ASK ASK ASK ASK ASK ASK ASK
			ASK ASK ASK "\"}]";

	request.messages = span_of(messages);
}

/* ---- one reply ----------------------------------------------------------- */

static void judge(verify_judge_fn *fn, struct verify_case *c, const void *opts,
		  enum verdict_kind want, struct verdict *v)
{
	fn(c, opts, v);
	if (v->kind != want)
		fail("not the expected verdict", v->why);
	if (want == VERDICT_SCORE && !(v->score > 0 && v->score < 1))
		fail("not the expected score", NULL);
	c->n_earlier++;
}

/* As a chain does: each verifier sees the verdicts of those before it. */
static void judge_all(const struct chat_reply *r, unsigned int work,
		      struct arena *a)
{
	const struct verify_head_opts head = {&heads, HEADS_BEFORE};
	struct verdict v[3] = {0};
	struct verify_case c = {
		.arena = a, .request = &request, .reply = r, .earlier = v};

	if (work & WORK_RULES)
		judge(verify_rules_judge, &c, rules_opts, VERDICT_PASS,
		      &v[c.n_earlier]);
	if (work & WORK_LOGPROB)
		judge(verify_logprob_judge, &c, logprob_opts, VERDICT_SCORE,
		      &v[c.n_earlier]);
	if (work & WORK_HEADS)
		judge(verify_head_judge, &c, &head, VERDICT_SCORE,
		      &v[c.n_earlier]);
}

static void write_out(const struct chat_reply *r, struct arena *a)
{
	struct chat_stamp st = {
		.id = "chatcmpl-bench", .model = "auto", .created = 1780000000};
	struct buf out;

	buf_init(&out, 0);
	if (chat_reply_write(r, &st, a, &out) < 0)
		fail("not written", NULL);
	buf_release(&out);
}

static void work_once(struct span body, unsigned int work)
{
	struct arena *a = arena_new();
	struct chat_fault why = {0};
	struct chat_reply r = {0};

	if (chat_reply_read(&r, body, MAX_DEPTH, work & WORK_READ, a, &why) < 0)
		fail("not read", why.text);
	judge_all(&r, work, a);
	if (work & WORK_WRITE)
		write_out(&r, a);
	arena_free(a);
}

/* ---- figures ------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t time_of(struct span body, unsigned int work)
{
	int64_t start = wire_now_ns();

	work_once(body, work);
	return wire_now_ns() - start;
}

static void print_median(const char *what, size_t bytes, int64_t *ns)
{
	qsort(ns, TIMES, sizeof(ns[0]), compare);
	printf("{\"what\":\"%s\",\"bytes\":%zu,\"us\":%.2f}\n", what, bytes,
	       (double)ns[TIMES / 2] / 1e3);
}

static void figure(const char *what, struct span body, unsigned int work)
{
	static int64_t ns[TIMES];

	for (int i = 0; i < WARM_UP; i++)
		work_once(body, work);
	for (int i = 0; i < TIMES; i++)
		ns[i] = time_of(body, work);
	print_median(what, body.n, ns);
}

/* What the work costs on top of the scan. */
static void figure_on_top(const char *what, struct span body, unsigned int work)
{
	static int64_t ns[TIMES];

	for (int i = -WARM_UP; i < TIMES; i++) {
		int64_t scan = time_of(body, WORK_READ);
		int64_t all = time_of(body, WORK_READ | work);

		if (i >= 0)
			ns[i] = all - scan;
	}
	print_median(what, body.n, ns);
}

int main(void)
{
	struct canned brief = canned_tokens(TOKENS, CANNED_SHORT);
	struct canned full = canned_tokens(TOKENS, CANNED_FULL);
	struct span b = {brief.p, brief.n}, f = {full.p, full.n};

	rules_on();
	heads_make();
	request_make();
	logprob_opts = mem_new(verify_logprob()->conf.opts_size);
	figure("check JSON", b, WORK_CHECK);
	figure("scan", b, WORK_READ);
	figure("scan, rules, log-probs", b, WORK_READ | WORK_JUDGE);
	figure("the same, 17 digits", f, WORK_READ | WORK_JUDGE);
	figure("the same, edit", b, WORK_READ | WORK_JUDGE | WORK_WRITE);
	figure_on_top("on top of the scan: rules", b, WORK_RULES);
	figure_on_top("on top of the scan: rules, log-probs", b, WORK_JUDGE);
	figure_on_top("on top of the scan: rules, log-probs, heads", b,
		      WORK_JUDGE | WORK_HEADS);
	heads_release(&heads);
	free(rules_opts);
	free(logprob_opts);
	free(brief.p);
	free(full.p);
	return 0;
}
