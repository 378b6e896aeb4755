/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what is in memory from being looked at: keys are.
 */
#ifndef BASE_CORE_H
#define BASE_CORE_H

/* No core file is ever written, and nobody may look into the process. Under a
 * sanitizer nothing happens: the leak checker must look. */
void core_forbid(void);

#endif
