/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend that gave the reply is asked the same again, k times at once and
 * at a temperature (chat/chat_sample): the score is the share of these samples
 * that give the reply's answer (verify/choice_same), samples.agree.
 *
 * Where the score alone decides, the rest is not waited for once it is decided
 * (verify/ballot), and the score is the bound that shows it. A sample that does
 * not come is a fault, unless that is so.
 */
#ifndef VERIFY_VERIFY_SAMPLES_H
#define VERIFY_VERIFY_SAMPLES_H

#include "verify/verifier.h"

const struct verifier *verify_samples(void);

#endif
