/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key, its type, default, range and meaning.
 */
#include "conf/conf_keys.h"

/* Bounds, in the units that values are stored in. */
#define MS  1e3
#define S   1e6
#define H   (3600 * S)
#define DAY (24 * H)
#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define TOP(member)	offsetof(struct conf, member)
#define BACKEND(member) offsetof(struct conf_backend, member)
#define CASCADE(member) offsetof(struct conf_cascade, member)
#define CLIENT(member)	offsetof(struct conf_client_key, member)

/* clang-format off */
static const struct conf_key ledger_keys[] = {
	{ "path", CONF_STRING, TOP(ledger.path),
	  .fallback = "none", .zero = "none", .restart = true,
	  .help = "file of the ledger; made when it is not there" },
	{ "store_text", CONF_BOOL, TOP(ledger.store_text),
	  .fallback = "false",
	  .help = "keep questions and answers too, not only numbers" },
	{ "keep", CONF_TIME, TOP(ledger.keep_us),
	  .fallback = "90d", .min = S, .max = 36500 * DAY,
	  .help = "rows older than this are deleted" },
	{ NULL },
};

static const struct conf_key log_keys[] = {
	{ "to", CONF_STRING, TOP(log.to),
	  .fallback = "stderr",
	  .help = "stderr, or a file that is reopened on SIGUSR1" },
	{ "level", CONF_ENUM, TOP(log.level),
	  .fallback = "info", .words = "error,warn,info,debug",
	  .help = "least important lines that are written" },
	{ NULL },
};

static const struct conf_key limits_keys[] = {
	{ "max_body", CONF_SIZE, TOP(limits.max_body),
	  .fallback = "8MiB", .min = 1, .max = GIB,
	  .help = "longest request body; more is answered 413" },
	{ "max_depth", CONF_INT, TOP(limits.max_depth),
	  .fallback = "512", .min = 8, .max = 100000,
	  .help = "deepest nesting of JSON in a request" },
	{ "header_timeout", CONF_TIME, TOP(limits.header_timeout_us),
	  .fallback = "10s", .min = MS, .max = H,
	  .help = "for the whole head of a request" },
	{ "body_timeout", CONF_TIME, TOP(limits.body_timeout_us),
	  .fallback = "30s", .min = MS, .max = H,
	  .help = "for the whole body of a request" },
	{ "idle_timeout", CONF_TIME, TOP(limits.idle_timeout_us),
	  .fallback = "75s", .min = MS, .max = DAY,
	  .help = "a connection may rest so long between requests" },
	{ "max_inflight", CONF_INT, TOP(limits.max_inflight),
	  .fallback = "1024", .min = 1, .max = 1e6,
	  .help = "requests worked on at once" },
	{ "max_queue", CONF_INT, TOP(limits.max_queue),
	  .fallback = "256", .min = 0, .max = 1e6,
	  .help = "requests that wait for that; more are answered 503" },
	{ "queue_wait", CONF_TIME, TOP(limits.queue_wait_us),
	  .fallback = "5s", .min = MS, .max = H,
	  .help = "a request waits at most so long, then 503" },
	{ "memory", CONF_SIZE, TOP(limits.memory),
	  .fallback = "512MiB", .min = MIB, .max = 1024 * GIB,
	  .help = "for the bytes of all requests and replies" },
	{ "max_reply", CONF_SIZE, TOP(limits.max_reply),
	  .fallback = "8MiB", .min = KIB, .max = GIB,
	  .help = "longest reply of a backend that is held back" },
	{ "deadline", CONF_TIME, TOP(limits.deadline_us),
	  .fallback = "300s", .min = MS, .max = DAY,
	  .help = "for a request, all tiers and verifiers together" },
	{ "drain", CONF_TIME, TOP(limits.drain_us),
	  .fallback = "30s", .min = 0, .max = DAY,
	  .help = "at the end, running requests get so long to finish" },
	{ NULL },
};

static const struct conf_key reply_keys[] = {
	{ "headers", CONF_BOOL, TOP(reply.headers),
	  .fallback = "true",
	  .help = "send the x-frugald- headers" },
	{ "usage", CONF_ENUM, TOP(reply.usage),
	  .fallback = "answer", .words = "answer,total",
	  .help = "token counts of the answer sent, or of all attempts" },
	{ "commit_after", CONF_TIME, TOP(reply.commit_after_us),
	  .fallback = "10s", .min = 0, .max = DAY,
	  .help = "a streaming client that waits gets status 200 then" },
	{ "keepalive", CONF_ENUM, TOP(reply.keepalive),
	  .fallback = "comment", .words = "comment,chunk,off",
	  .help = "what a streaming client gets while it waits" },
	{ "keepalive_every", CONF_TIME, TOP(reply.keepalive_every_us),
	  .fallback = "15s", .min = MS, .max = H,
	  .help = "time between two of those" },
	{ "slice", CONF_INT, TOP(reply.slice),
	  .fallback = "64", .min = 1, .max = 1e6,
	  .help = "bytes of text in one chunk of a replayed answer" },
	{ NULL },
};

