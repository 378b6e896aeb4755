/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which wire format a backend speaks.
 */
#include "upstream/dialect.h"

#include "upstream/dialect_openai.h"

const struct dialect *dialect_of(const struct conf_backend *conf)
{
	(void)conf; /* one format so far */
	return dialect_openai();
}
