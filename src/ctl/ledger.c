/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds what is to be done with the ledger.
 */
#include "ctl/ledger.h"

#include <stdio.h>
#include <string.h>

#include "ctl/ledger_job.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{"export", ledger_export, "its requests, as records or as CSV"},
	{"import", ledger_import, "records into it"},
	{"purge", ledger_remove, "removes old requests, or only their texts"},
	{"verify", ledger_verify, "is its file sound?"},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int usage(FILE *to, int status)
{
	fputs("usage: frugalctl ledger VERB -c CONF [OPTION...]\n", to);
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(to, "  %-8s  %s\n", verbs[i].name, verbs[i].help);
	fputs("`frugalctl ledger VERB -h` tells more. A daemon may be at work "
	      "on the file.\n",
	      to);
	return status;
}

int ctl_ledger(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return usage(stdout, ARGS_DONE);
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	if (*word)
		fprintf(stderr, "frugalctl ledger: what is \"%s\"?\n", word);
	return usage(stderr, ARGS_USAGE);
}
