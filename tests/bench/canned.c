/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replies the stub gives: chat completions made from one fixed text.
 */
#include "canned.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALTERNATIVES 5
#define SMALL_CHARS  718
#define PIECE	     4 /* longest token, its space not counted */

static const char text[] =
	"The old lighthouse stands on a narrow spit of rock where two currents "
	"meet. Its lamp was first lit by whale oil, later by paraffin, and "
	"since the spring of 1931 by electricity from a cable laid across the "
	"bay. Three families shared the work of keeping it: one wound the "
	"clockwork every four hours, one trimmed the wicks, and the third kept "
	"the journal in which each passing ship was written down with its flag "
	"and bearing. Sailors steered by a simple rule. When the white beam "
	"turned red they were too close to the northern shoal and had to bear "
	"away until it turned white again. Storms broke the lower windows five "
	"times in a single winter, so the masons walled them up and cut a new "
	"door higher on the sheltered side. Today nobody lives there; a sensor "
	"reports wind, temperature and fog to the harbour office, and a boat "
	"brings an engineer twice a year to check the batteries. Visitors may "
	"climb the stairs in summer. From the gallery one sees the islands to "
	"the west, the ferry route, and on clear evenings the mountains beyond "
	"the far coast, blue and very small. A painted board beside the gate "
	"tells how the stones were carried here on barges, numbered at the "
	"quarry so that every course would fit without mortar, and how the "
	"first keeper planted potatoes in baskets of soil hauled up by rope.";

static const char *const others[] = {
	" a",	" an", " its", " one", " and", " on", " at",  " as",
	" old", " by", " in",  " it",  " was", " to", " sea", ",",
};

/* The same numbers everywhere, in [0, 1). */
static double next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / 9007199254740992.0;
}

/* The token at text[at]: a space, if there is one, and a piece of a word. */
static size_t token_length(size_t at)
{
	size_t n = text[at] == ' ';

	while (n < PIECE + 1 && text[at + n] != '\0' && text[at + n] != ' ')
		n++;
	return n;
}

static void put_bytes(FILE *f, const char *p, size_t n)
{
	fputs(",\"bytes\":[", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%u", i ? "," : "", (unsigned char)p[i]);
	fputc(']', f);
}

static void put_entry(FILE *f, const char *p, size_t n, double prob,
		      enum canned_style style, bool bytes)
{
	double lp = log(prob);

	fprintf(f, "{\"token\":\"%.*s\",\"logprob\":", (int)n, p);
	if (style == CANNED_FULL)
		fprintf(f, "%.17g", (double)(float)lp);
	else
		fprintf(f, "%.4g", lp);
	if (bytes)
		put_bytes(f, p, n);
}

static void put_token(FILE *f, const char *p, size_t n, enum canned_style style,
		      uint64_t *rnd)
{
	bool all = style == CANNED_FULL;
	double prob = 0.62 + 0.37 * next_random(rnd);
	double rest = 1 - prob;
	size_t other = (size_t)(next_random(rnd) * 16);

	put_entry(f, p, n, prob, style, true);
	fputs(",\"top_logprobs\":[", f);
	put_entry(f, p, n, prob, style, all);
	for (int i = 1; i < ALTERNATIVES; i++) {
		const char *o = others[(other + (size_t)i) % 16];

		rest *= 0.5;
		fputs("},", f);
		put_entry(f, o, strlen(o), rest, style, all);
	}
	fputs("}]}", f);
}

static void put_head(FILE *f, const char *content, size_t n)
{
	fprintf(f,
		"{\"id\":\"chatcmpl-BenchBenchBenchBenchBench01\","
		"\"object\":\"chat.completion\",\"created\":1780000000,"
		"\"model\":\"bench-model-2026-01-01\",\"choices\":[{"
		"\"index\":0,\"message\":{\"role\":\"assistant\","
		"\"content\":\"%.*s.\",\"refusal\":null,"
		"\"annotations\":[]},\"logprobs\":",
		(int)n, content);
}

static void put_tail(FILE *f, int tokens)
{
	fprintf(f,
		",\"finish_reason\":\"stop\"}],\"usage\":{"
		"\"prompt_tokens\":150,\"completion_tokens\":%d,"
		"\"total_tokens\":%d,\"prompt_tokens_details\":{"
		"\"cached_tokens\":0,\"audio_tokens\":0},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":0,"
		"\"audio_tokens\":0}},\"service_tier\":\"default\","
		"\"system_fingerprint\":\"fp_bench\"}",
		tokens, tokens + 150);
}

static FILE *open_body(struct canned *c)
{
	FILE *f = open_memstream(&c->p, &c->n);

	if (f == NULL)
		abort();
	return f;
}

static void close_body(FILE *f)
{
	if (fclose(f) != 0)
		abort();
}

struct canned canned_small(void)
{
	struct canned c;
	FILE *f = open_body(&c);

	put_head(f, text, SMALL_CHARS);
	fputs("null", f);
	put_tail(f, SMALL_CHARS / 4);
	close_body(f);
	return c;
}

struct canned canned_tokens(int tokens, enum canned_style style)
{
	struct canned c;
	FILE *f = open_body(&c);
	uint64_t rnd = 1;
	size_t at = 0;

	for (int i = 1; i < tokens; i++)
		at += token_length(at);
	put_head(f, text, at);
	fputs("{\"content\":[", f);
	at = 0;
	for (int i = 1; i < tokens; i++) {
		size_t n = token_length(at);

		put_token(f, text + at, n, style, &rnd);
		fputc(',', f);
		at += n;
	}
	put_token(f, ".", 1, style, &rnd);
	fputs("],\"refusal\":null}", f);
	put_tail(f, tokens);
	close_body(f);
	return c;
}
