/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: start, signals, reload, drain, end.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

/* Exit codes of the program. */
enum daemon_exit {
	DAEMON_CLEAN = 0,
	DAEMON_CANNOT_RUN = 1,
	DAEMON_BAD_CONF = 2, /* or usage */
};

/* Reads and checks only; faults and warnings go to stderr. */
enum daemon_exit daemon_check(const char *path);

/* Runs until a signal ends it. Once a process. */
enum daemon_exit daemon_run(const char *path);

#endif
