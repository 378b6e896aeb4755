/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML tree to configuration, by tables of keys. Every fault is listed, not
 * only the first; each names file, line and key, and says the cure.
 */
#ifndef CONF_CONF_READ_H
#define CONF_CONF_READ_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"

/* Verifiers known to this program, ended by a NULL entry. */
typedef const struct conf_verifier *const *conf_verifiers;

/* Reads and checks the file. Faults go to `faults`, one a line,
 * "file:line: key: what is wrong; the cure"; warnings (plain http with a key
 * off loopback, ...) to `warnings`. NULL when there was any fault. */
struct conf *conf_read(const char *path, conf_verifiers known,
		       struct buf *faults, struct buf *warnings);

/* The same for programs that call nobody: secrets are left NULL, and need not
 * be there where this runs. */
struct conf *conf_read_offline(const char *path, conf_verifiers known,
			       struct buf *faults, struct buf *warnings);

/* The same from text (tests). Secrets by file: and env: are read here too. */
struct conf *conf_read_text(struct span text, const char *name,
			    conf_verifiers known, struct buf *faults,
			    struct buf *warnings);

/* Calls fn for every key that exists, as a dotted path
 * ("backends.NAME.price.input", "cascades.NAME.verify.rules.refusal"), for the
 * test that holds sample file and manual page against the tables. */
typedef void conf_key_fn(void *arg, const char *path, const struct conf_key *k);
void conf_each_key(conf_verifiers known, conf_key_fn *fn, void *arg);

#endif
