/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frugalctl: finds the command and runs it.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/calibrate.h"
#include "ctl/eval.h"
#include "ctl/key.h"
#include "ctl/label.h"
#include "ctl/ledger.h"
#include "ctl/replay.h"
#include "ctl/report.h"
#include "ctl/score.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* returns the exit status */
	const char *help;
} commands[] = {
	{"eval", ctl_eval,
	 "questions to all tiers of a cascade, their answers to the ledger"},
	{"calibrate", ctl_calibrate,
	 "confidence and cuts that keep a promise, from recorded traffic"},
	{"score", ctl_score, "a decision a line for recorded requests"},
	{"replay", ctl_replay,
	 "what a threshold, target or artifact would have done"},
	{"report", ctl_report, "what a cascade is worth, as one HTML file"},
	{"label", ctl_label, "says whether an answer was right"},
	{"ledger", ctl_ledger, "export, import, purge, verify"},
	{"key", ctl_key,
	 "a new client key, and its line for the configuration"},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *to, int status)
{
	fputs("usage: frugalctl COMMAND [OPTION...]\n", to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s  %s\n", commands[i].name,
			commands[i].help);
	fputs("`frugalctl COMMAND -h` tells more; -V prints the version.\n",
	      to);
	return status;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return usage(stdout, 0);
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
		puts("frugalctl " FRUGALD_VERSION);
		return 0;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (*word)
		fprintf(stderr, "frugalctl: there is no command %s\n", word);
	return usage(stderr, 2);
}
