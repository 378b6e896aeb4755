/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads dates and ages.
 */
#include "ctl/when.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US 1000000

/* Digits behind the point, the first six of them. */
static const char *read_fraction(const char *p, int64_t *us)
{
	int64_t unit = SECOND_US / 10;

	for (; isdigit((unsigned char)*p); p++, unit /= 10)
		*us += unit * (*p - '0');
	return p;
}

static const char *read_clock(const char *p, struct tm *tm, int64_t *us)
{
	p = strptime(p, "%H:%M", tm);
	if (p && *p == ':')
		p = strptime(p + 1, "%S", tm);
	if (p && *p == '.' && isdigit((unsigned char)p[1]))
		p = read_fraction(p + 1, us);
	return p;
}

/* What UTC is ahead, and nothing behind it. */
static bool read_zone(const char *p, int64_t *us)
{
	int hours, minutes, n = 0;

	if (!*p || strcmp(p, "Z") == 0)
		return true;
	if (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || n != 5 ||
	    p[6] || (*p != '+' && *p != '-') || hours < 0 || minutes < 0)
		return false;
	*us = (*p == '+' ? -1 : 1) * (int64_t)(60 * hours + minutes) * 60 *
	      SECOND_US;
	return true;
}

bool when_date(const char *text, int64_t *us)
{
	int64_t fraction = 0, ahead = 0;
	struct tm tm = {.tm_mday = 0}, day;
	const char *p = strptime(text, "%Y-%m-%d", &tm);

	if (p && (*p == 'T' || *p == ' '))
		p = read_clock(p + 1, &tm, &fraction);
	else if (p && *p)
		return false;
	if (!p || !read_zone(p, &ahead))
		return false;
	day = tm;
	*us = (int64_t)timegm(&tm) * SECOND_US + fraction + ahead;
	return tm.tm_mday == day.tm_mday || day.tm_sec > 59;
}

bool when_age(const char *text, int64_t *us)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	int64_t n = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 6 || !text[digits] || text[digits + 1])
		return false;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + (text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].letter == text[digits]) {
			*us = n * units[i].seconds * SECOND_US;
			return true;
		}
	return false;
}
