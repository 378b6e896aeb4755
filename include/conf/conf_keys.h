/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the configuration file: one table a mapping.
 */
#ifndef CONF_CONF_KEYS_H
#define CONF_CONF_KEYS_H

#include "conf/conf.h"

/* Each ends with a NULL name. */
const struct conf_key *conf_keys_top(void);	/* into struct conf */
const struct conf_key *conf_keys_backend(void); /* struct conf_backend */
const struct conf_key *conf_keys_cascade(void); /* struct conf_cascade */
const struct conf_key *conf_keys_client(void);	/* struct conf_client_key */

#endif
