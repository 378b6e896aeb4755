/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches secrets from the environment and from files.
 */
#include "conf/conf_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

/* What a secret is made of, and who wants to know. */
struct wanted {
	unsigned how; /* enum conf_secret_how */
	struct arena *arena;
};

static bool is_fit(struct span s, bool words)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || (s.p[i] == ' ' && !words))
			return false;
	return s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

/* With the newline that editors and `echo` leave behind cut off. origin is
 * for the message. */
static const char *checked(struct span s, const char *origin,
			   const struct wanted *w, struct err *why)
{
	bool words = w->how & CONF_SECRET_WORDS;

	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	if (s.n == 0) {
		err_set(why, ERR_CONF, "%s is empty", origin);
		return NULL;
	}
	if (s.n > CONF_SECRET_MAX) {
		err_set(why, ERR_CONF, "%s is longer than %d bytes", origin,
			CONF_SECRET_MAX);
		return NULL;
	}
	if (!is_fit(s, words)) {
		err_set(why, ERR_CONF,
			"%s holds a space%s, a control character or one that "
			"is not ASCII; it must be the bare %s",
			origin, words ? " at an end" : "",
			words ? "value" : "key");
		return NULL;
	}
	return arena_dup(w->arena, s);
}

/* Anything else may be the secret itself, put where its name belongs. */
static bool is_env_name(const char *s)
{
	return *s && !strchr("0123456789", *s) &&
	       s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static const char *from_env(const char *name, const struct wanted *w,
			    struct err *why)
{
	const char *value = getenv(name);
	struct err inner = {0};
	const char *secret;

	if (!is_env_name(name)) {
		err_set(why, ERR_CONF,
			"env: wants the name of an environment variable, of "
			"letters, digits and _");
		return NULL;
	}
	if (!value) {
		err_set(why, ERR_CONF,
			"the environment variable %.80s is not set; set it "
			"where frugald is started",
			name);
		return NULL;
	}
	secret = checked(span_of(value), "its value", w, &inner);
	if (!secret)
		err_set(why, ERR_CONF, "the environment variable %.80s: %s",
			name, inner.text);
	return secret;
}

/* Bytes read, at most room; -1 and errno. */
static ssize_t read_small(const char *path, char *out, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;
	size_t got = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else
		do {
			n = read(fd, out + got, room - got);
			if (n > 0)
				got += (size_t)n;
		} while (n > 0 && got < room);
	close(fd);
	return n < 0 ? -1 : (ssize_t)got;
}

static const char *from_file(const char *path, const struct wanted *w,
			     struct err *why)
{
	char bytes[CONF_SECRET_MAX + 3]; /* CR, LF, and one too many */
	struct err inner = {0};
	const char *secret;
	ssize_t n;

	if (path[0] != '/') {
		err_set(why, ERR_CONF,
			"file: wants an absolute path, like "
			"file:/etc/frugald/openai.key");
		return NULL;
	}
	n = read_small(path, bytes, sizeof(bytes));
	if (n < 0) {
		err_set(why, ERR_CONF, "cannot read the file %.120s: %s", path,
			strerror(errno));
		return NULL;
	}
	secret = checked((struct span){bytes, (size_t)n}, "its content", w,
			 &inner);
	digest_cleanse(bytes, sizeof(bytes));
	if (!secret)
		err_set(why, ERR_CONF, "the file %.120s: %s", path, inner.text);
	return secret;
}

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool conf_secret_is_reference(const char *text)
{
	return after(text, "env:") || after(text, "file:") ||
	       after(text, "cred:");
}

const char *conf_secret_get(const char *reference, unsigned how,
			    struct arena *a, struct err *why)
{
	const struct wanted w = {how, a};
	const char *name = after(reference, "env:");
	const char *path = after(reference, "file:");

	if (name)
		return from_env(name, &w, why);
	if (path)
		return from_file(path, &w, why);
	if (after(reference, "cred:"))
		err_set(why, ERR_CONF,
			"systemd credentials (cred:) are not in this version; "
			"write file:/PATH or env:NAME");
	else if (how & CONF_SECRET_LITERAL)
		return checked(span_of(reference), "the key", &w, why);
	else
		err_set(why, ERR_CONF,
			"is the key itself, and others may read this file; "
			"write env:NAME or file:/PATH, or give the file mode "
			"0600");
	return NULL;
}
