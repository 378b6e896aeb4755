/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time. Every timer runs on the monotonic clock; the wall clock only
 * stamps rows and lines.
 */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stdint.h>

int64_t now_us(void);	   /* monotonic */
int64_t now_ms(void);	   /* monotonic */
int64_t now_wall_us(void); /* since 1970, UTC */

/* For tests: replaces the monotonic clock; NULL gives the real one back. */
typedef int64_t now_source_fn(void);
void now_set_source(now_source_fn *us);

#endif
