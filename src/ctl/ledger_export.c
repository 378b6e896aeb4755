/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the ledger's requests out.
 */
#include "ctl/ledger_job.h"

#include "ctl/ledger_csv.h"
#include "ctl/ledger_records.h"
#include "ctl/outfile.h"
#include "store/ledger_reader.h"

static const struct args_command command = {
	.name = "ledger export",
	.takes = "cnmiuko",
	.help = "usage: frugalctl ledger export -c CONF [OPTION...]\n"
		"Writes the ledger's requests, in the order they were written "
		"there.\n"
		"  -c, --conf FILE      the daemon's configuration\n"
		"      --cascade NAME   only of that cascade\n"
		"      --mode MODE      only of that mode: eval, shadow, "
		"enforce\n"
		"      --since T        only from that time on: "
		"2026-11-23T22:14Z (UTC), or\n"
		"                       an age like 30d\n"
		"      --until T        only from before that time\n"
		"      --format F       jsonl: records (the default); csv: a "
		"line a request,\n"
		"                       without any text of it\n"
		"  -o, --output FILE    replaced when all is written (default: "
		"stdout)\n"
		"  -h, --help           this text\n"
		"Records have prompts and replies where the ledger has them.\n"
		"Exit: 0 done, 1 cannot, 2 usage or configuration.\n",
};

static int write_line(const struct args *a, const struct ledger_row *row,
		      struct buf *line)
{
	buf_clear(line);
	if (a->csv)
		return ledger_csv_row(row, line);
	ledger_records_write(row, line);
	return buf_adds(line, "\n");
}

/* That the disk is full shows when the file is closed. */
static int write_all(const struct args *a, struct ledger_reader *r, FILE *to,
		     struct err *err)
{
	struct ledger_row *row;
	struct buf line;
	int rc = 0;

	buf_init(&line, 0);
	if (a->csv && ledger_csv_head(&line) == 0)
		fwrite(line.p, 1, line.n, to);
	while (!ferror(to) && (rc = ledger_reader_next(r, &row, err)) > 0) {
		rc = write_line(a, row, &line);
		ledger_row_free(row);
		if (rc < 0) {
			err_set(err, ERR_SYS, "a row is too large");
			break;
		}
		fwrite(line.p, 1, line.n, to);
	}
	buf_release(&line);
	return rc;
}

static int export(const struct args *a, const char *path, struct err *err)
{
	const struct ledger_reader_want w = {
		.cascade = a->cascade,
		.mode = a->mode,
		.since_us = a->since_us,
		.until_us = a->until_us,
	};
	struct ledger_reader *r = ledger_reader_open(path, &w, err);
	struct outfile o;
	int rc = -1;

	if (r && outfile_open(&o, a->out, err) == 0) {
		rc = write_all(a, r, o.f, err);
		if (outfile_close(&o, rc == 0, err) < 0)
			rc = -1;
	}
	ledger_reader_close(r);
	return rc;
}

static int run(const struct args *a, const struct conf *c, const char *path)
{
	struct err err = {0};

	(void)c;
	if (export(a, path, &err) == 0)
		return ARGS_DONE;
	return ledger_job_fault(&command, &err);
}

int ledger_export(int argc, char **argv)
{
	static const struct ledger_job job = {
		.command = &command,
		.work = run,
	};

	return ledger_job_run(&job, argc, argv);
}
