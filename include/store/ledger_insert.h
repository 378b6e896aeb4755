/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is inserted into the tables of the ledger, within the transaction that
 * the caller has begun.
 *
 * 0, or -1: what SQLite refused is the handle's last fault (db_fault()).
 */
#ifndef STORE_LEDGER_INSERT_H
#define STORE_LEDGER_INSERT_H

#include "base/err.h"
#include "store/db.h"
#include "store/ledger.h"

struct ledger_insert;

/* Borrows db, and must be freed before it is closed. */
struct ledger_insert *ledger_insert_new(struct db *db, struct err *err);
void ledger_insert_free(struct ledger_insert *in); /* NULL is fine */

/* With attempts and verdicts. */
int ledger_insert_row(struct ledger_insert *in, const struct ledger_row *r);
int ledger_insert_label(struct ledger_insert *in, const struct ledger_label *l);
/* Is a request of that id there in that cascade? 1, 0 or -1. */
int ledger_insert_is_known(struct ledger_insert *in,
			   const struct ledger_row *r);

#endif
