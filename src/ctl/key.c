/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes client keys. Only their hash is ever stored.
 */
#include "ctl/key.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

#define KEY_BYTES 32 /* 256 bits, so a plain hash cannot be guessed back */
#define NAME_MOST 64

static int usage(FILE *to, int status)
{
	fputs("usage: frugalctl key [--name NAME]\n"
	      "Prints a new client key, and the line for `keys:` in the\n"
	      "configuration. Give the key to the client; it is kept nowhere.\n"
	      "  -n, --name NAME  the client's name there (default: client)\n"
	      "  -h, --help       this text\n",
	      to);
	return status;
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n >= 1 && n <= NAME_MOST && s[n] == '\0';
}

/* The hash is that of the whole key, as a client sends it. */
static int print_key(const char *name)
{
	char key[3 + 2 * KEY_BYTES + 1] = "fk-";
	char hex[2 * DIGEST_SIZE + 1];
	struct digest hash;

	digest_random_hex(key + 3, KEY_BYTES);
	digest_of((struct span){key, sizeof(key) - 1}, &hash);
	digest_hex(&hash, hex);
	printf("%s\n%s: {hash: \"sha256:%s\"}\n", key, name, hex);
	digest_cleanse(key, sizeof(key));
	if (fflush(stdout) == 0)
		return 0;
	perror("frugalctl key");
	return 1;
}

int ctl_key(int argc, char **argv)
{
	static const struct option options[] = {
		{"name", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *name = "client";
	int c;

	while ((c = getopt_long(argc, argv, "n:h", options, NULL)) != -1) {
		if (c == 'h')
			return usage(stdout, 0);
		if (c != 'n')
			return usage(stderr, 2);
		name = optarg;
	}
	if (optind < argc)
		return usage(stderr, 2);
	if (!is_name(name)) {
		fprintf(stderr,
			"frugalctl key: a name is 1 to %d letters, digits and "
			"._-\n",
			NAME_MOST);
		return 2;
	}
	return print_key(name);
}
