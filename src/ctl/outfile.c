/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes beside the file and renames.
 */
#include "ctl/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static int cannot(const struct outfile *o, struct err *err)
{
	return err_set(err, ERR_SYS, "%s: cannot be written: %s", o->path,
		       strerror(errno));
}

int outfile_open(struct outfile *o, const char *path, struct err *err)
{
	int fd;

	*o = (struct outfile){.f = stdout, .path = path ? path : "stdout"};
	if (!path)
		return 0;
	o->beside = mem_printf("%s.XXXXXX", path);
	fd = mkostemp(o->beside, O_CLOEXEC);
	o->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (o->f)
		return 0;
	cannot(o, err);
	free(o->beside);
	return -1;
}

int outfile_close(struct outfile *o, bool keep, struct err *err)
{
	int rc = 0;

	if (fflush(o->f) != 0 || ferror(o->f) ||
	    (o->beside && keep && fsync(fileno(o->f)) != 0))
		rc = cannot(o, err);
	if (!o->beside)
		return rc;
	if (fclose(o->f) != 0 && rc == 0)
		rc = cannot(o, err);
	if (keep && rc == 0 && rename(o->beside, o->path) != 0)
		rc = cannot(o, err);
	if (!keep || rc < 0)
		unlink(o->beside);
	free(o->beside);
	return rc;
}
