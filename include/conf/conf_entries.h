/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has names of the operator's choice: backends, cascades, client keys.
 */
#ifndef CONF_CONF_ENTRIES_H
#define CONF_CONF_ENTRIES_H

#include "conf/conf_read.h"
#include "conf/conf_rows.h"

/* What a reading of the whole file holds. */
struct conf_reading {
	struct conf *conf;
	conf_verifiers known;
	struct conf_rows rows;
	struct conf_faults *warnings;
	const struct doc_node *root;
};

/* Fills backends, cascades and keys of r->conf, whose rows are read. */
void conf_entries_read(const struct conf_reading *r);

/* The line of the item with that text, in a value or a list of them; the line
 * of node when it is not there. */
int conf_entries_line(const struct doc_node *node, const char *text);

#endif
