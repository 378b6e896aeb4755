/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared object of a plugin: loaded only when nobody but root and our own
 * user can have written it, and when it is what frugald/verifier.h says.
 */
#ifndef VERIFY_PLUGIN_FILE_H
#define VERIFY_PLUGIN_FILE_H

#include "base/err.h"
#include "frugald/verifier.h"

struct plugin_file;

/* Absolute, without a `..`? Does not look at the disk. */
int plugin_file_check_path(const char *path, struct err *err);

/* Refuses, beside such paths: what is no regular file; a symbolic link
 * anywhere in path; an owner other than root and us, or write permission for
 * group or others, of the file or of a folder above it, where only the file's
 * own may not be like /tmp, open to all but sticky; what does not load; a
 * table that is not of our ABI or not whole. Runs the file's constructors. */
struct plugin_file *plugin_file_open(const char *path, struct err *err);
void plugin_file_close(struct plugin_file *f); /* NULL is fine */

/* Lives as long as f. */
const struct frugald_verifier *plugin_file_table(const struct plugin_file *f);

#endif
