/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard gates on a reply, by name: empty (always on), refusal, truncated,
 * repetition, script, must, must_not. Each choice has to pass all. A pattern
 * that cannot be searched for within its limits is a fault of this verifier
 * ("pattern"), and no pass. Of the first choice it gives the signal
 * rules.hedge. Pure.
 */
#ifndef VERIFY_VERIFY_RULES_H
#define VERIFY_VERIFY_RULES_H

#include "verify/verifier.h"

const struct verifier *verify_rules(void);

/* Exposed for tests and for scoring offline. opts: of verify_rules()->conf. */
verify_judge_fn verify_rules_judge;

#endif
