/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAI chat-completions format: what is asked, and what errors mean.
 */
#include "upstream/dialect_openai.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int ask(const struct conf_backend *conf, const struct chat_request *rq,
	       const struct chat_ask *base, struct arena *a, struct buf *out)
{
	struct chat_ask q = *base;

	q.model = conf->model;
	/* Ollama ignores max_completion_tokens and would write on and on. */
	q.old_max_tokens = conf->kind == CONF_KIND_OLLAMA;
	return chat_ask_write(rq, &q, a, out);
}

/* Lower case; what is longer than room is cut. */
static void lower(struct span s, char *out, size_t room)
{
	size_t n = s.n < room - 1 ? s.n : room - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)s.p[i]);
	out[n] = '\0';
}

static bool mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

/* How vLLM, llama.cpp, SGLang, Ollama, TGI and OpenAI say that a prompt is too
 * long for the model. */
static const char *const context_words[] = {
	"context_length",      "context length", "context size",
	"exceed_context_size", "context window", "maximum context",
	"prompt is too long",  "too many tokens", NULL,
};
static const char *const logprob_words[] = { "logprob", NULL };
static const char *const usage_words[] = { "stream_options", "include_usage",
					   NULL };
static const char *const quota_words[] = { "insufficient_quota", NULL };

static unsigned complaints(int status, const char *text)
{
	unsigned added = 0;

	if (status != 400 && status != 403 && status != 422 && status != 500)
		return 0;
	if (mentions(text, logprob_words))
		added |= DIALECT_ADDED_LOGPROBS;
	if (mentions(text, usage_words))
		added |= DIALECT_ADDED_USAGE;
	return added;
}

static enum fault_kind kind_of(int status, const char *text)
{
	switch (status) {
	case 400:
	case 413:
	case 422:
	case 500: /* some builds of llama.cpp */
		if (mentions(text, context_words))
			return FAULT_CONTEXT_LENGTH;
		return status == 500 ? FAULT_UPSTREAM : FAULT_UPSTREAM_REFUSED;
	case 401:
	case 402:
	case 403:
		return FAULT_UPSTREAM_AUTH;
	case 408:
		return FAULT_TIMEOUT;
	case 429:
		return mentions(text, quota_words) ? FAULT_QUOTA :
						     FAULT_RATE_LIMIT;
	case 404: /* our own URL or model name is wrong */
	case 405:
	case 407:
	case 409: /* clients would repeat these two */
	case 425:
		return FAULT_UPSTREAM;
	default:
		return status < 500 ? FAULT_UPSTREAM_REFUSED : FAULT_UPSTREAM;
	}
}

/* The words of a refusal are the client's business where it can mend the
 * request; elsewhere they tell of our own account and stay here. */
static void describe(struct fault *f, int status, const char *message,
		     const char *code, const char *param)
{
	switch (f->kind) {
	case FAULT_UPSTREAM_REFUSED:
		f->status = status;
		snprintf(f->code, sizeof(f->code), "%s", code);
		snprintf(f->param, sizeof(f->param), "%s", param);
		/* fall through */
	case FAULT_CONTEXT_LENGTH:
	case FAULT_RATE_LIMIT:
	case FAULT_QUOTA:
		if (*message)
			snprintf(f->message, sizeof(f->message), "%s",
				 message);
		break;
	default:
		break;
	}
}

static unsigned refusal(int status, struct span body, struct fault *f)
{
	char message[200], code[64], param[32], text[4096];
	enum fault_kind kind;

	chat_error_read(body, message, sizeof(message), code, sizeof(code));
	chat_error_param(body, param, sizeof(param));
	lower(body, text, sizeof(text));
	kind = kind_of(status, text);
	if (kind == FAULT_UPSTREAM_AUTH)
		fault_set(f, kind, "the backend refused the gateway's own "
			  "credentials (status %d)", status);
	else
		fault_set(f, kind, "the backend answered with status %d",
			  status);
	describe(f, status, message, code, param);
	return complaints(status, text);
}

const struct dialect *dialect_openai(void)
{
	static const struct dialect d = {
		.name = "openai",
		.chat_path = "/chat/completions",
		.ask = ask,
		.refusal = refusal,
	};

	return &d;
}
