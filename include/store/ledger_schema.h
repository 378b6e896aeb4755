/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the ledger: requests, attempts, verdicts, labels.
 *
 * labels.key NULL is the operator's label and means requests of any key; else
 * it means those of requests.key. labels.backend NULL means requests.backend.
 * Of the labels for one backend the last counts.
 */
#ifndef STORE_LEDGER_SCHEMA_H
#define STORE_LEDGER_SCHEMA_H

/* The n-th attempt of a request, and its n-th verdict (from 0), has the id
 * 1000 * request + n: a request's are a range of ids, and no index is kept. Of
 * more than so many the first are written. As SQL. */
#define LEDGER_CHILDREN_MOST 1000
#define LEDGER_CHILDREN	     "1000"
#define LEDGER_IDS_OF(request)                                                 \
	request " * " LEDGER_CHILDREN " AND " request " * " LEDGER_CHILDREN    \
		" + " LEDGER_CHILDREN " - 1"

/* For db_open(). */
const char *const *ledger_schema_steps(void);
int ledger_schema_version(void); /* the newest: how many steps there are */

/* The label l is of the request r. As SQL. */
#define LEDGER_LABEL_IS_OF(l, r)                                               \
	l ".request_id = " r ".request_id AND (" l ".key IS NULL OR " l        \
	  ".key = " r ".key)"

#endif
