/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command writes to: stdout, or a file that is replaced at once when
 * all of it has been written, and only its owner can read.
 */
#ifndef CTL_OUTFILE_H
#define CTL_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct outfile {
	FILE *f;
	const char *path; /* "stdout" where none was named */
	char *beside;	  /* what is written until then; NULL: stdout */
};

/* path, which is borrowed, NULL: stdout. 0, or -1. */
int outfile_open(struct outfile *o, const char *path, struct err *err);
/* To be called once after outfile_open(). keep: all has been written, and it
 * takes its place; else what was there before stays. -1: it could not be
 * written, and what was there before stays. */
int outfile_close(struct outfile *o, bool keep, struct err *err);

#endif
