/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks to the file without following links, and loads the very file that was
 * looked at.
 */
#include "verify/plugin_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define ENTRY "frugald_verifier"

struct plugin_file {
	void *handle;
	const struct frugald_verifier *table;
};

/* ---- who may have written it --------------------------------------------- */

/* Some way down the path. */
struct walk {
	const char *path;
	int n; /* bytes of it so far */
	int fd;
	struct stat st;
};

static int refuse(const struct walk *w, struct err *err, const char *why)
{
	return err_set(err, ERR_CONF, "`path`: %.*s %s",
		       w->n > 100 ? 100 : w->n, w->path, why);
}

static int check_owner(const struct walk *w, struct err *err)
{
	char why[120];

	if (w->st.st_uid == 0 || w->st.st_uid == geteuid())
		return 0;
	snprintf(why, sizeof(why),
		 "belongs to user %u; chown it to root or to user %u, who runs "
		 "this",
		 w->st.st_uid, geteuid());
	return refuse(w, err, why);
}

static int check_mode(const struct walk *w, struct err *err)
{
	if (!(w->st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return refuse(w, err, "can be written by others; chmod go-w it");
}

/* In a sticky folder nobody can move or replace what belongs to others. */
static int check_folder(const struct walk *w, struct err *err)
{
	if (!S_ISDIR(w->st.st_mode))
		return refuse(w, err, "is no folder");
	if (check_owner(w, err) < 0)
		return -1;
	return w->st.st_mode & S_ISVTX ? 0 : check_mode(w, err);
}

static int check_file(const struct walk *w, const struct walk *folder,
		      struct err *err)
{
	if (!S_ISREG(w->st.st_mode))
		return refuse(w, err, "is no regular file");
	if (check_owner(w, err) < 0 || check_mode(w, err) < 0)
		return -1;
	return check_mode(folder, err);
}

/* From folder w one part down; its descriptor is in w, whatever happens. */
static int step(struct walk *w, int n, struct err *err)
{
	char name[NAME_MAX + 1];
	int fd;

	snprintf(name, sizeof(name), "%.*s", n, w->path + w->n);
	w->n += n;
	fd = n > NAME_MAX
		     ? -1
		     : openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse(w, err,
			      n > NAME_MAX ? "has too long a name"
					   : strerror(errno));
	close(w->fd);
	w->fd = fd;
	if (fstat(fd, &w->st) < 0)
		return refuse(w, err, strerror(errno));
	if (S_ISLNK(w->st.st_mode))
		return refuse(w, err,
			      "is a symbolic link; write where it leads to");
	return 0;
}

/* The last part is the file. */
static int walk_down(struct walk *w, struct err *err)
{
	struct walk folder;

	do {
		if (check_folder(w, err) < 0)
			return -1;
		folder = *w;
		w->n += (int)strspn(w->path + w->n, "/");
		if (step(w, (int)strcspn(w->path + w->n, "/"), err) < 0)
			return -1;
	} while (w->path[w->n]);
	return check_file(w, &folder, err);
}

int plugin_file_check_path(const char *path, struct err *err)
{
	if (path[0] != '/')
		return err_set(err, ERR_CONF,
			       "`path` must be absolute, like "
			       "/usr/local/lib/frugald/mine.so");
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
			return err_set(err, ERR_CONF,
				       "`path` must not go up by `..`; write "
				       "where it leads to");
	}
	if (path[strlen(path) - 1] == '/' || strlen(path) >= PATH_MAX)
		return err_set(err, ERR_CONF, "`path` is not that of a file");
	return 0;
}

/* A descriptor that can only be named; -1 and *err. */
static int open_checked(const char *path, struct err *err)
{
	struct walk w = {.path = path};
	int rc;

	if (plugin_file_check_path(path, err) < 0)
		return -1;
	w.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w.fd < 0)
		return refuse(&w, err, strerror(errno));
	rc = fstat(w.fd, &w.st);
	if (rc < 0)
		refuse(&w, err, strerror(errno));
	else
		rc = walk_down(&w, err);
	if (rc == 0)
		return w.fd;
	close(w.fd);
	return -1;
}

