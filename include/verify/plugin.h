/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that was loaded and opened, and the replies that it is asked about.
 *
 * Both may outlive the requests and the generation they come from: a judge()
 * that hangs keeps its task, the task keeps the plugin, and nothing of either
 * points elsewhere.
 */
#ifndef VERIFY_PLUGIN_H
#define VERIFY_PLUGIN_H

#include "base/err.h"
#include "base/mem.h"
#include "verify/verdict.h"
#include "verify/verifier.h"

struct plugin;

/* options: for its open(); NULL: none. The first reference is yours. NULL and
 * *err: the file is refused (verify/plugin_file), or refuses the options. */
struct plugin *plugin_open(const char *path, const char *options,
			   struct err *err);
/* The last one closes and unloads it. On any thread. NULL is fine. */
void plugin_unref(struct plugin *p);

struct plugin_task;

/* Owns copies of all that is shown, and a reference to p. NULL: no memory. */
struct plugin_task *plugin_task_new(struct plugin *p,
				    const struct verify_case *c);
void plugin_task_free(struct plugin_task *t); /* NULL is fine */

/* Calls judge(), once. On any thread; may take any time. */
void plugin_task_judge(struct plugin_task *t);
/* What it said, in v: kind, lack, why, score and signals, of a. Faults are
 * "failed" and "range". */
void plugin_task_read(struct plugin_task *t, struct arena *a,
		      struct verdict *v);

#endif
