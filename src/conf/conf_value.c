/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads each type of value from its text.
 */
#include "conf/conf_value.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf_near.h"
#include "conf/conf_secret.h"
#include "conf/conf_url.h"

#define MICRO	    1000000
#define STRING_MOST 4096

struct unit {
	const char *name;
	int64_t size;
};

static const struct unit times[] = {
	{"ms", 1000},
	{"s", MICRO},
	{"m", INT64_C(60) * MICRO},
	{"h", INT64_C(3600) * MICRO},
	{"d", INT64_C(86400) * MICRO},
	{NULL, 0},
};
static const struct unit sizes[] = {
	{"", 1},	  {"KiB", 1 << 10}, {"MiB", 1 << 20},
	{"GiB", 1 << 30}, {NULL, 0},
};
static const struct unit dollars[] = {{"", INT64_C(1000000) * MICRO},
				      {NULL, 0}};
static const struct unit prices[] = {{"", MICRO}, {NULL, 0}};

typedef int value_fn(const struct conf_key *k, const char *text,
		     const struct conf_source *from, void *field,
		     struct err *why);

int conf_value_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (int i = 0;; i++) {
		size_t len = strcspn(words, ",");

		if (len == n && memcmp(words, word, n) == 0)
			return i;
		if (words[len] == '\0')
			return -1;
		words += len + 1;
	}
}

struct span conf_value_word_at(const char *words, int place)
{
	for (; place > 0; place--)
		words = strchr(words, ',') + 1;
	return (struct span){words, strcspn(words, ",")};
}

/* ---- numbers ------------------------------------------------------------- */

/* A bound as one would write it: in the largest unit that divides it. */
static void write_bound(char *out, size_t room, double bound,
			const struct unit *units)
{
	const struct unit *fit = NULL;

	for (const struct unit *u = units; u && u->name; u++)
		if (bound >= (double)u->size &&
		    fmod(bound, (double)u->size) == 0)
			fit = u;
	if (fit)
		snprintf(out, room, "%.15g%s", bound / (double)fit->size,
			 fit->name);
	else
		snprintf(out, room, "%.15g",
			 bound / (units ? (double)units->size : 1));
}

static int check_range(const struct conf_key *k, const char *text, double value,
		       const struct unit *units, struct err *why)
{
	char low[32], high[32];

	if ((k->min == 0 && k->max == 0) ||
	    (value >= k->min && value <= k->max))
		return 0;
	write_bound(low, sizeof(low), k->min, units);
	write_bound(high, sizeof(high), k->max, units);
	return err_set(why, ERR_CONF, "%.40s is out of range; from %s to %s",
		       text, low, high);
}

