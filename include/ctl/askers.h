/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Those verifiers of a cascade that ask somebody: what is called its check
 * where they are spoken of together.
 */
#ifndef CTL_ASKERS_H
#define CTL_ASKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "verify/verifier.h"

#define ASKERS_MOST 16 /* no verifier stands twice in a cascade */

struct asker {
	const struct verifier *verifier;
	const void *opts;
};

/* In the order of the chain. */
struct askers {
	struct asker v[ASKERS_MOST];
	size_t n;
};

struct askers askers_of(const struct conf_cascade *c);

/* Is the signal one of theirs, known only after they were asked? */
bool askers_say(const struct askers *a, const char *signal);
/* Is it asked beside the first tier (`start: early`), needed or not? */
bool asker_is_early(const struct asker *a);
/* All of them, and there are some. */
bool askers_are_early(const struct askers *a);

/* Whose model answers; NULL: it is no backend. */
const struct conf_backend *asker_backend(const struct asker *a,
					 const struct conf_cascade *c);

/* For people: "check and judge"; "" where there are none. Lives in arena. */
const char *askers_names(const struct askers *a, struct arena *arena);
/* Who answers them: backends, each once, or the verifier where it is none. */
const char *askers_whom(const struct askers *a, const struct conf_cascade *c,
			struct arena *arena);

#endif
