/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl ledger export|import|purge|verify`.
 */
#ifndef CTL_LEDGER_H
#define CTL_LEDGER_H

int ctl_ledger(int argc, char **argv); /* returns the exit status */

#endif
