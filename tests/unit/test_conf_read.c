/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files, good and bad; run from the root of the tree, where the
 * sample files are.
 */
#include "conf/conf_read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "patience.h"
#include "base/mem.h"
#include "conf/conf_verify.h"
#include "conf/doc.h"

/* ---- two verifiers ------------------------------------------------------- */

struct rules_opts {
	bool refusal, truncated, repetition, script;
	struct conf_strings must, must_not;
};
struct logprob_opts {
	int span;
};
struct check_opts {
	const struct conf_backend *backend;
	struct conf_range band;
	int mode, start;
};
struct odd_opts {
	int64_t most;
	bool flag;
	int word;
	struct conf_strings names;
	double share;
	struct conf_range band, tuned;
	const struct conf_backend *backend;
	const char *secret;
	struct conf_headers headers;
	const char *place;
	int64_t wait_us, every_us;
	const char *made; /* by prepare_odd() */
};

static int check_odd(const void *opts, struct err *err)
{
	const struct odd_opts *o = opts;

	if (o->most == 13)
		return err_set(err, ERR_CONF, "13 is no number; take another");
	return 0;
}

static const char *warn_odd(const void *opts)
{
	const struct odd_opts *o = opts;

	return o->most == 15 ? "15 is much; think of 5" : NULL;
}

static int prepare_odd(void *opts, struct arena *a, struct err *err)
{
	struct odd_opts *o = opts;

	if (o->most == 14)
		return err_set(err, ERR_CONF, "14 cannot be made; take another");
	o->made = arena_printf(a, "%d", (int)o->most);
	return 0;
}

/* clang-format off */
static const struct conf_key rules_keys[] = {
	{ "refusal", CONF_BOOL, offsetof(struct rules_opts, refusal),
	  .fallback = "false" },
	{ "truncated", CONF_BOOL, offsetof(struct rules_opts, truncated),
	  .fallback = "false" },
	{ "repetition", CONF_BOOL, offsetof(struct rules_opts, repetition),
	  .fallback = "false" },
	{ "script", CONF_BOOL, offsetof(struct rules_opts, script),
	  .fallback = "false" },
	{ "must", CONF_STRINGS, offsetof(struct rules_opts, must),
	  .fallback = "none", .zero = "none" },
	{ "must_not", CONF_STRINGS, offsetof(struct rules_opts, must_not),
	  .fallback = "none", .zero = "none" },
	{ NULL },
};
static const struct conf_key logprob_keys[] = {
	{ "span", CONF_ENUM, offsetof(struct logprob_opts, span),
	  .fallback = "all", .words = "all,answer" },
	{ NULL },
};
static const struct conf_key check_keys[] = {
	{ .name = "backend", .type = CONF_BACKEND,
	  .offset = offsetof(struct check_opts, backend) },
	{ "band", CONF_RANGE, offsetof(struct check_opts, band),
	  .optional = true, .min = 0, .max = 1, .tunes = true },
	{ "mode", CONF_ENUM, offsetof(struct check_opts, mode),
	  .fallback = "blind", .words = "blind,verdict" },
	{ "start", CONF_ENUM, offsetof(struct check_opts, start),
	  .fallback = "after", .words = "after,early", .tunes = true },
	{ NULL },
};
/* Has what the sample file cannot show. */
static const struct conf_key odd_deep[] = {
	{ "wait", CONF_TIME, offsetof(struct odd_opts, wait_us),
	  .fallback = "5ms" },
	{ NULL },
};
static const struct conf_key odd_keys[] = {
	{ "most", CONF_INT, offsetof(struct odd_opts, most),
	  .min = -20, .max = 20 },
	{ "flag", CONF_BOOL, offsetof(struct odd_opts, flag),
	  .fallback = "true" },
	{ "word", CONF_ENUM, offsetof(struct odd_opts, word),
	  .fallback = "b", .words = "a,b,c" },
	{ "names", CONF_STRINGS, offsetof(struct odd_opts, names),
	  .fallback = "x" },
	{ "share", CONF_NUMBER, offsetof(struct odd_opts, share),
	  .optional = true },
	{ "band", CONF_RANGE, offsetof(struct odd_opts, band),
	  .optional = true, .min = 0, .max = 1 },
	{ "tuned", CONF_RANGE, offsetof(struct odd_opts, tuned),
	  .optional = true, .tunes = true },
	{ "backend", CONF_BACKEND, offsetof(struct odd_opts, backend),
	  .fallback = "none", .zero = "none" },
	{ "secret", CONF_SECRET, offsetof(struct odd_opts, secret),
	  .fallback = "none", .zero = "none" },
	{ "every", CONF_TIME, offsetof(struct odd_opts, every_us),
	  .fallback = "2s", .tunes = true },
	{ "deep", CONF_SECTION, .sub = odd_deep },
	{ "headers", CONF_HEADERS, offsetof(struct odd_opts, headers),
	  .optional = true },
	{ "place", CONF_URL, offsetof(struct odd_opts, place),
	  .fallback = "none", .zero = "none", .words = "http", .exact = true,
	  .tunes = true },
	{ NULL },
};
/* clang-format on */

static const struct conf_verifier rules = {
	.name = "rules",
	.keys = rules_keys,
	.opts_size = sizeof(struct rules_opts),
};
static const struct conf_verifier logprob = {
	.name = "logprob",
	.keys = logprob_keys,
	.opts_size = sizeof(struct logprob_opts),
};
static const struct conf_verifier check = {
	.name = "check",
	.keys = check_keys,
	.opts_size = sizeof(struct check_opts),
};
static const struct conf_verifier odd = {
	.name = "odd",
	.keys = odd_keys,
	.opts_size = sizeof(struct odd_opts),
	.check = check_odd,
	.prepare = prepare_odd,
	.warning = warn_odd,
};
static const struct conf_verifier *const known[] = {&rules, &logprob, &check,
						    &odd, NULL};

/* ---- help ---------------------------------------------------------------- */

static struct buf faults, warnings;

static const char *text_of(struct buf *b)
{
	buf_add(b, "", 1);
	b->n--;
	return b->p;
}

static struct conf *read_text(const char *text)
{
	buf_clear(&faults);
	buf_clear(&warnings);
	return conf_read_text(span_of(text), "f", known, &faults, &warnings);
}

static struct conf *read_good(const char *text)
{
	struct conf *c = read_text(text);

	assert_string_equal(text_of(&faults), "");
	assert_non_null(c);
	return c;
}

static struct conf *read_path(const char *path)
{
	buf_clear(&faults);
	buf_clear(&warnings);
	return conf_read(path, known, &faults, &warnings);
}

/* What a test says goes to the top, so that it is on line 1. */
#define BACKENDS                                                               \
	"backends: {s: {base_url: 'http://h/v1', model: m}, "                  \
	"l: {base_url: 'http://h/v1', model: m}}\n"
#define CASCADES   "cascades: {c: {tiers: [s, l]}}\n"
#define TOP(x)	   x "\n" BACKENDS CASCADES
#define BACKEND(x) "backends: {s: {base_url: 'http://h/v1', model: m, " x "}}\n"
#define CASCADE(x) "cascades: {c: {tiers: [s, l], " x "}}\n" BACKENDS
#define TIERS(x)   "cascades: {c: {tiers: " x "}}\n" BACKENDS
#define CLIENT(x)  "keys: {k: {" x "}}\n" BACKENDS CASCADES
#define URL(x)	   "backends: {s: {model: m, base_url: " x "}}\n"
#define H32	   "0123456789abcdef0123456789ABCDEF"
#define HASH	   "hash: 'sha256:" H32 H32 "'"
#define HASH2	   "hash: 'sha256:" H32 "ffffffffffffffffffffffffffffffff'"

#define NO_TIME                                                                \
	" is not a time; write a number with ms, s, m, h or d, like 30s\n"
#define NO_SIZE                                                                \
	" is not a size; write a number of bytes, or one with KiB, MiB or "    \
	"GiB, like 8MiB\n"
#define NO_MONEY                                                               \
	" is not an amount of US dollars; write a number with at most six "    \
	"decimals, like 0.15\n"
#define NO_ADDRESS                                                             \
	" is not an address; write 127.0.0.1:8080, [::1]:8080 or unix:/PATH\n"
#define NO_RANGE                                                               \
	"f:1: cascades.c.verify.odd.band: must be two numbers, like "          \
	"[0.3, 0.9]\n"
#define IDLE                                                                   \
	": nothing gives a score to compare; add `verify`, or leave it out\n"
#define HEADERS(x)                                                             \
	CASCADE("threshold: 0.5, verify: [odd: {most: 1, headers: " x "}]")
#define IN_HEADERS "f:1: cascades.c.verify.odd.headers"
#define JUDGED "verify: [logprob], "
#define NO_VALUE " has no value; give it one or leave it out\n"
#define MISSING	 ": is missing; it has no default\n"
#define OPEN_ADMIN                                                             \
	" is open to others; use loopback or unix:PATH, or say "               \
	"`admin_public: true`\n"
#define OPEN_LISTEN                                                            \
	" is open to others and nobody is asked for a key; name `keys`, or "   \
	"say `keys: none`\n"
#define BAD_MODEL  ": a name must be 1 to 128 letters, digits and ._:/-\n"
#define BAD_CLIENT ": a name must be 1 to 64 letters, digits and ._-\n"
#define BAD_MATCH                                                              \
	": a model's name must be 1 to 128 letters, digits, spaces and "       \
	"._:/-@+*?\n"
#define BAD_HASH                                                               \
	"f:1: keys.k.hash: is not sha256: and 64 hex digits; `frugalctl key` " \
	"makes a key and its hash\n"
#define CASCADE_KEYS                                                           \
	"match, tiers, threshold, target, verify, calibration, compare, "       \
	"limits, mode, on_terminal_failure\n"
#define OURS ": is frugald's to send; leave it out\n"
#define NO_NAME                                                                \
	": a header's name must be 1 to 128 letters, digits and marks like "   \
	"- and _\n"
#define LITERAL_KEY                                                            \
	": is the key itself, and others may read this file; write env:NAME "  \
	"or file:/PATH, or give the file mode 0600\n"
#define LITERAL "f:1: backends.s.api_key" LITERAL_KEY

/* ---- faults -------------------------------------------------------------- */

