/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frugalctl label: the operator says whether answers were right.
 */
#ifndef CTL_LABEL_H
#define CTL_LABEL_H

int ctl_label(int argc, char **argv);

#endif
