/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl score`: records in, a decision a line out, by the daemon's code.
 */
#ifndef CTL_SCORE_H
#define CTL_SCORE_H

/* Returns the exit status, as in ctl/args. */
int ctl_score(int argc, char **argv);

#endif
