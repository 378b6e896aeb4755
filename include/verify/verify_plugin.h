/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier of the user's, loaded from a shared object behind the ABI of
 * frugald/verifier.h: on threads of its own (`run: pool`), where it may wait,
 * or on the loop (`run: inline`).
 */
#ifndef VERIFY_VERIFY_PLUGIN_H
#define VERIFY_VERIFY_PLUGIN_H

#include "verify/verifier.h"

const struct verifier *verify_plugin(void);

#endif
