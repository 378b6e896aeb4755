/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a configuration: its rows, its entries, then what only the whole can
 * tell.
 */
#include "conf/conf_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "conf/conf_entries.h"
#include "conf/conf_keys.h"
#include "conf/conf_rows.h"
#include "conf/doc.h"

/* ---- the whole ----------------------------------------------------------- */

static void check_listen(const struct conf_reading *r)
{
	const struct conf_strings *listen = &r->conf->listen;
	const struct doc_node *node = doc_find(r->root, "listen");
	struct conf_place at = {NULL, "listen"};

	if (doc_find(r->root, "keys"))
		return;
	for (size_t i = 0; i < listen->n; i++)
		if (!conf_address_is_local(listen->v[i]))
			conf_faults_add(r->rows.faults,
					conf_entries_line(node, listen->v[i]),
					&at,
					"%s is open to others and nobody is "
					"asked for a key; name `keys`, or say "
					"`keys: none`",
					listen->v[i]);
}

static void check_admin(const struct conf_reading *r)
{
	const struct conf_strings *admin = &r->conf->admin;
	const struct doc_node *node = doc_find(r->root, "admin");
	struct conf_place at = {NULL, "admin"};

	if (r->conf->admin_public)
		return;
	for (size_t i = 0; i < admin->n; i++)
		if (!conf_address_is_local(admin->v[i]))
			conf_faults_add(r->rows.faults,
					conf_entries_line(node, admin->v[i]),
					&at,
					"%s is open to others; use loopback or "
					"unix:PATH, or say `admin_public: "
					"true`",
					admin->v[i]);
}

static void check_both(const struct conf_reading *r)
{
	const struct conf *c = r->conf;
	const struct doc_node *node = doc_find(r->root, "admin");
	struct conf_place at = {NULL, "admin"};

	for (size_t i = 0; i < c->admin.n; i++)
		for (size_t k = 0; k < c->listen.n; k++)
			if (strcmp(c->admin.v[i], c->listen.v[k]) == 0)
				conf_faults_add(
					r->rows.faults,
					conf_entries_line(node, c->admin.v[i]),
					&at,
					"%s is in `listen` too; give admin an "
					"address of its own",
					c->admin.v[i]);
}

static void check_whole(const struct conf_reading *r)
{
	struct conf_place cascades = {NULL, "cascades"};

	check_listen(r);
	check_admin(r);
	check_both(r);
	if (!doc_find(r->root, "cascades"))
		conf_faults_add(r->warnings, 0, &cascades,
				"there is none; every request goes straight "
				"to the backend it names");
}

/* ---- reading ------------------------------------------------------------- */

static void add_doc_fault(void *arg, int line, const char *text)
{
	conf_faults_add(arg, line, NULL, "%s", text);
}

/* Faults and warnings on their way to the caller's buffers. */
struct told {
	struct conf_faults *faults, *warnings;
};

/* How secrets are dealt with. */
enum secrets { SECRETS_BY_REFERENCE, SECRETS_LITERAL_TOO, SECRETS_UNREAD };

static struct conf *read_doc(const struct doc *d, const char *name,
			     conf_verifiers known, enum secrets secrets,
			     const struct told *told)
{
	struct arena *arena = arena_new();
	struct conf *c = arena_get(arena, sizeof(*c));
	struct conf_reading r = {
		.conf = c,
		.known = known,
		.rows = {{.arena = arena,
			  .is_private = secrets == SECRETS_LITERAL_TOO,
			  .no_secrets = secrets == SECRETS_UNREAD,
			  .conf = c},
			 told->faults},
		.warnings = told->warnings,
		.root = doc_root(d),
	};

	c->arena = arena;
	c->path = arena_dup(arena, span_of(name));
	conf_rows_read(&r.rows, r.root, 1, NULL, conf_keys_top(), c);
	conf_entries_read(&r);
	check_whole(&r);
	return c;
}

