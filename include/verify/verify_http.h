/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scorer of the user's own, behind HTTP: it gets request and reply, byte for
 * byte, and answers with a score (verify/verify_http_read).
 *
 *	POST url
 *	{"request_id": "...", "cascade": "auto", "request": {...}, "reply":
 *{...}}
 *
 * What keeps its score away is a fault: "connect", "tls", "timeout", "limit"
 * (more than 1 MiB), "broken", "status", "garbage", "range", "internal". What
 *it gives for a reason is untrusted, and goes to the log of level debug alone.
 */
#ifndef VERIFY_VERIFY_HTTP_H
#define VERIFY_VERIFY_HTTP_H

#include "verify/verifier.h"

const struct verifier *verify_http(void);

#endif
