/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known name nearest to a word that was mistyped.
 *
 *	struct conf_near near = {.word = "tresh0ld"};
 *
 *	conf_near_offer(&near, "threshold");	for every name there is
 *	if (near.best) ...			NULL: none is near enough
 */
#ifndef CONF_CONF_NEAR_H
#define CONF_CONF_NEAR_H

#include <stddef.h>

struct conf_near {
	const char *word;
	const char *best; /* one of the names offered */
	size_t edits;	  /* letters added, dropped or changed to get there */
};

void conf_near_offer(struct conf_near *n, const char *name);

/* " (did you mean best?)", or nothing. Returns out. */
const char *conf_near_hint(const struct conf_near *n, char *out, size_t room);

#endif
