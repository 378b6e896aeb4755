/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long frugald's own code takes to read and judge one reply.
 *
 * Each figure is the median over many repetitions of the same reply, with a
 * new arena each, as each request has. One line of JSON a figure on stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "chat/chat_edit.h"
#include "verify/verify_logprob.h"
#include "verify/verify_rules.h"

#include "canned.h"
#include "wire.h"

#define TOKENS	  300
#define MAX_DEPTH 512
#define TIMES	  2000
#define WARM_UP	  200

enum work {
	WORK_CHECK = 0,	     /* JSON only, log-probs not read */
	WORK_READ = 1 << 0,  /* log-probs too */
	WORK_SCORE = 1 << 1, /* token statistics */
	WORK_RULES = 1 << 2, /* gates on the text */
	WORK_WRITE = 1 << 3, /* the client's copy, log-probs taken out */
};

static void *rules_opts;   /* every gate on */
static void *logprob_opts; /* all zero: the defaults */

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "score: %s: %s\n", what, why ? why : "?");
	exit(1);
}

static void rules_all_on(void)
{
	const struct conf_verifier *conf = &verify_rules()->conf;

	rules_opts = mem_new(conf->opts_size);
	for (const struct conf_key *k = conf->keys; k->name; k++)
		if (k->type == CONF_BOOL)
			*(bool *)((char *)rules_opts + k->offset) = true;
}

static void judge(verify_judge_fn *fn, const struct verify_case *c,
		  const void *opts, enum verdict_kind want)
{
	struct verdict v = {0};

	fn(c, opts, &v);
	if (v.kind != want)
		fail("not the expected verdict", v.why);
	if (want == VERDICT_SCORE && !(v.score > 0.5 && v.score < 1))
		fail("not the expected score", NULL);
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
	struct verify_case c = {.arena = a, .reply = &r};

	if (chat_reply_read(&r, body, MAX_DEPTH, work & WORK_READ, a, &why) < 0)
		fail("not read", why.text);
	if (work & WORK_RULES)
		judge(verify_rules_judge, &c, rules_opts, VERDICT_PASS);
	if (work & WORK_SCORE)
		judge(verify_logprob_judge, &c, logprob_opts, VERDICT_SCORE);
	if (work & WORK_WRITE)
		write_out(&r, a);
	arena_free(a);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void figure(const char *what, struct span body, unsigned int work)
{
	static int64_t ns[TIMES];

	for (int i = 0; i < WARM_UP; i++)
		work_once(body, work);
	for (int i = 0; i < TIMES; i++) {
		int64_t start = wire_now_ns();

		work_once(body, work);
		ns[i] = wire_now_ns() - start;
	}
	qsort(ns, TIMES, sizeof(ns[0]), compare);
	printf("{\"what\":\"%s\",\"bytes\":%zu,\"us\":%.2f}\n", what, body.n,
	       (double)ns[TIMES / 2] / 1e3);
}

int main(void)
{
	struct canned brief = canned_tokens(TOKENS, CANNED_SHORT);
	struct canned full = canned_tokens(TOKENS, CANNED_FULL);
	struct span b = {brief.p, brief.n}, f = {full.p, full.n};

	rules_all_on();
	logprob_opts = mem_new(verify_logprob()->conf.opts_size);
	figure("check JSON", b, WORK_CHECK);
	figure("scan", b, WORK_READ);
	figure("scan and score", b, WORK_READ | WORK_SCORE);
	figure("scan, score, rules, edit", b,
	       WORK_READ | WORK_SCORE | WORK_RULES | WORK_WRITE);
	figure("scan and score, 17 digits", f, WORK_READ | WORK_SCORE);
	free(rules_opts);
	free(brief.p);
	free(full.p);
	return 0;
}
