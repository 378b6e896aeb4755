/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the ledger, version by version.
 */
#include "store/ledger_schema.h"

#define CREATE_REQUESTS                                                        \
	"CREATE TABLE requests(id INTEGER PRIMARY KEY,"                        \
	" request_id TEXT NOT NULL, time_us INTEGER, cascade TEXT, mode TEXT," \
	" key TEXT, outcome TEXT, status INTEGER, stream INTEGER,"             \
	" tier INTEGER, backend TEXT, decision TEXT, reason TEXT,"             \
	" confidence REAL, calibrated INTEGER, attempts INTEGER,"              \
	" total_us INTEGER, upstream_us INTEGER, overhead_us INTEGER,"         \
	" cost_pusd INTEGER, generation INTEGER, request_text TEXT);"          \
	"CREATE INDEX requests_by_request_id ON requests(request_id);"
#define CREATE_ATTEMPTS                                                        \
	"CREATE TABLE attempts(id INTEGER PRIMARY KEY,"                        \
	" request INTEGER NOT NULL, seq INTEGER, backend TEXT, model TEXT,"    \
	" purpose TEXT, tier INTEGER, status INTEGER, fault TEXT,"             \
	" start_us INTEGER, first_byte_us INTEGER, total_us INTEGER,"          \
	" prompt_tokens INTEGER, completion_tokens INTEGER,"                   \
	" cached_tokens INTEGER, usage_estimated INTEGER, cost_pusd INTEGER,"  \
	" response_text TEXT);"
#define CREATE_VERDICTS                                                        \
	"CREATE TABLE verdicts(id INTEGER PRIMARY KEY,"                        \
	" request INTEGER NOT NULL, attempt_seq INTEGER, verifier TEXT,"       \
	" kind TEXT, score REAL, why TEXT, us INTEGER, cost_pusd INTEGER,"     \
	" signals TEXT);"
/* Those of the first two versions. */
#define ATTEMPT_COLUMNS                                                        \
	"request, seq, backend, model, purpose, tier, status, fault,"          \
	" start_us, first_byte_us, total_us, prompt_tokens,"                   \
	" completion_tokens, cached_tokens, usage_estimated, cost_pusd,"       \
	" response_text"
#define VERDICT_COLUMNS                                                        \
	"request, attempt_seq, verifier, kind, score, why, us, cost_pusd,"     \
	" signals"

/* What is there gets ids that tell the request. */
#define REBUILD(table, create, columns)                                        \
	"ALTER TABLE " table " RENAME TO former_" table ";" create             \
	"INSERT INTO " table "(id, " columns ")"                               \
	" SELECT request * " LEDGER_CHILDREN " + n, " columns                  \
	" FROM (SELECT *, row_number() OVER"                                   \
	" (PARTITION BY request ORDER BY id) - 1 AS n FROM former_" table ")"  \
	" WHERE n < " LEDGER_CHILDREN ";"                                      \
	"DROP TABLE former_" table ";"

/* Until then the only verifier that asked somebody was the check. */
#define ADD_LABELS_AND_PAIRS                                                   \
	"ALTER TABLE requests ADD COLUMN agrees INTEGER;"                      \
	"ALTER TABLE requests ADD COLUMN compared_by TEXT;"                    \
	"ALTER TABLE requests ADD COLUMN would TEXT;"                          \
	"ALTER TABLE requests ADD COLUMN would_reason TEXT;"                   \
	"ALTER TABLE requests ADD COLUMN record TEXT;"                         \
	"ALTER TABLE attempts ADD COLUMN verifier TEXT;"                       \
	"ALTER TABLE attempts ADD COLUMN mode TEXT;"                           \
	"ALTER TABLE attempts ADD COLUMN about TEXT;"                          \
	"UPDATE attempts SET verifier = 'check' WHERE purpose = 'verify';"     \
	"CREATE TABLE labels(id INTEGER PRIMARY KEY,"                          \
	" request_id TEXT NOT NULL, key TEXT, backend TEXT,"                   \
	" right INTEGER NOT NULL, source TEXT, time_us INTEGER);"              \
	"CREATE INDEX labels_by_request_id ON labels(request_id);"

static const char *const steps[] = {
	CREATE_REQUESTS CREATE_ATTEMPTS CREATE_VERDICTS
	"CREATE INDEX attempts_by_request ON attempts(request);"
	"CREATE INDEX verdicts_by_request ON verdicts(request);",

	REBUILD("attempts", CREATE_ATTEMPTS, ATTEMPT_COLUMNS)
		REBUILD("verdicts", CREATE_VERDICTS, VERDICT_COLUMNS),

	ADD_LABELS_AND_PAIRS,
};

const char *const *ledger_schema_steps(void)
{
	return steps;
}

int ledger_schema_version(void)
{
	return (int)(sizeof(steps) / sizeof(*steps));
}
