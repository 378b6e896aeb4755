/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping to one struct, by its rows.
 */
#ifndef CONF_CONF_ROWS_H
#define CONF_CONF_ROWS_H

#include "conf/conf_faults.h"
#include "conf/conf_value.h"
#include "conf/doc.h"

struct conf_rows {
	struct conf_source from;
	struct conf_faults *faults;
};

/* Reads what map says of each row into the struct, and gives the rest its
 * fallbacks. A NULL map says nothing. line and at are for faults of the map
 * as a whole. ENTRIES and VERIFIERS are looked at for being there only. */
void conf_rows_read(const struct conf_rows *x, const struct doc_node *map,
		    int line, const struct conf_place *at,
		    const struct conf_key *rows, void *into);

/* Is it `key:` with nothing behind it? */
bool conf_rows_is_null(const struct doc_node *node);

#endif