static const char *const bad[][2] = {
	/* the file as a whole */
	{"", "f:1: the file says nothing; it needs at least `backends`\n"},
	{"# x\n", "f:1: the file says nothing; it needs at least `backends`\n"},
	{"{}", "f:1: backends" MISSING},
	{"- a\n", "f:1: the file must be a mapping of keys, like `listen: "
		  "127.0.0.1:8080`\n"},
	{"a: [\n", "f:2: did not find expected node content while parsing a "
		   "flow node (from line 2)\n"},
	{CASCADES, "f:1: backends" MISSING
		   "f:1: cascades.c.tiers: there is no backend s\n"
		   "f:1: cascades.c.tiers: there is no backend l\n"},
	{"backends:\n", "f:1: backends:" NO_VALUE},
	{"backends: {}\n", "f:1: backends: is empty; name at least one\n"},
	{"backends: x\n", "f:1: backends: must be a mapping of names\n"},
	{"backends: [x]\n", "f:1: backends: must be a mapping of names\n"},
	{"backends: {s: x}\n", "f:1: backends.s: must be a mapping of keys\n"},
	{"backends: {s: }\n", "f:1: backends.s: must be a mapping of keys\n"},
	{"backends: {s: {}}\n",
	 "f:1: backends.s.base_url" MISSING "f:1: backends.s.model" MISSING},

	/* unknown keys */
	{TOP("bogus: 1"),
	 "f:1: bogus: unknown key; known here: listen, admin, admin_public, "
	 "workers, ledger, log, limits, reply, keys, backends, cascades\n"},
	{TOP("lisen: x"), "f:1: lisen: unknown key (did you mean listen?)\n"},
	{TOP("Listen: x"), "f:1: Listen: unknown key (did you mean listen?)\n"},
	{TOP("worker: 2"),
	 "f:1: worker: unknown key (did you mean workers?)\n"},
	{TOP("limits: {max_bdoy: 1}"),
	 "f:1: limits.max_bdoy: unknown key (did you mean max_body?)\n"},
	{TOP("log: {path: x}"),
	 "f:1: log.path: unknown key; known here: to, level\n"},
	{TOP("\"a\\nb\": 1"),
	 "f:1: a?b: unknown key; known here: listen, admin, admin_public, "
	 "workers, ledger, log, limits, reply, keys, backends, cascades\n"},
	{BACKEND("price: {input: 1, output: 2, cached: 3}"),
	 "f:1: backends.s.price.cached: unknown key; known here: input, "
	 "output, cached_input\n"},
	{BACKEND("apikey: x"),
	 "f:1: backends.s.apikey: unknown key (did you mean api_key?)\n"},

	/* keys of later work */
	{CLIENT(HASH ", rate: 5"),
	 "f:1: keys.k.rate: unknown key; known here: hash, cascades\n"},
	{CLIENT(HASH ", budget_usd: 5"),
	 "f:1: keys.k.budget_usd: unknown key; known here: hash, cascades\n"},
	{CASCADE("audit: {rate: 0.02}"),
	 "f:1: cascades.c.audit: unknown key; known here: " CASCADE_KEYS},
	{CASCADE("mode: audit"),
	 "f:1: cascades.c.mode: audit is not one of enforce,shadow\n"},
	{CASCADE("mode: shadow"),
	 "f:1: cascades.c.mode: shadow needs a `ledger`, which is what it "
	 "works for\n"},
	{TIERS("[s], mode: shadow") "ledger: x\n",
	 "f:1: cascades.c.mode: shadow is for cascades of two tiers and more, "
	 "this one has 1\n"},

	/* repeated keys */
	{TOP("workers: 1\nworkers: 2"),
	 "f:2: workers: is here twice, first on line 1; keep one\n"},
	{"backends:\n  s: {base_url: 'http://h', model: m}\n"
	 "  s: {base_url: 'http://h', model: m}\n",
	 "f:3: backends.s: is here twice, first on line 2; keep one\n"},
	{BACKENDS "cascades:\n  c: {tiers: [s]}\n  c: {tiers: [s]}\n",
	 "f:4: cascades.c: is here twice, first on line 3; keep one\n"},

	/* wrong kinds of value */
	{TOP("workers:"), "f:1: workers:" NO_VALUE},
	{TOP("workers: ~"), "f:1: workers:" NO_VALUE},
	{TOP("workers: null"), "f:1: workers:" NO_VALUE},
	{TOP("limits:"), "f:1: limits:" NO_VALUE},
	{TOP("listen:"), "f:1: listen:" NO_VALUE},
	{TOP("keys:"), "f:1: keys:" NO_VALUE},
	{TOP("workers: [2]"), "f:1: workers: must be one value, not a list\n"},
	{TOP("workers: {a: 2}"),
	 "f:1: workers: must be one value, not a mapping\n"},
	{TOP("limits: 5"),
	 "f:1: limits: must be a mapping of keys, like max_body: VALUE\n"},
	{TOP("limits: [5]"),
	 "f:1: limits: must be a mapping of keys, like max_body: VALUE\n"},
	{TOP("ledger: [a]"),
	 "f:1: ledger: must be a mapping of keys, like path: VALUE\n"},
	{TOP("ledger: ''"), "f:1: ledger.path: is empty; write something\n"},
	{TOP("listen: {a: b}"),
	 "f:1: listen: must be one value, not a mapping\n"},
	{TOP("listen: [[a]]"), "f:1: listen: must be one value, not a list\n"},

	/* numbers */
	{TOP("workers: many"),
	 "f:1: workers: many is not a whole number; write one, or auto\n"},
	{TOP("workers: 0"), "f:1: workers: 0 is out of range; from 1 to 256\n"},
	{TOP("workers: -1"),
	 "f:1: workers: -1 is out of range; from 1 to 256\n"},
	{TOP("workers: 257"),
	 "f:1: workers: 257 is out of range; from 1 to 256\n"},
	{TOP("workers: 2.0"),
	 "f:1: workers: 2.0 is not a whole number; write one, or auto\n"},
	{TOP("workers: 0x10"),
	 "f:1: workers: 0x10 is not a whole number; write one, or auto\n"},
	{TOP("workers: 99999999999999999999"),
	 "f:1: workers: 99999999999999999999 is too large\n"},
	{TOP("limits: {max_queue: 1e3}"),
	 "f:1: limits.max_queue: 1e3 is not a whole number; write one, like "
	 "64\n"},
	{TOP("limits: {max_queue: 1000001}"),
	 "f:1: limits.max_queue: 1000001 is out of range; from 0 to "
	 "1000000\n"},
	{BACKEND("top_logprobs: 0"),
	 "f:1: backends.s.top_logprobs: 0 is out of range; from 1 to 20\n"},
	{BACKEND("top_logprobs: 21"),
	 "f:1: backends.s.top_logprobs: 21 is out of range; from 1 to 20\n"},

	/* times */
	{TOP("limits: {deadline: 5}"), "f:1: limits.deadline: 5" NO_TIME},
	{TOP("limits: {deadline: 5 s}"), "f:1: limits.deadline: 5 s" NO_TIME},
	{TOP("limits: {deadline: 5sec}"), "f:1: limits.deadline: 5sec" NO_TIME},
	{TOP("limits: {deadline: s}"), "f:1: limits.deadline: s" NO_TIME},
	{TOP("limits: {deadline: -5s}"), "f:1: limits.deadline: -5s" NO_TIME},
	{TOP("limits: {deadline: .5s}"), "f:1: limits.deadline: .5s" NO_TIME},
	{TOP("limits: {deadline: 5.s}"), "f:1: limits.deadline: 5.s" NO_TIME},
	{TOP("limits: {deadline: 1h30m}"),
	 "f:1: limits.deadline: 1h30m" NO_TIME},
	{TOP("limits: {deadline: 5MiB}"), "f:1: limits.deadline: 5MiB" NO_TIME},
	{TOP("limits: {deadline: 1.0001ms}"),
	 "f:1: limits.deadline: 1.0001ms" NO_TIME},
	{TOP("limits: {deadline: 0}"),
	 "f:1: limits.deadline: 0 is out of range; from 1ms to 1d\n"},
	{TOP("limits: {deadline: 0.999ms}"),
	 "f:1: limits.deadline: 0.999ms is out of range; from 1ms to 1d\n"},
	{TOP("limits: {deadline: 25h}"),
	 "f:1: limits.deadline: 25h is out of range; from 1ms to 1d\n"},
	{TOP("limits: {deadline: 9223372036854775807d}"),
	 "f:1: limits.deadline: 9223372036854775807d is too large\n"},
	{TOP("limits: {deadline: 9999999999999999999999999ms}"),
	 "f:1: limits.deadline: 9999999999999999999999999ms is too large\n"},

	/* sizes */
	{TOP("limits: {max_body: 8MB}"), "f:1: limits.max_body: 8MB" NO_SIZE},
	{TOP("limits: {max_body: 8m}"), "f:1: limits.max_body: 8m" NO_SIZE},
	{TOP("limits: {max_body: 8 MiB}"),
	 "f:1: limits.max_body: 8 MiB" NO_SIZE},
	{TOP("limits: {max_body: -1}"), "f:1: limits.max_body: -1" NO_SIZE},
	{TOP("limits: {max_body: 1.5}"), "f:1: limits.max_body: 1.5" NO_SIZE},
	{TOP("limits: {max_body: 0}"),
	 "f:1: limits.max_body: 0 is out of range; from 1 to 1GiB\n"},
	{TOP("limits: {max_body: 2GiB}"),
	 "f:1: limits.max_body: 2GiB is out of range; from 1 to 1GiB\n"},
	{TOP("limits: {memory: 99999999999999GiB}"),
	 "f:1: limits.memory: 99999999999999GiB is too large\n"},

	/* money */
	{BACKEND("price: {input: 0.1234567, output: 1}"),
	 "f:1: backends.s.price.input: 0.1234567" NO_MONEY},
	{BACKEND("price: {input: -1, output: $2}"),
	 "f:1: backends.s.price.input: -1" NO_MONEY
	 "f:1: backends.s.price.output: $2" NO_MONEY},
	{BACKEND("price: {input: 1e-3, output: 1}"),
	 "f:1: backends.s.price.input: 1e-3" NO_MONEY},
	{BACKEND("price: {input: 1000000.000001, output: 1}"),
	 "f:1: backends.s.price.input: 1000000.000001 is out of range; from 0 "
	 "to 1000000\n"},
	{BACKEND("price: {input: 1}"), "f:1: backends.s.price.output" MISSING},
	{BACKEND("price: 3"),
	 "f:1: backends.s.price: must be a mapping of keys, like input: "
	 "VALUE\n"},
	{CASCADE("limits: {cost_usd: free}"),
	 "f:1: cascades.c.limits.cost_usd: free" NO_MONEY},
	{CASCADE("limits: {cost_usd: 99999999999999999}"),
	 "f:1: cascades.c.limits.cost_usd: 99999999999999999 is too large\n"},

	/* words */
	{TOP("admin_public: yes"),
	 "f:1: admin_public: yes is neither of true and false\n"},
	{TOP("admin_public: True"),
	 "f:1: admin_public: True is neither of true and false\n"},
	{TOP("log: {level: loud}"),
	 "f:1: log.level: loud is not one of error,warn,info,debug\n"},
	{TOP("log: {level: 'error,warn'}"),
	 "f:1: log.level: error,warn is not one of error,warn,info,debug\n"},
	{TOP("log: {level: ''}"),
	 "f:1: log.level:  is not one of error,warn,info,debug\n"},
	{TOP("reply: {keepalive: false}"),
	 "f:1: reply.keepalive: false is not one of comment,chunk,off\n"},
	{BACKEND("kind: openrouter"),
	 "f:1: backends.s.kind: openrouter is not one of "
	 "auto,openai,vllm,llamacpp,ollama,sglang,tgi\n"},
	{CASCADE("on_terminal_failure: best"),
	 "f:1: cascades.c.on_terminal_failure: best is not one of "
	 "error,best_rejected\n"},

	/* strings */
	{"backends: {s: {base_url: 'http://h/v1', model: ''}}\n",
	 "f:1: backends.s.model: is empty; write something\n"},
	{"backends: {s: {base_url: 'http://h/v1', model: \"a\\r\\nb\"}}\n",
	 "f:1: backends.s.model: holds a control character; remove it\n"},

	/* addresses */
	{TOP("listen: 8080"), "f:1: listen: 8080" NO_ADDRESS},
	{TOP("listen: '*:8080'"), "f:1: listen: *:8080" NO_ADDRESS},
	{TOP("listen: localhost"), "f:1: listen: localhost" NO_ADDRESS},
	{TOP("listen: example.com:80"),
	 "f:1: listen: example.com:80" NO_ADDRESS},
	{TOP("listen: none"), "f:1: listen: none" NO_ADDRESS},
	{TOP("listen: []"), "f:1: listen: is empty; name at least 1\n"},
	{TOP("listen: [127.0.0.1:1,\n127.0.0.1:1]"),
	 "f:2: listen: 127.0.0.1:1 is in it twice; keep one\n"},
	{TOP("listen: 0.0.0.0:8080"), "f:1: listen: 0.0.0.0:8080" OPEN_LISTEN},
	{TOP("listen: ['127.0.0.1:1',\n'[::]:8080']"),
	 "f:2: listen: [::]:8080" OPEN_LISTEN},
	{TOP("admin: 0.0.0.0:9901"), "f:1: admin: 0.0.0.0:9901" OPEN_ADMIN},
	{TOP("keys: none\nadmin: [127.0.0.1:1,\n10.0.0.1:1]"),
	 "f:3: admin: 10.0.0.1:1" OPEN_ADMIN},
	{TOP("admin: [none]"), "f:1: admin: none" NO_ADDRESS},
	{TOP("admin: []"), "f:1: admin: is empty; name at least 1\n"},
	{TOP("admin: 127.0.0.1:8080"),
	 "f:1: admin: 127.0.0.1:8080 is in `listen` too; give admin an address "
	 "of its own\n"},

	/* URLs */
	{URL("x"), "f:1: backends.s.base_url: is no URL; write it out, like "
		   "http://127.0.0.1:8000/v1\n"},
	{URL("127.0.0.1:8000/v1"),
	 "f:1: backends.s.base_url: is no URL; write it out, like "
	 "http://127.0.0.1:8000/v1\n"},
	{URL("ftp://h/v1"),
	 "f:1: backends.s.base_url: must be a URL of http,https\n"},
	{URL("file:///etc/passwd"),
	 "f:1: backends.s.base_url: is no URL: it has no host\n"},
	{URL("gopher2://h/"),
	 "f:1: backends.s.base_url: must be a URL of http,https\n"},
	{URL("http:///v1"),
	 "f:1: backends.s.base_url: is no URL: it has no host\n"},
	{URL("http://"),
	 "f:1: backends.s.base_url: is no URL: it has no host\n"},
	{URL("'http://:80/v1'"),
	 "f:1: backends.s.base_url: is no URL: No host part in the URL\n"},
	{URL("http://u:secret@h/v1"),
	 "f:1: backends.s.base_url: holds a user or password; a key belongs in "
	 "`api_key` or `headers`\n"},
	{URL("http://@h/v1"),
	 "f:1: backends.s.base_url: holds a user or password; a key belongs in "
	 "`api_key` or `headers`\n"},
	{URL("'http://h/v1?key=secret'"),
	 "f:1: backends.s.base_url: holds a query or a fragment; leave off "
	 "what follows ? or #\n"},
	{URL("'http://h/v1?'"),
	 "f:1: backends.s.base_url: holds a query or a fragment; leave off "
	 "what follows ? or #\n"},
	{URL("'http://h/v1#x'"),
	 "f:1: backends.s.base_url: holds a query or a fragment; leave off "
	 "what follows ? or #\n"},
	{URL("'http://h/a b'"),
	 "f:1: backends.s.base_url: is no URL: it holds a space or a character "
	 "that is not ASCII\n"},
	{URL("'http://\xc3\xa9/'"),
	 "f:1: backends.s.base_url: is no URL: it holds a space or a character "
	 "that is not ASCII\n"},
	{URL("'http://h:99999/'"),
	 "f:1: backends.s.base_url: is no URL: Port number was not a decimal "
	 "number between 0 and 65535\n"},
	{BACKEND("proxy: 'ftp://h'"),
	 "f:1: backends.s.proxy: must be a URL of http,https,socks5,socks5h\n"},

	/* secrets */
	{BACKEND("api_key: sk-literal"), LITERAL},
	{BACKEND("api_key: 'None'"), LITERAL},
	{BACKEND("api_key: cred:x"),
	 "f:1: backends.s.api_key: systemd credentials (cred:) are not in this "
	 "version; write file:/PATH or env:NAME\n"},
	{BACKEND("api_key: env:FRUGALD_UNSET"),
	 "f:1: backends.s.api_key: the environment variable FRUGALD_UNSET is "
	 "not set; set it where frugald is started\n"},
	{BACKEND("api_key: env:FRUGALD_EMPTY"),
	 "f:1: backends.s.api_key: the environment variable FRUGALD_EMPTY: its "
	 "value is empty\n"},
	{BACKEND("api_key: env:FRUGALD_SPACE"),
	 "f:1: backends.s.api_key: the environment variable FRUGALD_SPACE: its "
	 "value holds a space, a control character or one that is not ASCII; "
	 "it must be the bare key\n"},
	{BACKEND("api_key: 'env:'"),
	 "f:1: backends.s.api_key: env: wants the name of an environment "
	 "variable, of letters, digits and _\n"},
	{BACKEND("api_key: env:sk-proj-secret"),
	 "f:1: backends.s.api_key: env: wants the name of an environment "
	 "variable, of letters, digits and _\n"},
	{BACKEND("api_key: file:sk-proj-secret"),
	 "f:1: backends.s.api_key: file: wants an absolute path, like "
	 "file:/etc/frugald/openai.key\n"},
	{BACKEND("api_key: file:/nonexistent/key"),
	 "f:1: backends.s.api_key: cannot read the file /nonexistent/key: No "
	 "such file or directory\n"},
	{BACKEND("api_key: file:/"),
	 "f:1: backends.s.api_key: cannot read the file /: Is a directory\n"},
	{BACKEND("api_key: file:/dev/zero"),
	 "f:1: backends.s.api_key: cannot read the file /dev/zero: Invalid "
	 "argument\n"},
	{BACKEND("api_key: [a]"),
	 "f:1: backends.s.api_key: must be one value, not a list\n"},

	/* client keys */
	{CLIENT(""), "f:1: keys.k.hash" MISSING},
	{CLIENT("hash: abc"), BAD_HASH},
	{CLIENT("hash: 'fk-" H32 H32 "'"), BAD_HASH},
	{CLIENT("hash: '" H32 H32 "'"), BAD_HASH},
	{CLIENT("hash: 'sha256:" H32 H32 "0'"), BAD_HASH},
	{CLIENT("hash: 'sha256:" H32 "'"), BAD_HASH},
	{CLIENT("hash: 'sha256:" H32 "g123456789abcdef0123456789ABCDEF'"),
	 BAD_HASH},
	{CLIENT(HASH ", cascades: []"),
	 "f:1: keys.k.cascades: is empty; name at least 1\n"},
	{CLIENT(HASH ", cascades: [c, d]"),
	 "f:1: keys.k.cascades: there is no cascade or backend d\n"},
	{"keys: {k: {" HASH ", cascades: [aut, alias]}}\n" BACKENDS
	 "cascades: {auto: {tiers: [s], match: [alias]}}\n",
	 "f:1: keys.k.cascades: there is no cascade or backend aut (did you "
	 "mean auto?)\n"
	 "f:1: keys.k.cascades: there is no cascade or backend alias\n"},
	{TOP("keys: {a: {" HASH "},\nb: {" HASH "}}"),
	 "f:2: keys.b.hash: is the key of a too; make another with `frugalctl "
	 "key`\n"},
	{TOP("keys: {a: {hash: x},\nb: {hash: y}}"),
	 "f:1: keys.a.hash: is not sha256: and 64 hex digits; `frugalctl key` "
	 "makes a key and its hash\n"
	 "f:2: keys.b.hash: is not sha256: and 64 hex digits; `frugalctl key` "
	 "makes a key and its hash\n"},
	{TOP("keys: {}"), "f:1: keys: is empty; name at least one\n"},
	{TOP("keys: all"), "f:1: keys: must be a mapping of names\n"},
	{TOP("keys: [none]"), "f:1: keys: must be a mapping of names\n"},
	{TOP("keys: {'a/b': {" HASH "}}"), "f:1: keys" BAD_CLIENT},
	{TOP("keys: {'fk-" H32 H32 "': {}}"),
	 "f:1: keys" BAD_CLIENT "f:1: keys.?.hash" MISSING},
	{TOP("keys: {'fk-" H32 H32 "': {" HASH "}}"), "f:1: keys" BAD_CLIENT},

	/* names of models */
	{"backends: {'a b': {base_url: 'http://h', model: m}}\n",
	 "f:1: backends" BAD_MODEL},
	{"backends: {'': {base_url: 'http://h', model: m}}\n",
	 "f:1: backends" BAD_MODEL},
	{"backends: {'a*': {base_url: 'http://h', model: m}}\n",
	 "f:1: backends" BAD_MODEL},
	{"backends: {" H32 H32 H32 H32 "0: {base_url: 'http://h', model: m}}\n",
	 "f:1: backends" BAD_MODEL},
	{BACKENDS "cascades: {'a\"b': {tiers: [s]}}\n",
	 "f:2: cascades" BAD_MODEL},
	{BACKENDS "cascades: {s: {tiers: [l]}}\n",
	 "f:2: cascades.s: s is a backend already (line 1); give one of them "
	 "another name\n"},
	{CASCADE("match: [s]"),
	 "f:1: cascades.c.match: s is a backend already (line 2); give one of "
	 "them another name\n"},
	{CASCADE("match: c"),
	 "f:1: cascades.c.match: c is a cascade already (line 1); give one of "
	 "them another name\n"},
	{BACKENDS "cascades:\n  a: {tiers: [s], match: [b]}\n"
		  "  b: {tiers: [s]}\n",
	 "f:3: cascades.a.match: b is a cascade already (line 4); give one of "
	 "them another name\n"},
	{BACKENDS "cascades:\n  a: {tiers: [s], match: ['x-*', y]}\n"
		  "  b: {tiers: [s], match: [y,\n    'x-*']}\n",
	 "f:4: cascades.b.match: y is a match already (line 3); give one of "
	 "them another name\n"
	 "f:5: cascades.b.match: x-* is a match already (line 3); give one of "
	 "them another name\n"},
	{CASCADE("match: ['a,b']"), "f:1: cascades.c.match" BAD_MATCH},
	{CASCADE("match: [x, x]"),
	 "f:1: cascades.c.match: x is in it twice; keep one\n"},

	/* tiers */
	{"cascades: {c: {}}\n" BACKENDS, "f:1: cascades.c.tiers" MISSING},
	{TIERS("[]"), "f:1: cascades.c.tiers: is empty; name at least 1\n"},
	{TIERS("[s, s]"),
	 "f:1: cascades.c.tiers: s is in it twice; keep one\n"},
	{TIERS("[s,\nlx]"), "f:2: cascades.c.tiers: there is no backend lx "
			    "(did you mean l?)\n"},
	{TIERS("[c]"), "f:1: cascades.c.tiers: there is no backend c\n"},
	{TIERS("[a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]"),
	 "f:1: cascades.c.tiers: holds 17; at most 16 are taken\n"},
	{BACKENDS "cascades: {}\n", "f:2: cascades: is empty; name at least "
				    "one\n"},
	{BACKENDS "cascades: {c: [x]}\n",
	 "f:2: cascades.c: must be a mapping of keys\n"},
	{BACKENDS "cascades: x\n", "f:2: cascades: must be a mapping of "
				   "names\n"},

	/* threshold, target and calibration */
	{CASCADE("target: {max_error: 0.02}, calibration: x"),
	 "f:1: cascades.c.target" IDLE "f:1: cascades.c.calibration" IDLE},
	{CASCADE("calibration: x"), "f:1: cascades.c.calibration" IDLE},
	{CASCADE("calibration: x, verify: [logprob]"),
	 "f:1: cascades.c.verify: needs a `threshold`, from 0 to 1: the "
	 "confidence from which an answer is kept; or a `target`\n"},
	{CASCADE(JUDGED "target: {max_error: 0.02, delta: 0.1}"),
	 "f:1: cascades.c.target: needs a `calibration`, the file that "
	 "`frugalctl calibrate` writes\n"},
	{CASCADE(JUDGED "target: {max_error: 0.02}, calibration: none"),
	 "f:1: cascades.c.target: needs a `calibration`, the file that "
	 "`frugalctl calibrate` writes\n"},
	{CASCADE(JUDGED "calibration: x,\nthreshold: 0.5,\n"
			"target: {max_error: 0.02}"),
	 "f:3: cascades.c.target: stands beside `threshold`; keep one: a "
	 "target has its cuts in the calibration\n"},
	{"cascades: {c: {tiers: [s], " JUDGED "calibration: x,\n"
	 "target: {max_error: 0.02}}}\n" BACKENDS,
	 "f:2: cascades.c.target: is for cascades of two tiers, this one has "
	 "1; use `threshold`\n"},
	{CASCADE("calibration: x, target: {max_error: 0.02}, verify: "
		 "[logprob, odd: {most: 1, band: [0, 1],\ntuned: [0, 1]}]"),
	 "f:2: cascades.c.verify.odd.tuned: stands beside `target`, whose cuts "
	 "are in the calibration; leave it out\n"},
	{CASCADE(JUDGED "calibration: x, target: {delta: 0.05}"),
	 "f:1: cascades.c.target.max_error" MISSING},
	{CASCADE(JUDGED "calibration: x, target: {max_error: 0}"),
	 "f:1: cascades.c.target.max_error: 0 is out of range; from 0.0001 to "
	 "0.5\n"},
	{CASCADE(JUDGED "calibration: x, target: {max_error: 0.1, delta: 1}"),
	 "f:1: cascades.c.target.delta: 1 is out of range; from 0.0001 to "
	 "0.5\n"},
	{CASCADE(JUDGED "calibration: x, target: 0.02"),
	 "f:1: cascades.c.target: must be a mapping of keys, like max_error: "
	 "VALUE\n"},
	{CASCADE(JUDGED "threshold: 1, calibration: ''"),
	 "f:1: cascades.c.calibration: is empty; write something\n"},
	{CASCADE("compare: regex"),
	 "f:1: cascades.c.compare.by: regex is not one of "
	 CONF_COMPARE_WORDS "\n"},
	{CASCADE("compare: judge"),
	 "f:1: cascades.c.compare: needs somebody to ask, like {by: judge, "
	 "backend: NAME}\n"},
	{CASCADE("compare: {backend: s}"),
	 "f:1: cascades.c.compare: names a `backend`, which is asked with `by: "
	 "judge` alone; leave it out\n"},
	{CASCADE("limits: {verify_usd: -1}"),
	 "f:1: cascades.c.limits.verify_usd: -1" NO_MONEY},

	/* threshold and verifiers */
	{CASCADE("threshold: 0.5"),
	 "f:1: cascades.c.threshold: nothing gives a score to compare; add "
	 "`verify`, or leave it out\n"},
	{CASCADE("threshold: 0.5, verify: []"),
	 "f:1: cascades.c.threshold: nothing gives a score to compare; add "
	 "`verify`, or leave it out\n"},
	{CASCADE("verify: [logprob]"),
	 "f:1: cascades.c.verify: needs a `threshold`, from 0 to 1: the "
	 "confidence from which an answer is kept; or a `target`\n"},
	{CASCADE("verify: [logprob], threshold: 1.1"),
	 "f:1: cascades.c.threshold: 1.1 is out of range; from 0 to 1\n"},
	{CASCADE("verify: [logprob], threshold: -0.1"),
	 "f:1: cascades.c.threshold: -0.1 is out of range; from 0 to 1\n"},
	{CASCADE("verify: [logprob], threshold: nan"),
	 "f:1: cascades.c.threshold: nan is not a number; write one like "
	 "0.8\n"},
	{CASCADE("verify: [logprob], threshold: 80%"),
	 "f:1: cascades.c.threshold: 80% is not a number; write one like "
	 "0.8\n"},
	{CASCADE("verify: [logprob], threshold: 1e999"),
	 "f:1: cascades.c.threshold: 1e999 is not a number; write one like "
	 "0.8\n"},
	{CASCADE("verify: [logprob], threshold: 0x1"),
	 "f:1: cascades.c.threshold: 0x1 is not a number; write one like "
	 "0.8\n"},
	{CASCADE("threshold: 0.5, verify: [logprop]"),
	 "f:1: cascades.c.verify: there is no verifier logprop (did you mean "
	 "logprob?); known: rules, logprob, check, odd\n"},
	{CASCADE("threshold: 0.5, verify: [judge: {backend: l}]"),
	 "f:1: cascades.c.verify: there is no verifier judge; known: rules, "
	 "logprob, check, odd\n"},
	{CASCADE("threshold: 0.5, verify: [check]"),
	 "f:1: cascades.c.verify.check.backend" MISSING},
	{CASCADE("threshold: 0.5, verify: {logprob: {}}"),
	 "f:1: cascades.c.verify: must be a list; put `- ` before each "
	 "verifier\n"},
	{CASCADE("threshold: 0.5, verify: [logprob, {logprob: {}}]"),
	 "f:1: cascades.c.verify.logprob: is here twice, first on line 1; keep "
	 "one\n"},
	{CASCADE("threshold: 0.5, verify: [{logprob: {}, rules: {}}]"),
	 "f:1: cascades.c.verify: each must be one verifier with its keys, "
	 "like `- logprob: {span: all}`\n"},
	{CASCADE("threshold: 0.5, verify: [{logprob: all}]"),
	 "f:1: cascades.c.verify: each must be one verifier with its keys, "
	 "like `- logprob: {span: all}`\n"},
	{CASCADE("threshold: 0.5, verify: [{}]"),
	 "f:1: cascades.c.verify: each must be one verifier with its keys, "
	 "like `- logprob: {span: all}`\n"},
	{CASCADE("threshold: 0.5, verify: [[logprob]]"),
	 "f:1: cascades.c.verify: each must be one verifier with its keys, "
	 "like `- logprob: {span: all}`\n"},
	{CASCADE("threshold: 0.5, verify: [logprob: {span: some}]"),
	 "f:1: cascades.c.verify.logprob.span: some is not one of "
	 "all,answer\n"},
	{CASCADE("threshold: 0.5, verify: [rules: {refusl: true}]"),
	 "f:1: cascades.c.verify.rules.refusl: unknown key (did you mean "
	 "refusal?)\n"},
	{CASCADE("threshold: 0.5, verify: [odd]"),
	 "f:1: cascades.c.verify.odd.most" MISSING},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 13}]"),
	 "f:1: cascades.c.verify.odd: 13 is no number; take another\n"},
	/* its own check is not asked about options that are faulty */
	{CASCADE("threshold: 0.5, verify: [odd: {most: 14}]"),
	 "f:1: cascades.c.verify.odd: 14 cannot be made; take another\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 13, x: 1}]"),
	 "f:1: cascades.c.verify.odd.x: unknown key; known here: most, flag, "
	 "word, names, share, band, tuned, backend, secret, every, deep, "
	 "headers, place\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: 0.3}]"),
	 NO_RANGE},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [0.3]}]"),
	 NO_RANGE},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [0, 0, 1]}]"),
	 NO_RANGE},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: {a: b}}]"),
	 NO_RANGE},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [0.3, x]}]"),
	 "f:1: cascades.c.verify.odd.band: x is not a number; write one like "
	 "0.8\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [-1,\n1]}]"),
	 "f:1: cascades.c.verify.odd.band: -1 is out of range; from 0 to 1\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [0,\n[1]]}]"),
	 "f:2: cascades.c.verify.odd.band: must be one value, not a list\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, band: [0.9, 0.3]}]"),
	 "f:1: cascades.c.verify.odd.band: begins above its end; turn them "
	 "round\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, backend: lx}]"),
	 "f:1: cascades.c.verify.odd.backend: there is no backend lx (did you "
	 "mean l?)\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: 1, backend: c}]"),
	 "f:1: cascades.c.verify.odd.backend: there is no backend c\n"},
	{CASCADE("threshold: 0.5, verify: [odd: {most: -21}]"),
	 "f:1: cascades.c.verify.odd.most: -21 is out of range; from -20 to "
	 "20\n"},
	{HEADERS("X-A"),
	 IN_HEADERS ": must be a mapping of names, like {X-Team: support}\n"},
	{HEADERS("[X-A: b]"),
	 IN_HEADERS ": must be a mapping of names, like {X-Team: support}\n"},
	{HEADERS("{'X A secret': b}"), IN_HEADERS NO_NAME},
	{HEADERS("{'X-A:secret': b}"), IN_HEADERS NO_NAME},
	{HEADERS("{'': b}"), IN_HEADERS NO_NAME},
	{HEADERS("{X-A: [b]}"), IN_HEADERS ".X-A: must be one value\n"},
	{HEADERS("{X-A: }"), IN_HEADERS ".X-A: is empty; write something\n"},
	{HEADERS("{X-A: ''}"), IN_HEADERS ".X-A: is empty; write something\n"},
	{HEADERS("{X-A: ' b'}"),
	 IN_HEADERS ".X-A: begins or ends with a space; remove it\n"},
	{HEADERS("{X-A: \"secret\\r\\nX-B: c\"}"),
	 IN_HEADERS ".X-A: holds a control character or one that is not ASCII; "
		    "remove it\n"},
	{HEADERS("{X-A: '\xc3\xa9'}"),
	 IN_HEADERS ".X-A: holds a control character or one that is not ASCII; "
		    "remove it\n"},
	{HEADERS("{X-A: b, x-a: c}"),
	 IN_HEADERS ".x-a: is here twice, for case does not count; keep one\n"},
	{HEADERS("{X-A: b, X-A: c}"),
	 IN_HEADERS ".X-A: is here twice, first on line 1; keep one\n"},
	{HEADERS("{host: b}"), IN_HEADERS ".host" OURS},
	{HEADERS("{Content-Length: 1}"), IN_HEADERS ".Content-Length" OURS},
	{HEADERS("{Content-Type: b}"), IN_HEADERS ".Content-Type" OURS},
	{HEADERS("{Transfer-Encoding: b}"),
	 IN_HEADERS ".Transfer-Encoding" OURS},
	{HEADERS("{CONNECTION: b}"), IN_HEADERS ".CONNECTION" OURS},
	{HEADERS("{x-request-id: b}"), IN_HEADERS ".x-request-id" OURS},
	{HEADERS("{Authorization: Bearer secret}"),
	 IN_HEADERS ".Authorization" LITERAL_KEY},
	{HEADERS("{proxy-authorization: secret}"),
	 IN_HEADERS ".proxy-authorization" LITERAL_KEY},
	{HEADERS("{api-key: secret}"), IN_HEADERS ".api-key" LITERAL_KEY},
	{HEADERS("{X-API-Key: secret}"), IN_HEADERS ".X-API-Key" LITERAL_KEY},
	{HEADERS("{cookie: secret}"), IN_HEADERS ".cookie" LITERAL_KEY},
	{HEADERS("{X-A: env:FRUGALD_UNSET}"),
	 IN_HEADERS ".X-A: the environment variable FRUGALD_UNSET is not set; "
		    "set it where frugald is started\n"},
	{HEADERS("{X-A: env:FRUGALD_BLANK}"),
	 IN_HEADERS ".X-A: the environment variable FRUGALD_BLANK: its value "
		    "holds a space at an end, a control character or one that "
		    "is not ASCII; it must be the bare value\n"},
	{HEADERS("{X-A: cred:secret}"),
	 IN_HEADERS ".X-A: systemd credentials (cred:) are not in this "
		    "version; write file:/PATH or env:NAME\n"},
	{HEADERS("{X-A: file:secret}"),
	 IN_HEADERS ".X-A: file: wants an absolute path, like "
		    "file:/etc/frugald/openai.key\n"},
	{CASCADE("verify: "), "f:1: cascades.c.verify:" NO_VALUE},
	{CASCADE("limits: {attempts: 0}"),
	 "f:1: cascades.c.limits.attempts: 0 is out of range; from 1 to 100\n"},
};

