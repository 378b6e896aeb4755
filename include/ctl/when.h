/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time as people and records write them. Pure.
 */
#ifndef CTL_WHEN_H
#define CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* A date of ISO 8601, with or without a time: "2026-11-23",
 * "2026-11-23T22:14", "2026-11-23T22:14:06.5Z", "...+01:00"; UTC where it does
 * not say. To microseconds since 1970. False when it is none. */
bool when_date(const char *text, int64_t *us);
/* "90d", "12h", "30m", "5s", in microseconds. False when it is none. */
bool when_age(const char *text, int64_t *us);

#endif
