/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of all verifiers.
 */
#ifndef VERIFY_VERIFIERS_H
#define VERIFY_VERIFIERS_H

#include "verify/verifier.h"

/* The table of a configured verifier. Never NULL for one that conf knows. */
const struct verifier *verifier_find(const char *name);

/* For conf_read: all that can be configured, ended by NULL. */
const struct conf_verifier *const *verifier_confs(void);

#endif