static void test_faults(void **state)
{
	(void)state;
	setenv("FRUGALD_EMPTY", "", 1);
	setenv("FRUGALD_SPACE", "Bearer secret", 1);
	setenv("FRUGALD_BLANK", "Bearer secret ", 1);
	unsetenv("FRUGALD_UNSET");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(bad[i][0]))
			fail_msg("taken: %s", bad[i][0]);
		if (strcmp(text_of(&faults), bad[i][1]) != 0)
			fail_msg("%s\n%s\nwanted\n%s", bad[i][0],
				 text_of(&faults), bad[i][1]);
	}
}

/* Whatever is wrong, what was written for a key does not come back. */
static void test_no_fault_tells_a_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!strstr(bad[i][0], "secret") && !strstr(bad[i][0], "fk-"))
			continue;
		assert_null(read_text(bad[i][0]));
		assert_null(strstr(text_of(&faults), "secret"));
		assert_null(strstr(text_of(&faults), H32));
	}
}

static void test_all_faults_at_once(void **state)
{
	static const char text[] = "cascades:\n"
				   "  auto:\n"
				   "    tiers: [smal, large]\n"
				   "    threshold: 2\n"
				   "workers: x\n"
				   "backends:\n"
				   "  small:\n"
				   "    model: m\n"
				   "    model: n\n"
				   "  large: {base_url: 'http://h', model: m,\n"
				   "    timeout: {connect: 2}}\n"
				   "listen: &a 0.0.0.0:80\n"
				   "admn: 1\n";

	(void)state;
	assert_null(read_text(text));
	assert_string_equal(
		text_of(&faults),
		"f:3: cascades.auto.tiers: there is no backend smal (did you "
		"mean small?)\n"
		"f:4: cascades.auto.threshold: 2 is out of range; from 0 to 1\n"
		"f:4: cascades.auto.threshold: nothing gives a score to "
		"compare; add `verify`, or leave it out\n"
		"f:5: workers: x is not a whole number; write one, or auto\n"
		"f:7: backends.small.base_url" MISSING
		"f:9: backends.small.model: is here twice, first on line 8; "
		"keep one\n"
		"f:11: backends.large.timeout.connect: 2" NO_TIME
		"f:12: an anchor (&) is not taken here; write the value out\n"
		"f:12: listen: 0.0.0.0:80" OPEN_LISTEN
		"f:13: admn: unknown key (did you mean admin?)\n");
}

