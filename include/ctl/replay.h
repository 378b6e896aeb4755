/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl replay`: any threshold, target or artifact against recorded
 * traffic.
 */
#ifndef CTL_REPLAY_H
#define CTL_REPLAY_H

/* Returns the exit status, as in ctl/args. */
int ctl_replay(int argc, char **argv);

#endif