static const struct conf_key client_keys[] = {
	{ "hash", CONF_HASH, CLIENT(hash),
	  .help = "sha256: and 64 hex digits, made by frugalctl key" },
	{ "cascades", CONF_STRINGS, CLIENT(cascades),
	  .optional = true, .min = 1, .max = 256,
	  .help = "cascades and backends it may ask for; all when absent" },
	{ NULL },
};

static const struct conf_key price_keys[] = {
	{ "input", CONF_PRICE, BACKEND(price_input),
	  .min = 0, .max = 1e12,
	  .help = "USD per million tokens of the question" },
	{ "output", CONF_PRICE, BACKEND(price_output),
	  .min = 0, .max = 1e12,
	  .help = "USD per million tokens of the answer" },
	{ "cached_input", CONF_PRICE, BACKEND(price_cached),
	  .optional = true, .min = 0, .max = 1e12,
	  .help = "of tokens the backend had cached; as input when absent" },
	{ NULL },
};

static const struct conf_key timeout_keys[] = {
	{ "connect", CONF_TIME, BACKEND(connect_us),
	  .fallback = "2s", .min = MS, .max = H,
	  .help = "until the connection stands" },
	{ "first_byte", CONF_TIME, BACKEND(first_byte_us),
	  .fallback = "60s", .min = MS, .max = DAY,
	  .help = "until the first byte of a live stream" },
	{ "idle", CONF_TIME, BACKEND(idle_us),
	  .fallback = "30s", .min = MS, .max = DAY,
	  .help = "between two bytes" },
	{ "total", CONF_TIME, BACKEND(total_us),
	  .fallback = "300s", .min = MS, .max = DAY,
	  .help = "for the whole call" },
	{ NULL },
};

static const struct conf_key backend_keys[] = {
	{ "base_url", CONF_URL, BACKEND(base_url), .words = "http,https",
	  .help = "what /chat/completions is appended to" },
	{ "model", CONF_STRING, BACKEND(model),
	  .help = "the model's name there" },
	{ "api_key", CONF_SECRET, BACKEND(api_key),
	  .fallback = "none", .zero = "none",
	  .help = "env:NAME or file:/PATH; the key itself only in a file of mode 0600" },
	{ "price", CONF_SECTION, .sub = price_keys, .optional = true,
	  .help = "what it costs; without it costs are unknown" },
	{ "timeout", CONF_SECTION, .sub = timeout_keys,
	  .help = "how long a call may take" },
	{ "max_inflight", CONF_INT, BACKEND(max_inflight),
	  .fallback = "0", .zero = "none", .min = 0, .max = 1e6,
	  .help = "calls at once; 0 or none: no bound" },
	{ "top_logprobs", CONF_INT, BACKEND(top_logprobs),
	  .fallback = "5", .min = 1, .max = 20,
	  .help = "alternatives asked for where a verifier needs log-probs" },
	{ "ca_file", CONF_FILE, BACKEND(ca_file),
	  .fallback = "none", .zero = "none",
	  .help = "PEM file of certificates to trust; none: the system's" },
	{ "proxy", CONF_URL, BACKEND(proxy),
	  .fallback = "none", .zero = "none",
	  .words = "http,https,socks5,socks5h",
	  .help = "proxy to go through" },
	{ "kind", CONF_ENUM, BACKEND(kind),
	  .fallback = "auto",
	  .words = "auto,openai,vllm,llamacpp,ollama,sglang,tgi",
	  .help = "whose quirks to mind" },
	{ NULL },
};

static const struct conf_key cascade_limits_keys[] = {
	{ "deadline", CONF_TIME, CASCADE(deadline_us),
	  .optional = true, .min = MS, .max = DAY,
	  .help = "for a request; limits.deadline when absent" },
	{ "attempts", CONF_INT, CASCADE(max_attempts),
	  .fallback = "4", .min = 1, .max = 100,
	  .help = "answers asked for, over all tiers" },
	{ "cost_usd", CONF_USD, CASCADE(max_cost_pusd),
	  .optional = true, .min = 1e6, .max = 1e18,
	  .help = "most that a request may cost, in USD; no bound when absent" },
	{ "verify_usd", CONF_USD, CASCADE(max_verify_pusd),
	  .optional = true, .min = 0, .max = 1e18,
	  .help = "of that, most for verifiers; undecided then means escalate" },
	{ NULL },
};

