/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard gates on the text of a reply: empty (always on), refusal, truncated,
 * repetition, and valid JSON where the client asked for JSON. Pure.
 */
#ifndef VERIFY_VERIFY_RULES_H
#define VERIFY_VERIFY_RULES_H

#include "verify/verifier.h"

const struct verifier *verify_rules(void);

/* Exposed for tests and for scoring offline. opts: of verify_rules()->conf. */
verify_judge_fn verify_rules_judge;

#endif
