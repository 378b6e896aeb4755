/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files line by line.
 */
#include "ctl/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

struct reading {
	const char *path;
	struct digest_sum *sum;
	lines_fn *take;
	void *arg;
	size_t number; /* of the line */
	bool torn;
};

static bool is_blank(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
			return false;
	return true;
}

static bool is_whole(struct span s)
{
	struct jscan scan;

	jscan_init(&scan, s, JSCAN_DEPTH);
	return jscan_value(&scan, NULL) == 0 && jscan_end(&scan) == 0;
}

static int read_line(struct reading *r, struct span line, struct err *err)
{
	bool ends = line.p[line.n - 1] == '\n';
	struct err why = {0};

	r->number++;
	if (r->sum)
		digest_sum_add(r->sum, line);
	if (ends)
		line.n--;
	if (is_blank(line) || r->take(r->arg, line, &why) == 0)
		return 0;
	r->torn = !ends && !is_whole(line);
	if (r->torn)
		return 0;
	return err_set(err, why.kind, "%s:%zu: %s", r->path, r->number,
		       why.text);
}

static int read_all(struct reading *r, FILE *f, struct err *err)
{
	size_t room = 0;
	char *line = NULL;
	ssize_t n = 0;
	int rc = 0;

	while (rc == 0 && (n = getline(&line, &room, f)) > 0)
		rc = read_line(r, (struct span){line, (size_t)n}, err);
	if (rc == 0 && !feof(f))
		rc = err_set(err, ERR_SYS, "%s: cannot be read: %s", r->path,
			     strerror(errno));
	free(line);
	return rc;
}

int lines_read(const char *path, struct digest_sum *sum, lines_fn *take,
	       void *arg, bool *torn, struct err *err)
{
	struct reading r = {path, sum, take, arg, 0, false};
	FILE *f = stdin;
	int rc;

	if (strcmp(path, "-") == 0)
		r.path = "standard input";
	else
		f = fopen(path, "re");
	if (!f)
		return err_set(err, ERR_SYS, "%s: cannot be read: %s", path,
			       strerror(errno));
	rc = read_all(&r, f, err);
	if (f != stdin)
		fclose(f);
	*torn = r.torn;
	return rc;
}