/* ---- values -------------------------------------------------------------- */

#define S INT64_C(1000000)

static void test_defaults(void **state)
{
	struct conf *c = read_good(TOP(""));
	const struct conf_backend *b = &c->backends[0];
	const struct conf_cascade *k = &c->cascades[0];

	(void)state;
	assert_string_equal(c->path, "f");
	assert_int_equal(c->listen.n, 1);
	assert_string_equal(c->listen.v[0], "127.0.0.1:8080");
	assert_int_equal(c->admin.n, 0);
	assert_false(c->admin_public);
	assert_int_equal(c->workers, 0);
	assert_null(c->ledger.path);
	assert_false(c->ledger.store_text);
	assert_int_equal(c->ledger.keep_us, 90 * 86400 * S);
	assert_string_equal(c->log.to, "stderr");
	assert_int_equal(c->log.level, LOG_INFO);
	assert_int_equal(c->limits.max_body, 8 << 20);
	assert_int_equal(c->limits.max_depth, 512);
	assert_int_equal(c->limits.header_timeout_us, 10 * S);
	assert_int_equal(c->limits.body_timeout_us, 30 * S);
	assert_int_equal(c->limits.idle_timeout_us, 75 * S);
	assert_int_equal(c->limits.max_inflight, 1024);
	assert_int_equal(c->limits.max_queue, 256);
	assert_int_equal(c->limits.queue_wait_us, 5 * S);
	assert_int_equal(c->limits.memory, 512 << 20);
	assert_int_equal(c->limits.max_reply, 8 << 20);
	assert_int_equal(c->limits.deadline_us, 300 * S);
	assert_int_equal(c->limits.drain_us, 30 * S);
	assert_true(c->reply.headers);
	assert_int_equal(c->reply.usage, CONF_USAGE_ANSWER);
	assert_int_equal(c->reply.commit_after_us, 10 * S);
	assert_int_equal(c->reply.keepalive, CONF_KEEPALIVE_COMMENT);
	assert_int_equal(c->reply.keepalive_every_us, 15 * S);
	assert_int_equal(c->reply.slice, 64);
	assert_false(c->keys_asked);
	assert_int_equal(c->n_keys, 0);

	assert_int_equal(c->n_backends, 2);
	assert_string_equal(b->name, "s");
	assert_string_equal(b->base_url, "http://h/v1");
	assert_string_equal(b->model, "m");
	assert_null(b->api_key);
	assert_false(b->priced);
	assert_int_equal(b->price_input, 0);
	assert_int_equal(b->price_output, 0);
	assert_int_equal(b->price_cached, 0);
	assert_int_equal(b->connect_us, 2 * S);
	assert_int_equal(b->first_byte_us, 60 * S);
	assert_int_equal(b->idle_us, 30 * S);
	assert_int_equal(b->total_us, 300 * S);
	assert_int_equal(b->max_inflight, 0);
	assert_int_equal(b->top_logprobs, 5);
	assert_null(b->ca_file);
	assert_null(b->proxy);
	assert_int_equal(b->kind, CONF_KIND_AUTO);

	assert_int_equal(c->n_cascades, 1);
	assert_string_equal(k->name, "c");
	assert_int_equal(k->match.n, 0);
	assert_int_equal(k->n_tiers, 2);
	assert_ptr_equal(k->tiers[0], b);
	assert_ptr_equal(k->tiers[1], b + 1);
	assert_int_equal(k->n_verify, 0);
	assert_int_equal(k->deadline_us, 300 * S);
	assert_int_equal(k->max_attempts, 4);
	assert_int_equal(k->max_cost_pusd, CONF_NO_LIMIT);
	assert_int_equal(k->max_verify_pusd, CONF_NO_LIMIT);
	assert_int_equal(k->mode, CONF_MODE_ENFORCE);
	assert_int_equal(k->on_terminal_failure, CONF_FAIL_ERROR);
	assert_int_equal(warnings.n, 0);
	conf_free(c);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} t[] = {
		{"1ms", 1000},	      {"10ms", 10000},
		{"2s", 2 * S},	      {"5m", 300 * S},
		{"1h", 3600 * S},     {"1d", 86400 * S},
		{"0.5s", S / 2},      {"1.5h", 5400 * S},
		{"2.250s", 2250000},  {"1.001ms", 1001},
		{"0.000024h", 86400}, {"86400s", 86400 * S},
		{"1.000000000s", S},  {"007s", 7 * S},
		{"'30s'", 30 * S},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text), TOP("limits: {deadline: %s}"),
			 t[i].text);
		c = read_good(text);
		assert_int_equal(c->limits.deadline_us, t[i].us);
		assert_int_equal(c->cascades[0].deadline_us, t[i].us);
		conf_free(c);
	}
}