static struct conf *read_text(struct span text, const char *name,
			      conf_verifiers known, enum secrets secrets,
			      struct buf *faults, struct buf *warnings)
{
	struct told told = {conf_faults_new(), conf_faults_new()};
	struct doc *d = doc_parse(text, add_doc_fault, told.faults);
	struct conf *c = NULL;

	if (d)
		c = read_doc(d, name, known, secrets, &told);
	doc_free(d);
	if (conf_faults_count(told.faults) > 0) {
		conf_free(c);
		c = NULL;
	}
	conf_faults_write(told.faults, name, faults);
	conf_faults_write(told.warnings, name, warnings);
	conf_faults_free(told.faults);
	conf_faults_free(told.warnings);
	return c;
}

struct conf *conf_read_text(struct span text, const char *name,
			    conf_verifiers known, struct buf *faults,
			    struct buf *warnings)
{
	return read_text(text, name, known, SECRETS_BY_REFERENCE, faults,
			 warnings);
}

/* Bytes read, -1 and errno. Stops when there is no more room. */
static ssize_t read_all(int fd, char *out, size_t room)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = read(fd, out + got, room - got);
		if (n > 0)
			got += (size_t)n;
	} while ((n > 0 && got < room) || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : (ssize_t)got;
}

/* An open regular file, -1 and why. */
static int open_file(const char *path, struct stat *st, const char **why)
{
	/* Not to wait for a writer where somebody put a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) < 0)
		*why = strerror(errno);
	else if (S_ISDIR(st->st_mode))
		*why = "it is a directory";
	else if (!S_ISREG(st->st_mode))
		*why = "it is no regular file";
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct conf *read_path(const char *path, conf_verifiers known,
			      bool offline, struct buf *faults,
			      struct buf *warnings)
{
	size_t room = DOC_MAX_BYTES + 1; /* one too many shows that it is */
	struct conf *c = NULL;
	const char *why = "";
	enum secrets secrets = SECRETS_UNREAD;
	struct stat st;
	ssize_t n = -1;
	char *text;
	int fd = open_file(path, &st, &why);

	if (fd < 0) {
		buf_addf(faults, "%s: cannot be read: %s\n", path, why);
		return NULL;
	}
	if (!offline)
		secrets = st.st_mode & 0077 ? SECRETS_BY_REFERENCE
					    : SECRETS_LITERAL_TOO;
	text = mem_new(room);
	n = read_all(fd, text, room);
	if (n < 0)
		buf_addf(faults, "%s: cannot be read: %s\n", path,
			 strerror(errno));
	else
		c = read_text((struct span){text, (size_t)n}, path, known,
			      secrets, faults, warnings);
	digest_cleanse(text, room);
	free(text);
	close(fd);
	return c;
}

struct conf *conf_read(const char *path, conf_verifiers known,
		       struct buf *faults, struct buf *warnings)
{
	return read_path(path, known, false, faults, warnings);
}

struct conf *conf_read_offline(const char *path, conf_verifiers known,
			       struct buf *faults, struct buf *warnings)
{
	return read_path(path, known, true, faults, warnings);
}

/* ---- all keys ------------------------------------------------------------ */

static void each_row(const char *in, const struct conf_key *rows,
		     conf_key_fn *fn, void *arg)
{
	for (const struct conf_key *k = rows; k->name; k++) {
		char *path = mem_printf("%s%s%s", in, *in ? "." : "", k->name);
		char *below = mem_printf("%s.NAME", path);

		fn(arg, path, k);
		if (k->sub)
			each_row(k->type == CONF_ENTRIES ? below : path, k->sub,
				 fn, arg);
		free(below);
		free(path);
	}
}

void conf_each_key(conf_verifiers known, conf_key_fn *fn, void *arg)
{
	each_row("", conf_keys_top(), fn, arg);
	for (; *known; known++) {
		char *in =
			mem_printf("cascades.NAME.verify.%s", (*known)->name);

		each_row(in, (*known)->keys, fn, arg);
		free(in);
	}
}
