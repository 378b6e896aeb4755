/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl key`: a new client key, and its line for the configuration.
 */
#ifndef CTL_KEY_H
#define CTL_KEY_H

/* Returns the exit status: 0, 1 (could not write), 2 (usage). */
int ctl_key(int argc, char **argv);

#endif