static void test_noughts(void **state)
{
	struct conf *c = read_good(TOP("limits: {drain: 0, max_queue: 0}\n"
				       "reply: {commit_after: 0s}"));

	(void)state;
	assert_int_equal(c->limits.drain_us, 0);
	assert_int_equal(c->limits.max_queue, 0);
	assert_int_equal(c->reply.commit_after_us, 0);
	conf_free(c);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} t[] = {
		{"1", 1},
		{"512", 512},
		{"1KiB", 1024},
		{"8MiB", 8 << 20},
		{"1GiB", 1 << 30},
		{"1.5MiB", 3 << 19},
		{"1073741824", 1 << 30},
		{"0.5KiB", 512},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text), TOP("limits: {max_body: %s}"),
			 t[i].text);
		c = read_good(text);
		assert_int_equal(c->limits.max_body, t[i].bytes);
		conf_free(c);
	}
}

/* Exact: 0.29 * 1e6 is 289999.99999999994 as a double. */
static void test_prices(void **state)
{
	static const struct {
		const char *text;
		int64_t micro;
	} t[] = {
		{"0", 0},
		{"0.29", 290000},
		{"2.50", 2500000},
		{"0.000001", 1},
		{"0.075", 75000},
		{"10", 10000000},
		{"1000000", 1000000 * S},
		{"999999.999999", 999999999999},
		{"1.0000000", 1000000},
		{"0.57", 570000},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text),
			 BACKEND("price: {input: %s, output: 1}"), t[i].text);
		c = read_good(text);
		assert_true(c->backends[0].priced);
		assert_int_equal(c->backends[0].price_input, t[i].micro);
		assert_int_equal(c->backends[0].price_output, S);
		/* Not said: as input. */
		assert_int_equal(c->backends[0].price_cached, t[i].micro);
		conf_free(c);
	}
}

