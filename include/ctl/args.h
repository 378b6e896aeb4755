/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of a frugalctl command. The commands share one table of
 * options; each takes some of them.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of all commands. */
enum {
	ARGS_DONE = 0,
	ARGS_CANNOT = 1, /* no such file, bad records, no room */
	ARGS_USAGE = 2,	 /* command line or configuration */
};

/* Strings point into argv; NULL: not said. */
struct args {
	const char *conf, *cascade, *artifact, *out;
	const char *mode; /* eval, shadow or enforce */
	const char *backend, *source, *from;
	char **records;	  /* in the order said; args_release() */
	size_t n_records;
	/* NaN: not said. */
	double threshold, max_error, delta, report_share;
	uint64_t seed; /* 1 */
	/* Wall clock, ages already subtracted; 0: not said. */
	int64_t since_us, until_us, before_us;
	int64_t parallel;	   /* 4 */
	int64_t max_tokens, limit; /* 0: not said */
	int64_t budget_pusd;	   /* INT64_MAX: not said */
	bool out_of_fold, json, csv, texts, retry, quiet;
};

struct args_command {
	const char *name;  /* "calibrate" */
	const char *takes; /* letters of the options */
	bool takes_files;  /* plain words are records, without --records */
	const char *help;  /* of -h: usage and options, whole lines */
};

/* The options' letters, for takes:
 *	c  --conf FILE		n  --cascade NAME	r  --records FILE...
 *	a  --artifact FILE	o  --output FILE	t  --threshold T
 *	e  --max-error A	d  --delta D		s  --seed N
 *	f  --fit split|out-of-fold			p  --report-share S
 *	j  --json		m  --mode MODE		i  --since T
 *	u  --until T		k  --format jsonl|csv	l  --older AGE
 *	b  --before T		x  --texts		g  --backend NAME
 *	w  --source TEXT	y  --from FILE		P  --parallel N
 *	B  --budget USD		M  --max-tokens N	L  --limit N
 *	R  --retry		q  --quiet
 * and -h, which every command takes. True: go on. False: *status is the exit
 * status, and what there is to say has been said. */
bool args_read(const struct args_command *c, int argc, char **argv,
	       struct args *out, int *status);
void args_release(struct args *a);

/* "frugalctl NAME: TEXT" on stderr, and where to find help; returns
 * ARGS_USAGE. */
int args_wrong(const struct args_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
