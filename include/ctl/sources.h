/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command's samples come from: files of records, or the ledger that
 * the configuration names.
 */
#ifndef CTL_SOURCES_H
#define CTL_SOURCES_H

#include <stdio.h>

#include "ctl/args.h"
#include "ctl/records.h"
#include "ctl/subject.h"

struct sources {
	struct records *records;
	const struct samples *samples;
	int64_t textless;   /* rows of the ledger without texts */
	const char *ledger; /* its path; NULL: files were read */
};

/* every: as in records_want. 0, or an exit status, and what is wrong has been
 * said; that no row can be used is wrong too, unless every. */
int sources_read(struct sources *f, const struct args_command *c,
		 const struct args *a, const struct subject *s, bool every);
void sources_close(struct sources *f);

/* Lines for people: rows used, rows passed over and why. */
void sources_print(const struct sources *f, FILE *to);

#endif