static void test_cached_price_of_nought(void **state)
{
	struct conf *c = read_good(
		BACKEND("price: {input: 1, output: 1, cached_input: 0}"));

	(void)state;
	assert_int_equal(c->backends[0].price_cached, 0);
	conf_free(c);
}

static void test_cascade_limits(void **state)
{
	static const struct {
		const char *text;
		int64_t pico;
	} t[] = {
		{"0.05", 50000000000},
		{"0.000001", 1000000},
		{"12", 12000000000000},
		{"1000000", 1000000000000000000},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text),
			 CASCADE("limits: {cost_usd: %s, verify_usd: %s, "
				 "attempts: 2, deadline: 7s}"),
			 t[i].text, t[i].text);
		c = read_good(text);
		assert_int_equal(c->cascades[0].max_cost_pusd, t[i].pico);
		assert_int_equal(c->cascades[0].max_verify_pusd, t[i].pico);
		assert_int_equal(c->cascades[0].max_attempts, 2);
		assert_int_equal(c->cascades[0].deadline_us, 7 * S);
		assert_int_equal(c->limits.deadline_us, 300 * S);
		conf_free(c);
	}
}

/* No money at all is a bound, too. */
static void test_no_money_for_verifiers(void **state)
{
	struct conf *c = read_good(CASCADE("limits: {verify_usd: 0}"));

	(void)state;
	assert_int_equal(c->cascades[0].max_verify_pusd, 0);
	assert_true(c->cascades[0].max_cost_pusd == CONF_NO_LIMIT);
	conf_free(c);
	c = read_good(CASCADE("mode: enforce"));
	assert_true(c->cascades[0].max_verify_pusd == CONF_NO_LIMIT);
	conf_free(c);
}

static void test_targets(void **state)
{
	struct conf *c = read_good(
		CASCADE(JUDGED "\ncalibration: /x/y.json, compare: number, "
			       "target: {max_error: 0.02}"));
	const struct conf_cascade *k = &c->cascades[0];

	(void)state;
	assert_true(k->max_error == 0.02);
	assert_true(k->delta == 0.05);
	assert_string_equal(k->calibration, "/x/y.json");
	assert_int_equal(k->calibration_line, 2);
	assert_int_equal(k->compare, 3);
	conf_free(c);
	c = read_good(CASCADE(JUDGED "threshold: 0.5, calibration: x"));
	assert_true(c->cascades[0].max_error == 0);
	assert_int_equal(c->cascades[0].compare, 0);
	conf_free(c);
}

/* Wherever the program was started: what is read is beside the file. */
static void test_files_beside(void **state)
{
	static const struct {
		const char *conf, *said, *path;
	} cases[] = {
		{"/etc/f.yaml", "a.json", "/etc/a.json"},
		{"/etc/f.yaml", "d/../a.json", "/etc/d/../a.json"},
		{"/etc/f.yaml", "/var/a.json", "/var/a.json"},
		{"/f.yaml", "a.json", "/a.json"},
		{"config/f.yaml", "a.json", "config/a.json"},
		{"../f.yaml", "a.json", "../a.json"},
		{"f.yaml", "a.json", "a.json"},
		{"/etc/f.yaml", "none", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = mem_printf(
			"backends: {s: {base_url: 'http://h', model: m, "
			"ca_file: %s}}\n"
			"cascades: {c: {tiers: [s], verify: [logprob], "
			"threshold: 0.5, calibration: %s}}\n",
			cases[i].said, cases[i].said);
		struct conf *c = conf_read_text(span_of(text), cases[i].conf,
						known, &faults, &warnings);

		assert_non_null(c);
		if (cases[i].path) {
			assert_string_equal(c->backends[0].ca_file,
					    cases[i].path);
			assert_string_equal(c->cascades[0].calibration,
					    cases[i].path);
		} else {
			assert_null(c->backends[0].ca_file);
			assert_null(c->cascades[0].calibration);
		}
		conf_free(c);
		free(text);
	}
}

/* It decides nothing, so nothing need be there to decide by. */
static void test_shadow(void **state)
{
	struct conf *c = read_good(
		CASCADE("mode: shadow, verify: [logprob]") "ledger: x\n");

	(void)state;
	assert_int_equal(c->cascades[0].mode, CONF_MODE_SHADOW);
	assert_true(isnan(c->cascades[0].threshold));
	conf_free(c);
	c = read_good(CASCADE("compare: {by: judge, backend: l}"));
	assert_int_equal(c->cascades[0].compare, CONF_COMPARE_JUDGE);
	assert_string_equal(c->cascades[0].compare_backend->name, "l");
	conf_free(c);
}

static void test_words(void **state)
{
	struct conf *c = read_good(
		"log: {to: /x/y, level: debug}\n"
		"workers: 2\n"
		"ledger: {path: l.db, store_text: true, keep: 1d}\n"
		"reply: {headers: false, usage: total, keepalive: off, "
		"slice: 1}\n"
		"admin: [127.0.0.1:9901, 'unix:/run/a']\n"
		"backends:\n"
		"  s: {base_url: 'https://h', model: m, kind: tgi, "
		"max_inflight: none, ca_file: /ca.pem, proxy: "
		"'socks5h://p:1080', api_key: none}\n"
		"cascades:\n"
		"  c: {tiers: s, match: 'x', mode: enforce, "
		"on_terminal_failure: best_rejected}\n");

	(void)state;
	assert_string_equal(c->log.to, "/x/y");
	assert_int_equal(c->log.level, LOG_DEBUG);
	assert_int_equal(c->workers, 2);
	assert_string_equal(c->ledger.path, "l.db");
	assert_true(c->ledger.store_text);
	assert_int_equal(c->ledger.keep_us, 86400 * S);
	assert_false(c->reply.headers);
	assert_int_equal(c->reply.usage, CONF_USAGE_TOTAL);
	assert_int_equal(c->reply.keepalive, CONF_KEEPALIVE_OFF);
	assert_int_equal(c->admin.n, 2);
	assert_string_equal(c->admin.v[1], "unix:/run/a");
	assert_int_equal(c->backends[0].kind, CONF_KIND_TGI);
	assert_int_equal(c->backends[0].max_inflight, 0);
	assert_string_equal(c->backends[0].ca_file, "/ca.pem");
	assert_string_equal(c->backends[0].proxy, "socks5h://p:1080");
	assert_null(c->backends[0].api_key);
	assert_int_equal(c->cascades[0].n_tiers, 1);
	assert_int_equal(c->cascades[0].match.n, 1);
	assert_string_equal(c->cascades[0].match.v[0], "x");
	assert_int_equal(c->cascades[0].on_terminal_failure,
			 CONF_FAIL_BEST_REJECTED);
	conf_free(c);
}

/* The words of a type are in the order of its enum. */
static void test_kinds(void **state)
{
	static const char *const words[] = {
		[CONF_KIND_AUTO] = "auto",
		[CONF_KIND_OPENAI] = "openai",
		[CONF_KIND_VLLM] = "vllm",
		[CONF_KIND_LLAMACPP] = "llamacpp",
		[CONF_KIND_OLLAMA] = "ollama",
		[CONF_KIND_SGLANG] = "sglang",
		[CONF_KIND_TGI] = "tgi",
	};
	static const char *const levels[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	char text[400];

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct conf *c;

		snprintf(text, sizeof(text),
			 "log: {level: %s}\n" BACKEND("kind: %s"),
			 levels[i % 4], words[i]);
		c = read_good(text);
		assert_int_equal(c->backends[0].kind, i);
		assert_int_equal(c->log.level, i % 4);
		conf_free(c);
	}
}

static void test_bare_values_of_sections(void **state)
{
	struct conf *c = read_good(TOP("ledger: /l.db\nlog: /x.log"));

	(void)state;
	assert_string_equal(c->ledger.path, "/l.db");
	assert_int_equal(c->ledger.keep_us, 90 * 86400 * S);
	assert_string_equal(c->log.to, "/x.log");
	assert_int_equal(c->log.level, LOG_INFO);
	conf_free(c);
	c = read_good(TOP("ledger: none\nlog: stderr\nadmin: none"));
	assert_null(c->ledger.path);
	assert_string_equal(c->log.to, "stderr");
	assert_int_equal(c->admin.n, 0);
	conf_free(c);
}

static void test_json_is_yaml(void **state)
{
	struct conf *c = read_good(
		"{\"listen\": [\"0.0.0.0:80\"], \"workers\": \"auto\", "
		"\"keys\": \"none\", \"admin\": \"none\", "
		"\"backends\": {\"s\": {\"base_url\": \"http://h/v1\", "
		"\"model\": \"m\", \"top_logprobs\": 3}}}");

	(void)state;
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->backends[0].top_logprobs, 3);
	conf_free(c);
}

