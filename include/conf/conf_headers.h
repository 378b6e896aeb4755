/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mapping of header names to values, secrets among them.
 *
 * A value env:NAME or file:/PATH is a secret by reference, and a header that is
 * known for carrying one (Authorization, ...) has no other unless only its
 * owner reads the file.
 */
#ifndef CONF_CONF_HEADERS_H
#define CONF_CONF_HEADERS_H

#include "conf/conf_faults.h"
#include "conf/conf_value.h"
#include "conf/doc.h"

/* Faults hold no value, and no name that cannot be one. */
void conf_headers_read(const struct conf_source *from,
		       struct conf_faults *faults, const struct doc_node *map,
		       const struct conf_place *at, struct conf_headers *out);

#endif
