/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of verifiers.
 */
#include "verify/verifiers.h"

#include <assert.h>
#include <string.h>

#include "verify/verify_check.h"
#include "verify/verify_http.h"
#include "verify/verify_judge.h"
#include "verify/verify_logprob.h"
#include "verify/verify_plugin.h"
#include "verify/verify_rules.h"
#include "verify/verify_samples.h"

/* A new verifier gets its line here, and nothing else changes. */
static const struct verifier *(*const list[])(void) = {
	verify_rules,
	verify_logprob,
	verify_self_check,
	verify_samples,
	verify_check,
	verify_http,
	verify_plugin,
	verify_judge,
};

#define N_LIST (sizeof(list) / sizeof(list[0]))

const struct verifier *verifier_find(const char *name)
{
	for (size_t i = 0; i < N_LIST; i++)
		if (!strcmp(list[i]()->conf.name, name))
			return list[i]();
	assert(!"a verifier that conf knows stands in the list");
	return NULL;
}

const struct conf_verifier *const *verifier_confs(void)
{
	static const struct conf_verifier *confs[N_LIST + 1];

	for (size_t i = 0; i < N_LIST; i++)
		confs[i] = &list[i]()->conf;
	return confs;
}
