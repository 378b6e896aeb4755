/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fitted heads over all signals so far, as a verifier: the score is the
 * calibrated confidence, beside it stands the regret. It is in no list that can
 * be configured; it stands wherever an artifact is loaded. Pure.
 */
#ifndef VERIFY_VERIFY_HEAD_H
#define VERIFY_VERIFY_HEAD_H

#include "verify/heads.h"
#include "verify/verifier.h"

/* Its options. */
struct verify_head_opts {
	const struct heads *heads;
	enum heads_stage stage;
};

const struct verifier *verify_head(void);

/* Exposed for tests and for scoring offline. Signals are those of the case's
 * earlier verdicts, by their names; what none of them has is missing. Words are
 * read only where the heads have any. */
verify_judge_fn verify_head_judge;

#endif