/* a * b + c of what is not negative, INT64_MAX when that is too large. */
static int64_t times_plus(int64_t a, int64_t b, int64_t c)
{
	int64_t v;

	if (__builtin_mul_overflow(a, b, &v) ||
	    __builtin_add_overflow(v, c, &v))
		return INT64_MAX;
	return v;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "12.5x" to 12500000 millionths and "x". False when it is no number or finer
 * than that. Text and not a double, so that prices are exact. */
static bool read_decimal(const char *c, int64_t *millionths, const char **rest)
{
	int64_t place = MICRO;

	*millionths = 0;
	if (!is_digit(*c))
		return false;
	for (; is_digit(*c); c++)
		*millionths = times_plus(*millionths, 10, (*c - '0') * MICRO);
	if (*c == '.' && !is_digit(*++c))
		return false;
	for (; is_digit(*c); c++) {
		place /= 10;
		if (place == 0 && *c != '0')
			return false;
		*millionths = times_plus(*millionths, 1, (*c - '0') * place);
	}
	*rest = c;
	return true;
}

/* False when it is not a whole number of what a unit of 1 is. */
static bool scale(int64_t millionths, int64_t unit, int64_t *out)
{
	if (unit % MICRO == 0) {
		*out = times_plus(millionths, unit / MICRO, 0);
		return true;
	}
	*out = times_plus(millionths, unit, 0);
	if (*out == INT64_MAX)
		return true;
	if (*out % MICRO != 0)
		return false;
	*out /= MICRO;
	return true;
}

static bool read_scaled(const char *text, const struct unit *units,
			int64_t *out)
{
	int64_t millionths;
	const char *rest;

	if (!read_decimal(text, &millionths, &rest))
		return false;
	if (millionths == 0 && *rest == '\0') {
		*out = 0;
		return true;
	}
	for (const struct unit *u = units; u->name; u++)
		if (strcmp(rest, u->name) == 0)
			return scale(millionths, u->size, out);
	return false;
}

static int set_scaled(const struct conf_key *k, const char *text,
		      const struct unit *units, const char *wanted,
		      int64_t *field, struct err *why)
{
	int64_t v;

	if (!read_scaled(text, units, &v))
		return err_set(why, ERR_CONF, "%.40s is not %s", text, wanted);
	if (v == INT64_MAX)
		return err_set(why, ERR_CONF, "%.40s is too large", text);
	if (check_range(k, text, (double)v, units, why) < 0)
		return -1;
	*field = v;
	return 0;
}

static int set_time(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	(void)from;
	return set_scaled(k, text, times,
			  "a time; write a number with ms, s, m, h or d, "
			  "like 30s",
			  field, why);
}

static int set_size(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	int64_t v;

	(void)from;
	if (set_scaled(k, text, sizes,
		       "a size; write a number of bytes, or one with KiB, MiB "
		       "or GiB, like 8MiB",
		       &v, why) < 0)
		return -1;
	*(size_t *)field = (size_t)v;
	return 0;
}

static const char wanted_money[] =
	"an amount of US dollars; write a number with at most six decimals, "
	"like 0.15";

static int set_usd(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field, struct err *why)
{
	(void)from;
	return set_scaled(k, text, dollars, wanted_money, field, why);
}

static int set_price(const struct conf_key *k, const char *text,
		     const struct conf_source *from, void *field,
		     struct err *why)
{
	(void)from;
	return set_scaled(k, text, prices, wanted_money, field, why);
}

static int set_int(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field, struct err *why)
{
	size_t sign = text[0] == '-',
	       digits = strspn(text + sign, "0123456789");
	int64_t v;

	(void)from;
	if (digits == 0 || text[sign + digits] != '\0')
		return err_set(why, ERR_CONF,
			       "%.40s is not a whole number; write one%s%s",
			       text, k->zero ? ", or " : "",
			       k->zero ? k->zero : ", like 64");
	errno = 0;
	v = strtoll(text, NULL, 10);
	if (errno == ERANGE)
		return err_set(why, ERR_CONF, "%.40s is too large", text);
	if (check_range(k, text, (double)v, NULL, why) < 0)
		return -1;
	*(int64_t *)field = v;
	return 0;
}

static int set_number(const struct conf_key *k, const char *text,
		      const struct conf_source *from, void *field,
		      struct err *why)
{
	bool plain = text[strspn(text, "0123456789+-.eE")] == '\0';
	char *end;
	double v = strtod(text, &end);

	(void)from;
	if (!plain || end == text || *end != '\0' || !isfinite(v))
		return err_set(why, ERR_CONF,
			       "%.40s is not a number; write one like 0.8",
			       text);
	if (check_range(k, text, v, NULL, why) < 0)
		return -1;
	*(double *)field = v;
	return 0;
}

/* ---- words --------------------------------------------------------------- */

static int set_bool(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	int v = conf_value_word("false,true", text);

	(void)k;
	(void)from;
	if (v < 0)
		return err_set(why, ERR_CONF,
			       "%.40s is neither of true and false", text);
	*(bool *)field = v == 1;
	return 0;
}

static int set_enum(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	int v = conf_value_word(k->words, text);

	(void)from;
	if (v < 0)
		return err_set(why, ERR_CONF, "%.40s is not one of %s", text,
			       k->words);
	*(int *)field = v;
	return 0;
}

static int set_string(const struct conf_key *k, const char *text,
		      const struct conf_source *from, void *field,
		      struct err *why)
{
	(void)k;
	if (*text == '\0')
		return err_set(why, ERR_CONF, "is empty; write something");
	if (strlen(text) > STRING_MOST)
		return err_set(why, ERR_CONF, "is longer than %d bytes",
			       STRING_MOST);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(why, ERR_CONF,
				       "holds a control character; remove it");
	*(const char **)field = arena_dup(from->arena, span_of(text));
	return 0;
}

static int set_file(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	const char *conf = from->conf->path, *slash = strrchr(conf, '/');
	int folder = slash ? (int)(slash + 1 - conf) : 0;

	if (set_string(k, text, from, field, why) < 0)
		return -1;
	if (*text != '/')
		*(const char **)field =
			arena_printf(from->arena, "%.*s%s", folder, conf, text);
	return 0;
}

static int set_address(const struct conf_key *k, const char *text,
		       const struct conf_source *from, void *field,
		       struct err *why)
{
	if (!conf_address_is_valid(text))
		return err_set(why, ERR_CONF,
			       "%.120s is not an address; write "
			       "127.0.0.1:8080, [::1]:8080 or unix:/PATH",
			       text);
	return set_string(k, text, from, field, why);
}

static int set_url(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field, struct err *why)
{
	struct span url =
		span_of(conf_url_normal(text, k->words, from->arena, why));

	if (!url.p)
		return -1;
	while (!k->exact && url.p[url.n - 1] == '/')
		url.n--;
	*(const char **)field = arena_dup(from->arena, url);
	return 0;
}

static int set_secret(const struct conf_key *k, const char *text,
		      const struct conf_source *from, void *field,
		      struct err *why)
{
	const char *secret;

	(void)k;
	if (from->no_secrets)
		return 0;
	secret = conf_secret_get(text,
				 from->is_private ? CONF_SECRET_LITERAL : 0,
				 from->arena, why);
	if (!secret)
		return -1;
	*(const char **)field = secret;
	return 0;
}

static int set_hash(const struct conf_key *k, const char *text,
		    const struct conf_source *from, void *field,
		    struct err *why)
{
	struct digest v;

	(void)k;
	(void)from;
	if (strncmp(text, "sha256:", 7) != 0 ||
	    digest_parse(span_of(text + 7), &v) < 0)
		return err_set(why, ERR_CONF,
			       "is not sha256: and 64 hex digits; "
			       "`frugalctl key` makes a key and its hash");
	*(struct digest *)field = v;
	return 0;
}

/* ---- names --------------------------------------------------------------- */

const struct conf_backend *conf_value_backend(const struct conf *c,
					      const char *name, struct err *why)
{
	struct conf_near near = {.word = name};
	char hint[160];

	for (size_t i = 0; i < c->n_backends; i++) {
		if (strcmp(c->backends[i].name, name) == 0)
			return &c->backends[i];
		conf_near_offer(&near, c->backends[i].name);
	}
	err_set(why, ERR_CONF, "there is no backend %.128s%s", name,
		conf_near_hint(&near, hint, sizeof(hint)));
	return NULL;
}

static int set_backend(const struct conf_key *k, const char *text,
		       const struct conf_source *from, void *field,
		       struct err *why)
{
	const struct conf_backend *b =
		conf_value_backend(from->conf, text, why);

	(void)k;
	if (!b)
		return -1;
	*(const struct conf_backend **)field = b;
	return 0;
}

/* ---- by type ------------------------------------------------------------- */

static const struct {
	value_fn *set;
	size_t size; /* of the field; 0: `zero` is for no single item */
} types[] = {
	[CONF_STRING] = {set_string, sizeof(const char *)},
	[CONF_BOOL] = {set_bool, sizeof(bool)},
	[CONF_INT] = {set_int, sizeof(int64_t)},
	[CONF_NUMBER] = {set_number, sizeof(double)},
	[CONF_TIME] = {set_time, sizeof(int64_t)},
	[CONF_SIZE] = {set_size, sizeof(size_t)},
	[CONF_ENUM] = {set_enum, sizeof(int)},
	[CONF_STRINGS] = {set_string, 0},
	[CONF_ADDRESSES] = {set_address, 0},
	[CONF_FILE] = {set_file, sizeof(const char *)},
	[CONF_URL] = {set_url, sizeof(const char *)},
	[CONF_SECRET] = {set_secret, sizeof(const char *)},
	[CONF_HASH] = {set_hash, sizeof(struct digest)},
	[CONF_USD] = {set_usd, sizeof(int64_t)},
	[CONF_PRICE] = {set_price, sizeof(int64_t)},
	[CONF_RANGE] = {set_number, 0},
	[CONF_BACKEND] = {set_backend, sizeof(const struct conf_backend *)},
};

int conf_value_set(const struct conf_key *k, const char *text,
		   const struct conf_source *from, void *field, struct err *why)
{
	size_t size;

	assert(k->type < sizeof(types) / sizeof(types[0]));
	size = types[k->type].size;
	if (k->zero && size > 0 && strcmp(text, k->zero) == 0) {
		memset(field, 0, size);
		return 0;
	}
	return types[k->type].set(k, text, from, field, why);
}
