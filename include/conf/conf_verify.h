/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of verifiers of a cascade, each with the keys it brings.
 */
#ifndef CONF_CONF_VERIFY_H
#define CONF_CONF_VERIFY_H

#include "conf/conf_read.h"
#include "conf/conf_rows.h"

/* Fills c->verify from the value of `verify`; NULL: none. in is the place of
 * the cascade. */
void conf_verify_read(const struct conf_rows *x, conf_verifiers known,
		      struct conf_faults *warnings, const struct doc_node *node,
		      const struct conf_place *in, struct conf_cascade *c);

/* Appends the list as canonical JSON, defaults written out:
 *
 *	[{"logprob":{"span":"all"}},{"check":{"backend":"l","mode":"blind"}}]
 *
 * It says what verdicts the chain gives; keys that only say when a verifier is
 * asked (`tunes`), secrets and headers are left out. 0, or -1 when out is full. */
int conf_verify_write(const struct conf_cascade *c, struct buf *out);

#endif
