/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl report`: what a cascade is worth, as one HTML file and a summary
 * in the terminal.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

/* Returns the exit status: 0, 1 (cannot read or write), 2 (usage,
 * configuration). */
int ctl_report(int argc, char **argv);

#endif