static void test_urls(void **state)
{
	static const char *const t[][2] = {
		{"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"},
		{"http://h/v1/", "http://h/v1"},
		{"http://h/v1///", "http://h/v1"},
		{"http://h", "http://h"},
		{"http://h/", "http://h"},
		{"HTTPS://h/V1", "https://h/V1"},
		{"'http://[::1]:8000/v1'", "http://[::1]:8000/v1"},
		{"https://h:443/a@b", "https://h:443/a@b"},
		{"http://0x7f.1/v1", "http://127.0.0.1/v1"},
		{"http://2130706433/", "http://127.0.0.1"},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text), URL("%s"), t[i][0]);
		c = read_good(text);
		assert_string_equal(c->backends[0].base_url, t[i][1]);
		conf_free(c);
	}
}

static void test_client_keys(void **state)
{
	struct conf *c = read_good("keys:\n"
				   "  a: {" HASH "}\n"
				   "  b: {" HASH2 ", cascades: [c, s]}\n"
				   "listen: 0.0.0.0:80\n" BACKENDS CASCADES);
	struct digest d;

	(void)state;
	assert_true(c->keys_asked);
	assert_int_equal(c->n_keys, 2);
	assert_string_equal(c->keys[0].name, "a");
	assert_int_equal(digest_parse(span_of(H32 H32), &d), 0);
	assert_true(digest_equal(&c->keys[0].hash, &d));
	assert_int_equal(c->keys[0].cascades.n, 0);
	assert_int_equal(c->keys[1].cascades.n, 2);
	assert_string_equal(c->keys[1].cascades.v[1], "s");
	conf_free(c);
}

static void test_open_addresses(void **state)
{
	struct conf *c = read_good(TOP("keys: none\nlisten: ['[::]:80']\n"
				       "admin: 0.0.0.0:81\n"
				       "admin_public: true"));

	(void)state;
	assert_false(c->keys_asked);
	assert_int_equal(c->n_keys, 0);
	assert_true(c->admin_public);
	conf_free(c);
	c = read_good(TOP("listen: ['unix:/a', 'localhost:1', '[::1]:1']"));
	assert_int_equal(c->listen.n, 3);
	conf_free(c);
}

static void test_verifiers(void **state)
{
	struct conf *c = read_good(
		CASCADE("threshold: 0.25, verify: [rules: {refusal: true}, "
			"{logprob: }, odd: {most: -20}]"));
	const struct conf_cascade *k = &c->cascades[0];
	const struct rules_opts *r = k->verify[0].opts;
	const struct logprob_opts *l = k->verify[1].opts;
	const struct odd_opts *o = k->verify[2].opts;

	(void)state;
	assert_true(k->threshold == 0.25);
	assert_int_equal(k->n_verify, 3);
	assert_ptr_equal(k->verify[0].verifier, &rules);
	assert_ptr_equal(k->verify[1].verifier, &logprob);
	assert_ptr_equal(k->verify[2].verifier, &odd);
	assert_string_equal(o->made, "-20");
	assert_true(r->refusal);
	assert_false(r->truncated);
	assert_false(r->repetition);
	assert_int_equal(l->span, 0);
	assert_int_equal(o->most, -20);
	assert_true(o->flag);
	assert_int_equal(o->word, 1);
	assert_int_equal(o->names.n, 1);
	assert_string_equal(o->names.v[0], "x");
	assert_true(o->share == 0);
	conf_free(c);
	c = read_good(CASCADE("threshold: 1, verify: logprob"));
	assert_int_equal(c->cascades[0].n_verify, 1);
	conf_free(c);
	c = read_good(CASCADE("threshold: 0, verify: [odd: {most: 1, flag: "
			      "false, word: c, names: [], share: -2.5e-1}]"));
	o = c->cascades[0].verify[0].opts;
	assert_false(o->flag);
	assert_int_equal(o->word, 2);
	assert_int_equal(o->names.n, 0);
	assert_true(o->share == -0.25);
	conf_free(c);
	c = read_good(CASCADE("verify: []"));
	assert_int_equal(c->cascades[0].n_verify, 0);
	conf_free(c);
}

static void test_ranges_and_backends(void **state)
{
	struct conf *c = read_good(
		CASCADE("threshold: 0, verify: [odd: {most: 1}]"));
	const struct odd_opts *o = c->cascades[0].verify[0].opts;

	(void)state;
	assert_false(o->band.said);
	assert_null(o->backend);
	conf_free(c);
	c = read_good(CASCADE("threshold: 0, verify: [odd: {most: 1, band: "
			      "[0.25, 1], backend: l}]"));
	o = c->cascades[0].verify[0].opts;
	assert_true(o->band.said);
	assert_true(o->band.low == 0.25);
	assert_true(o->band.high == 1);
	assert_ptr_equal(o->backend, &c->backends[1]);
	conf_free(c);
}

static const struct odd_opts *odd_of(const struct conf *c)
{
	return c->cascades[0].verify[0].opts;
}

static void check_header(const struct conf *c, size_t i, const char *name,
			 const char *value, bool is_secret)
{
	const struct conf_header *h = &odd_of(c)->headers.v[i];

	assert_string_equal(h->name, name);
	assert_string_equal(h->value ? h->value : "unread", value);
	assert_int_equal(h->is_secret, is_secret);
}

static void test_headers(void **state)
{
	struct conf *c;

	(void)state;
	setenv("FRUGALD_KEY", "sk-env", 1);
	setenv("FRUGALD_WORDS", "Bearer sk-env", 1);
	c = read_good(HEADERS("{X-Team: a b, authorization: env:FRUGALD_WORDS, "
			      "X-Key: env:FRUGALD_KEY, User-Agent: 7}"));
	assert_int_equal(odd_of(c)->headers.n, 4);
	check_header(c, 0, "X-Team", "a b", false);
	check_header(c, 1, "authorization", "Bearer sk-env", true);
	check_header(c, 2, "X-Key", "sk-env", true);
	check_header(c, 3, "User-Agent", "7", false);
	conf_free(c);
	c = read_good(HEADERS("{}"));
	assert_int_equal(odd_of(c)->headers.n, 0);
	conf_free(c);
}

static void test_many_headers(void **state)
{
	(void)state;
	for (int n = 32; n <= 33; n++) {
		struct buf b;

		buf_init(&b, 0);
		buf_adds(&b, "cascades: {c: {tiers: [s, l], threshold: 0.5, "
			     "verify: [odd: {most: 1, headers: {");
		for (int i = 0; i < n; i++)
			buf_addf(&b, "X-%d: b, ", i);
		buf_adds(&b, "}}]}}\n" BACKENDS);
		if (n == 32)
			conf_free(read_good(text_of(&b)));
		else
			assert_null(read_text(text_of(&b)));
		buf_release(&b);
	}
	assert_string_equal(text_of(&faults),
			    IN_HEADERS ": holds 33; at most 32 are taken\n");
}

/* A slash at the end is another place, where the row says so. */
static void test_exact_urls(void **state)
{
	static const char *const t[][2] = {
		{"http://h/v1/", "http://h/v1/"},
		{"http://h/v1", "http://h/v1"},
		{"http://h", "http://h/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *text = mem_printf(CASCADE("threshold: 0.5, verify: [odd: "
						"{most: 1, place: '%s'}]"),
					t[i][0]);
		struct conf *c = read_good(text);

		assert_string_equal(odd_of(c)->place, t[i][1]);
		conf_free(c);
		free(text);
	}
}

static void check_written(const char *verify, const char *wanted)
{
	char *text = mem_printf("cascades: {c: {tiers: [s, l], verify: %s}}\n"
				BACKENDS, verify);
	struct conf *c = read_good(text);
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(conf_verify_write(&c->cascades[0], &out), 0);
	assert_string_equal(text_of(&out), wanted);
	buf_release(&out);
	conf_free(c);
	free(text);
}

/* The same for what means the same, however it was written; what only tunes,
 * and secrets, make no difference. */
static void test_written_verifiers(void **state)
{
	static const char odd_written[] =
		"[{\"odd\":{\"most\":-20,\"flag\":true,\"word\":\"c\","
		"\"names\":[\"a\\\"\",\"b\"],\"share\":0.1,"
		"\"band\":[0.35,0.9],\"backend\":\"l\","
		"\"deep\":{\"wait\":7000}}}]";

	(void)state;
	setenv("FRUGALD_SECRET", "sk-x", 1);
	check_written("[]", "[]");
	check_written("[rules, logprob], threshold: 1",
		      "[{\"rules\":{\"refusal\":false,\"truncated\":false,"
		      "\"repetition\":false,\"script\":false,"
		      "\"must\":[],\"must_not\":[]}},"
		      "{\"logprob\":{\"span\":\"all\"}}]");
	check_written("[{logprob: {span: all}}], threshold: 1",
		      "[{\"logprob\":{\"span\":\"all\"}}]");
	check_written("[odd: {most: 1, names: []}], threshold: 1",
		      "[{\"odd\":{\"most\":1,\"flag\":true,\"word\":\"b\","
		      "\"names\":[],\"share\":0,\"band\":null,"
		      "\"backend\":null,\"deep\":{\"wait\":5000}}}]");
	check_written("[odd: {most: -20, word: c, names: ['a\"', b], share: "
		      "0.10, band: [0.35, 9e-1], backend: l, every: 3s, "
		      "secret: env:FRUGALD_SECRET, deep: {wait: 7ms}, "
		      "headers: {X-A: b}, place: 'http://h'}], "
		      "threshold: 1", odd_written);
	check_written("[odd: {deep: {wait: 7ms}, backend: l, band: [0.35, "
		      "0.9], share: 0.1, names: ['a\"', b], word: c, most: "
		      "-20}], threshold: 1", odd_written);
}

