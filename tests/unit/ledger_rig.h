/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of its own for a ledger's file: `path`, made and removed by set-up
 * and tear-down of a test.
 */
#ifndef LEDGER_RIG_H
#define LEDGER_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64], path[96];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/frugald-ledger-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/l.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char file[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, tails[i]);
		unlink(file);
	}
	return rmdir(dir);
}

#endif