/* ---- loading ------------------------------------------------------------- */

/* The loader takes a name that it knows for a file that it has: so each has a
 * spelling of its own, though descriptors have their numbers again, and a file
 * that was replaced is loaded. One bit of a counter for each "/" or "/.". */
static void name_of(int fd, char *out, size_t room)
{
	static atomic_uint n_names;
	unsigned n = atomic_fetch_add(&n_names, 1);
	size_t at = (size_t)snprintf(out, room, "/proc/self/fd");

	for (int bit = 0; bit < 32; bit++)
		at += (size_t)snprintf(out + at, room - at, "%s",
				       n >> bit & 1 ? "/." : "/");
	snprintf(out + at, room - at, "/%d", fd);
}

/* What the loader says, without that name. */
static const char *loader_says(const char *name)
{
	const char *says = dlerror();
	size_t n = strlen(name);

	if (!says)
		return "unknown";
	return strncmp(says, name, n) == 0 && says[n] == ':' ? says + n + 2
							     : says;
}

static void *load(const char *path, struct err *err)
{
	int fd = open_checked(path, err);
	char name[128];
	void *handle;

	if (fd < 0)
		return NULL;
	name_of(fd, name, sizeof(name));
	handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		err_set(err, ERR_CONF, "`path`: %.100s does not load: %s", path,
			loader_says(name));
	close(fd);
	return handle;
}

/* ---- its table ----------------------------------------------------------- */

static int check_table(const struct frugald_verifier *t, const char *path,
		       struct err *err)
{
	if (!t)
		return err_set(err, ERR_CONF,
			       "`path`: %.100s: " ENTRY "() gives no table",
			       path);
	if (t->abi != FRUGALD_VERIFIER_ABI)
		return err_set(err, ERR_CONF,
			       "`path`: %.100s is of ABI %u, and this is %u; "
			       "compile it anew",
			       path, t->abi, FRUGALD_VERIFIER_ABI);
	if (t->size < sizeof(*t))
		return err_set(err, ERR_CONF,
			       "`path`: %.100s: its table has %zu bytes of "
			       "%zu; set `size`",
			       path, t->size, sizeof(*t));
	if (!t->name || !*t->name || !t->judge)
		return err_set(err, ERR_CONF,
			       "`path`: %.100s: its table lacks %s", path,
			       t->judge ? "a name" : "judge()");
	return 0;
}

static const struct frugald_verifier *table_of(void *handle, const char *path,
					       struct err *err)
{
	const struct frugald_verifier *(*entry)(void);
	const struct frugald_verifier *t;
	void *symbol = dlsym(handle, ENTRY);

	if (!symbol) {
		err_set(err, ERR_CONF,
			"`path`: %.100s exports no " ENTRY "(); see "
			"frugald/verifier.h",
			path);
		return NULL;
	}
	memcpy(&entry, &symbol, sizeof(entry));
	t = entry();
	return check_table(t, path, err) < 0 ? NULL : t;
}

struct plugin_file *plugin_file_open(const char *path, struct err *err)
{
	const struct frugald_verifier *table;
	void *handle = load(path, err);
	struct plugin_file *f;

	if (!handle)
		return NULL;
	table = table_of(handle, path, err);
	if (!table) {
		dlclose(handle);
		return NULL;
	}
	f = mem_new(sizeof(*f));
	f->handle = handle;
	f->table = table;
	return f;
}

void plugin_file_close(struct plugin_file *f)
{
	if (!f)
		return;
	dlclose(f->handle);
	free(f);
}

const struct frugald_verifier *plugin_file_table(const struct plugin_file *f)
{
	return f->table;
}