static void test_many(void **state)
{
	struct buf text;
	struct conf *c;

	(void)state;
	buf_init(&text, 0);
	buf_adds(&text, "backends:\n");
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "  b%d: {base_url: 'http://h', model: m%d}\n",
			 i, i);
	buf_adds(&text, "cascades:\n");
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "  c%d: {tiers: [b%d, b0], match: ['p%d*']}\n",
			 i, 999 - i, i);
	c = read_text(text_of(&text));
	assert_null(c);
	assert_string_equal(text_of(&faults), "f:2002: cascades.c999.tiers: b0 "
					      "is in it twice; keep one\n");
	buf_release(&text);
}

/* Hostile, but not slow. */
static void test_no_file_takes_long(void **state)
{
	static const char *const pieces[][2] = {
		{"match: [", "x,"},
		{BACKENDS "cascades: {c: {tiers: [s], match: [", "x,"},
		{BACKENDS "cascades: {c: {tiers: [s], match: [", "[],"},
		{"listen: [", "127.0.0.1:1, "},
		{BACKENDS "cascades: {c: {threshold: 1, verify: [", "rules, "},
		{"", "x:\n"},
		{"limits:\n", " x: 1\n"},
		{"backends:\n", " a: {}\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buf text;

		give_up_after(20);
		buf_init(&text, 0);
		buf_adds(&text, pieces[i][0]);
		while (text.n < DOC_MAX_BYTES - 40)
			buf_adds(&text, pieces[i][1]);
		if (strchr(pieces[i][0], '['))
			buf_adds(&text,
				 strchr(pieces[i][0], '{') ? "]}}" : "]");
		assert_null(read_text(text_of(&text)));
		assert_true(faults.n > 0);
		buf_release(&text);
	}
	give_up_after(0);
}

/* ---- warnings ------------------------------------------------------------ */

static void test_warnings(void **state)
{
	static const char *const t[][2] = {
		{"backends: {s: {base_url: 'http://h/v1', model: m, api_key: "
		 "env:FRUGALD_KEY}}\ncascades: {c: {tiers: s}}\n",
		 "f:1: backends.s: its api_key crosses the network in the "
		 "clear; use https\n"},
		{"backends: {s: {base_url: 'https://h/v1', model: m, api_key: "
		 "env:FRUGALD_KEY}}\ncascades: {c: {tiers: s}}\n",
		 ""},
		{"backends: {s: {base_url: 'http://localhost/v1', model: m, "
		 "api_key: env:FRUGALD_KEY}}\ncascades: {c: {tiers: s}}\n",
		 ""},
		{"backends: {s: {base_url: 'http://[::1]:1/v1', model: m, "
		 "api_key: env:FRUGALD_KEY}}\ncascades: {c: {tiers: s}}\n",
		 ""},
		{"backends: {s: {base_url: 'http://127.0.0.1.h/v1', model: m, "
		 "api_key: env:FRUGALD_KEY}}\ncascades: {c: {tiers: s}}\n",
		 "f:1: backends.s: its api_key crosses the network in the "
		 "clear; use https\n"},
		{BACKENDS "cascades: {c: {tiers: s, verify: logprob, "
			  "threshold: 0.5}}\n",
		 "f:2: cascades.c: its only tier is the last one and never "
		 "verified; name a cheaper one before it\n"},
		{CASCADE("threshold: 0, verify: [odd: {most: 15}]"),
		 "f:1: cascades.c.verify.odd: 15 is much; think of 5\n"},
		{BACKENDS, "f: cascades: there is none; every request goes "
			   "straight to the backend it names\n"},
	};

	(void)state;
	setenv("FRUGALD_KEY", "sk-x", 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		conf_free(read_good(t[i][0]));
		assert_string_equal(text_of(&warnings), t[i][1]);
	}
}

/* ---- files --------------------------------------------------------------- */

static char dir[] = "/tmp/frugald-test-XXXXXX";

static char *put_file(const char *name, const char *text, size_t n, mode_t mode)
{
	char *path = mem_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void drop_file(char *path)
{
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void test_secrets(void **state)
{
	static const struct {
		const char *text;
		const char *secret;
	} t[] = {
		{"sk-file", "sk-file"},
		{"sk-file\n", "sk-file"},
		{"sk-file\r\n", "sk-file"},
		{"", NULL},
		{"\n", NULL},
		{"a\n\n", NULL},
		{"a b", NULL},
		{"a\tb", NULL},
		{"\x01", NULL},
		{"\x7f", NULL},
		{"\xc3\xa9", NULL},
	};
	struct conf *c;

	(void)state;
	setenv("FRUGALD_KEY", "sk-env", 1);
	c = read_good(BACKEND("api_key: env:FRUGALD_KEY"));
	assert_string_equal(c->backends[0].api_key, "sk-env");
	conf_free(c);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path =
			put_file("key", t[i].text, strlen(t[i].text), 0400);
		char *text = mem_printf(BACKEND("api_key: 'file:%s'"), path);

		c = read_text(text);
		if (t[i].secret) {
			assert_non_null(c);
			assert_string_equal(c->backends[0].api_key,
					    t[i].secret);
		} else {
			assert_null(c);
			assert_non_null(strstr(text_of(&faults), path));
		}
		conf_free(c);
		free(text);
		drop_file(path);
	}
}

static void test_length_of_secrets(void **state)
{
	static char secret[4098];

	(void)state;
	memset(secret, 'x', sizeof(secret));
	for (size_t n = 4095; n <= 4098; n++) {
		char *path = put_file("key", secret, n, 0400);
		char *text = mem_printf(BACKEND("api_key: 'file:%s'"), path);
		struct conf *c = read_text(text);

		if (n <= 4096)
			assert_int_equal(strlen(c->backends[0].api_key), n);
		else
			assert_null(c);
		conf_free(c);
		free(text);
		drop_file(path);
	}
}

static void test_literal_secret_by_mode(void **state)
{
	static const struct {
		mode_t mode;
		bool taken;
	} t[] = {
		{0600, true},  {0400, true},  {0640, false},
		{0604, false}, {0644, false}, {0660, false},
	};
	static const char text[] = BACKEND("api_key: sk-lit");

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *path = put_file("c.yaml", text, strlen(text), t[i].mode);
		struct conf *c = read_path(path);

		if (t[i].taken) {
			assert_non_null(c);
			assert_string_equal(c->backends[0].api_key, "sk-lit");
			assert_string_equal(c->path, path);
		} else {
			assert_null(c);
			assert_null(strstr(text_of(&faults), "sk-lit"));
		}
		conf_free(c);
		drop_file(path);
	}
}

static void test_literal_headers_by_mode(void **state)
{
	static const char text[] =
		HEADERS("{Authorization: Bearer sk-lit, X-A: b}");
	char *path = put_file("c.yaml", text, strlen(text), 0600);
	struct conf *c = read_path(path);

	(void)state;
	assert_non_null(c);
	check_header(c, 0, "Authorization", "Bearer sk-lit", true);
	conf_free(c);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(read_path(path));
	assert_null(strstr(text_of(&faults), "sk-lit"));
	c = conf_read_offline(path, known, &faults, &warnings);
	assert_non_null(c);
	check_header(c, 0, "Authorization", "unread", true);
	check_header(c, 1, "X-A", "b", false);
	conf_free(c);
	drop_file(path);
}

/* A literal key that others may read, a variable and a file that are not
 * there: none of a program's concern that calls nobody. */
static void test_offline_leaves_secrets(void **state)
{
	static const char *const keys[] = {
		"api_key: sk-lit", "api_key: env:FRUGALD_UNSET",
		"api_key: file:/nowhere/key", "api_key: cred:key",
	};

	(void)state;
	unsetenv("FRUGALD_UNSET");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *text = mem_printf("backends: {b: {base_url: "
					"'http://127.0.0.1', model: m, %s}}\n",
					keys[i]);
		char *path = put_file("c.yaml", text, strlen(text), 0644);
		struct conf *c;

		buf_clear(&faults);
		buf_clear(&warnings);
		c = conf_read_offline(path, known, &faults, &warnings);
		assert_non_null(c);
		assert_null(c->backends[0].api_key);
		conf_free(c);
		drop_file(path);
		free(text);
	}
}

static void test_unreadable_files(void **state)
{
	char *path, *line;
	struct buf big;

	(void)state;
	assert_null(read_path("/nonexistent/f.yaml"));
	assert_string_equal(text_of(&faults),
			    "/nonexistent/f.yaml: cannot be read: No such file "
			    "or directory\n");
	assert_null(read_path("/"));
	assert_string_equal(text_of(&faults),
			    "/: cannot be read: it is a directory\n");
	assert_null(read_path("/dev/null"));
	assert_string_equal(text_of(&faults),
			    "/dev/null: cannot be read: it is no regular "
			    "file\n");
	path = mem_printf("%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(read_path(path)); /* and does not wait */
	drop_file(path);
	path = put_file("empty", "", 0, 0644);
	assert_null(read_path(path));
	line = mem_printf("%s:1: the file says nothing; it needs at least "
			  "`backends`\n",
			  path);
	assert_string_equal(text_of(&faults), line);
	free(line);
	drop_file(path);
	buf_init(&big, 0);
	while (big.n <= DOC_MAX_BYTES)
		buf_adds(&big, "# a comment\n");
	path = put_file("big", big.p, big.n, 0644);
	assert_null(read_path(path));
	line = mem_printf("%s:1: longer than 256 KiB\n", path);
	assert_string_equal(text_of(&faults), line);
	free(line);
	drop_file(path);
	buf_release(&big);
}

static int set_up(void **state)
{
	(void)state;
	buf_init(&faults, 0);
	buf_init(&warnings, 0);
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&faults);
	buf_release(&warnings);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_fault_tells_a_secret),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_noughts),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_prices),
		cmocka_unit_test(test_cached_price_of_nought),
		cmocka_unit_test(test_cascade_limits),
		cmocka_unit_test(test_no_money_for_verifiers),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_files_beside),
		cmocka_unit_test(test_shadow),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_bare_values_of_sections),
		cmocka_unit_test(test_json_is_yaml),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_client_keys),
		cmocka_unit_test(test_open_addresses),
		cmocka_unit_test(test_verifiers),
		cmocka_unit_test(test_ranges_and_backends),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_exact_urls),
		cmocka_unit_test(test_written_verifiers),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_file_takes_long),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_length_of_secrets),
		cmocka_unit_test(test_literal_secret_by_mode),
		cmocka_unit_test(test_literal_headers_by_mode),
		cmocka_unit_test(test_offline_leaves_secrets),
		cmocka_unit_test(test_unreadable_files),
	};

	return cmocka_run_group_tests_name("conf_read", tests, set_up,
					   tear_down);
}
