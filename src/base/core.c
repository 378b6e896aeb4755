/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the system to keep this process to itself.
 */
#include "base/core.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void core_forbid(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
#endif
}
