# SPDX-License-Identifier: Apache-2.0
"""Plugins, compiled for a test, and a cascade that asks them."""

import subprocess

from flow.gateway import ROOT, merge, standard

# Does what the reply says; with options, counts its opens and closes in the
# file that they name.
OBEYS = r"""
#include <frugald/verifier.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FACTOR
#define FACTOR 1.0
#endif

static char file[500];

static void note(const char *word)
{
	FILE *f = *file ? fopen(file, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%s\n", word);
	fclose(f);
}

static void *open_it(const char *options, char *why, size_t why_size)
{
	static int one;

	if (options && !strncmp(options, "refuse", 6)) {
		snprintf(why, why_size, "want no \"%s\"\n, but a file", options);
		return NULL;
	}
	if (options)
		snprintf(file, sizeof(file), "%s", options);
	note("open");
	return &one;
}

static void close_it(void *state)
{
	(void)state;
	note("close");
}

static void wait_for_file(void)
{
	char go[510];

	snprintf(go, sizeof(go), "%s.go", file);
	while (access(go, F_OK))
		usleep(5000);
	note("gone on");
}

static int is_sound(const struct frugald_case *c)
{
	return c->size == sizeof(*c) && c->request_n == strlen(c->request) &&
	       strstr(c->request, "\"messages\"") &&
	       c->reply_n == strlen(c->reply) && *c->reply == '{' &&
	       strstr(c->reply, "\"choices\"") &&
	       c->content_n == strlen(c->content) &&
	       !strcmp(c->content, "look \"here\"\n") &&
	       c->question_n == strlen(c->question) &&
	       !strcmp(c->question, "First \xe2\x82\xac?\nSecond?\n") &&
	       !strcmp(c->request_id, "my-request") &&
	       !strcmp(c->cascade, "auto");
}

static int judge(void *state, const struct frugald_case *c,
		 struct frugald_verdict *v)
{
	const char *says = c->content ? c->content : "no text";

	if (!state || v->size != sizeof(*v) || v->kind || *v->reason)
		abort();
	v->kind = FRUGALD_SCORE;
	v->score = FACTOR * atof(says);
	snprintf(v->reason, sizeof(v->reason), "it \"says\"\n%s", says);
	if (!strcmp(says, "pass") || !strcmp(says, "no text"))
		v->kind = FRUGALD_PASS;
	else if (!strcmp(says, "reject"))
		v->kind = FRUGALD_REJECT;
	else if (!strcmp(says, "nothing"))
		v->kind = FRUGALD_NOTHING;
	else if (!strcmp(says, "strange"))
		v->kind = 99;
	else if (!strcmp(says, "nan"))
		v->score = NAN;
	else if (!strcmp(says, "endless reason"))
		memset(v->reason, 'x', sizeof(v->reason));
	else if (!strncmp(says, "look", 4))
		v->score = is_sound(c);
	else if (!strcmp(says, "wait"))
		wait_for_file();
	else if (!strcmp(says, "slow"))
		v->score = usleep(300000) + 0.9;
	while (!strcmp(says, "hang"))
		pause();
	return strcmp(says, "fail") ? 0 : -1;
}

const struct frugald_verifier *frugald_verifier(void)
{
	static const struct frugald_verifier v = {
		.abi = FRUGALD_VERIFIER_ABI,
		.size = sizeof(v),
		.name = "obeys",
		.open = open_it,
		.close = close_it,
		.judge = judge,
	};

	return &v;
}
"""


def build(path, source=OBEYS, *options, compiler="gcc"):
    """Compiles it to that file, which is replaced, not overwritten; the path."""
    code = path.with_suffix(".cc" if compiler == "g++" else ".c")
    new = path.with_suffix(".new")
    code.write_text(source)
    subprocess.run([compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC",
                    f"-I{ROOT / 'include'}", *options, "-o", str(new),
                    str(code)], check=True)
    new.rename(path)
    return path


def config(rig, path, *before, options=None, **changes):
    """`auto` asks the plugin behind what is before it."""
    plugin = {"plugin": merge({"path": str(path)}, options or {})}
    return merge(standard(rig.small, rig.large), merge({
        "cascades": {"auto": {"threshold": 0.5,
                              "verify": [*before, plugin]}}}, changes))
