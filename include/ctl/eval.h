/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl eval`: puts questions to all tiers and verifiers of a cascade and
 * fills the ledger with what they say.
 */
#ifndef CTL_EVAL_H
#define CTL_EVAL_H

/* Returns the exit status. */
int ctl_eval(int argc, char **argv);

#endif