static const struct conf_key target_keys[] = {
	{ "max_error", CONF_NUMBER, CASCADE(max_error),
	  .min = 0.0001, .max = 0.5,
	  .help = "share of all answers that may be kept though they are a loss" },
	{ "delta", CONF_NUMBER, CASCADE(delta),
	  .fallback = "0.05", .min = 0.0001, .max = 0.5,
	  .help = "probability that the share is larger all the same" },
	{ NULL },
};

static const struct conf_key compare_keys[] = {
	{ "by", CONF_ENUM, CASCADE(compare),
	  .fallback = "auto", .words = CONF_COMPARE_WORDS,
	  .help = "the comparator; judge: a model is asked, for pairs of answers" },
	{ "backend", CONF_BACKEND, CASCADE(compare_backend), .optional = true,
	  .help = "the model that is asked, with judge" },
	{ NULL },
};

static const struct conf_key cascade_keys[] = {
	{ "match", CONF_STRINGS, CASCADE(match),
	  .optional = true, .max = 1024,
	  .help = "other model names that mean this cascade; * and ? stand for anything" },
	{ "tiers", CONF_STRINGS, CASCADE(tier_names), .min = 1, .max = 16,
	  .help = "backends in the order they are asked; the last is never verified" },
	{ "threshold", CONF_NUMBER, CASCADE(threshold),
	  .optional = true, .min = 0, .max = 1,
	  .help = "an answer is kept when its confidence is at least this" },
	{ "target", CONF_SECTION, .sub = target_keys, .optional = true,
	  .help = "or instead: a promise, kept by the cuts of the calibration; two tiers" },
	{ "verify", CONF_VERIFIERS, .optional = true,
	  .help = "what judges an answer, in this order" },
	{ "calibration", CONF_FILE, CASCADE(calibration),
	  .fallback = "none", .zero = "none",
	  .help = "file of frugalctl calibrate; without it confidence is a raw score" },
	{ "compare", CONF_SECTION, .sub = compare_keys, .lone = "by",
	  .help = "what counts as the same answer; a bare value is the comparator" },
	{ "limits", CONF_SECTION, .sub = cascade_limits_keys,
	  .help = "of one request" },
	{ "mode", CONF_ENUM, CASCADE(mode),
	  .fallback = "enforce", .words = "enforce,shadow",
	  .help = "shadow: the last tier answers, the others and all verifiers are asked afterwards, for the ledger" },
	{ "on_terminal_failure", CONF_ENUM, CASCADE(on_terminal_failure),
	  .fallback = "error", .words = "error,best_rejected",
	  .help = "when the last tier fails: say so, or send the best answer refused before" },
	{ NULL },
};

static const struct conf_key top_keys[] = {
	{ "listen", CONF_ADDRESSES, TOP(listen),
	  .fallback = "127.0.0.1:8080", .min = 1, .max = 64, .restart = true,
	  .help = "where clients come in: HOST:PORT, [V6]:PORT, unix:PATH, or a list" },
	{ "admin", CONF_ADDRESSES, TOP(admin),
	  .fallback = "none", .zero = "none", .min = 1, .max = 64,
	  .restart = true,
	  .help = "where health and metrics are; the same forms" },
	{ "admin_public", CONF_BOOL, TOP(admin_public),
	  .fallback = "false",
	  .help = "let admin be an address that others can reach" },
	{ "workers", CONF_INT, TOP(workers),
	  .fallback = "auto", .zero = "auto", .min = 1, .max = 256,
	  .restart = true,
	  .help = "event loops; auto: one a core" },
	{ "ledger", CONF_SECTION, .sub = ledger_keys, .lone = "path",
	  .help = "where finished requests are kept; a bare value is its path" },
	{ "log", CONF_SECTION, .sub = log_keys, .lone = "to",
	  .help = "the log; a bare value is where it goes" },
	{ "limits", CONF_SECTION, .sub = limits_keys,
	  .help = "of the process" },
	{ "reply", CONF_SECTION, .sub = reply_keys,
	  .help = "how answers are sent" },
	{ "keys", CONF_ENTRIES, .sub = client_keys, .optional = true,
	  .help = "who may ask; none: anybody, at any address" },
	{ "backends", CONF_ENTRIES, .sub = backend_keys,
	  .help = "the models that can be asked" },
	{ "cascades", CONF_ENTRIES, .sub = cascade_keys, .optional = true,
	  .help = "the models that clients see" },
	{ NULL },
};
/* clang-format on */

const struct conf_key *conf_keys_top(void)
{
	return top_keys;
}

const struct conf_key *conf_keys_backend(void)
{
	return backend_keys;
}

const struct conf_key *conf_keys_cascade(void)
{
	return cascade_keys;
}

const struct conf_key *conf_keys_client(void)
{
	return client_keys;
}
