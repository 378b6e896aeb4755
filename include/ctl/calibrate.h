/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `frugalctl calibrate`: from recorded traffic to the file that the daemon
 * decides by.
 */
#ifndef CTL_CALIBRATE_H
#define CTL_CALIBRATE_H

/* Returns the exit status: 0 whenever the file was written, whatever its
 * verdict; 1, 2 as in ctl/args. */
int ctl_calibrate(int argc, char **argv);

#endif
