/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frugald: flags and wiring, nothing else.
 */
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <curl/curl.h>
#include <microhttpd.h>
#include <sqlite3.h>

#include "daemon/daemon.h"

#define DEFAULT_PATH "/etc/frugald/frugald.yaml"

static void usage(FILE *to)
{
	fprintf(to,
		"usage: frugald [-c FILE] [-t] [-V] [-h]\n"
		"  -c FILE  configuration (default " DEFAULT_PATH ")\n"
		"  -t       check the configuration and exit: 0 good, 2 not\n"
		"  -V       version\n"
		"  -h       this text\n"
		"Signals: TERM and INT drain and end (twice: at once), HUP\n"
		"reloads the configuration, USR1 reopens the log.\n"
		"Exit: 0 clean, 1 cannot run, 2 bad configuration or usage.\n");
}

static void version(void)
{
	printf("frugald " FRUGALD_VERSION "\n"
	       "libmicrohttpd %s, %s, SQLite %s\n",
	       MHD_get_version(), curl_version(), sqlite3_libversion());
}

int main(int argc, char **argv)
{
	const char *path = DEFAULT_PATH;
	bool check = false;
	int opt;

	while ((opt = getopt(argc, argv, "c:tVh")) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 't':
			check = true;
			break;
		case 'V':
			version();
			return DAEMON_CLEAN;
		case 'h':
			usage(stdout);
			return DAEMON_CLEAN;
		default:
			usage(stderr);
			return DAEMON_BAD_CONF;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "frugald: what is \"%s\"?\n", argv[optind]);
		usage(stderr);
		return DAEMON_BAD_CONF;
	}
	return (int)(check ? daemon_check(path) : daemon_run(path));
}
